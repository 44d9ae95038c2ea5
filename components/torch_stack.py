"""torch.stack: a new axis, what it is not, and which shapes meet without one."""

from components.chapter import Chapter

CHAPTER = Chapter("torch_stack", "torch.stack", ("stack", "broadcasting"))
