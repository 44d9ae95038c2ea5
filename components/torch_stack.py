"""torch.stack: a new axis, and what it is not."""

from components.chapter import Chapter

CHAPTER = Chapter("torch_stack", "torch.stack", ("stack",))
