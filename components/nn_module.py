"""nn.Module: what is registered, reached, indexed and called."""

from components.chapter import Chapter

CHAPTER = Chapter(
    "nn_module",
    "nn.Module",
    ("registration", "super_init", "traversal", "freeze", "indexing", "call_forward", "dense_relu_dense"),
)
