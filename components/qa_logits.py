"""QA logits: from a question to logits to an answer."""

from components.chapter import Chapter

CHAPTER = Chapter(
    "qa_logits",
    "QA logits",
    ("logits", "span", "qa_model", "padding_effect", "generate_padding", "train_mode_answers", "device"),
)
