"""The chapters, in the order of the course. A chapter that is not here is not in the app."""

from components import torch_stack, train_eval

CHAPTERS = tuple(c for c in (train_eval.CHAPTER, torch_stack.CHAPTER) if c.lessons)
