"""Pure lessons: parameters in, tensors out. One module, one LESSON."""

import torch

# Visitors are served by many threads on few cores: one thread an operator keeps them from fighting for cores.
torch.set_num_threads(1)
