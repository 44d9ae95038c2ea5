"""What every lesson is made of: parameters, programs that are cut, run and taped, progress, and the form in which a Result travels."""

import torch

# Visitors are served by many threads on few cores: one thread an operator keeps them from fighting for cores.
torch.set_num_threads(1)
