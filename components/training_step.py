"""Training step: what one turn of the loop computes, line by line."""

from components.chapter import Chapter

CHAPTER = Chapter("training_step", "Training step", ("backward", "loss_shapes", "loop"))
