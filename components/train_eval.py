"""Train / eval: what the training flag changes, layer by layer."""

from components.chapter import Chapter

CHAPTER = Chapter(
    "train_eval",
    "Train / eval",
    ("dropout", "batch_norm", "batch_norm_traps", "normalization", "modes", "dropout_reset"),
)
