"""The chapters, in the order of the course. A chapter that is not here is not in the app."""

from components import nn_module, torch_stack, train_eval

CHAPTERS = tuple(c for c in (train_eval.CHAPTER, torch_stack.CHAPTER, nn_module.CHAPTER) if c.lessons)
