"""The floor of the start: the minimal app in a process that also imports torch."""

import torch

from benchmarks.peers.minimal import build

if __name__ == "__main__":
    torch.set_num_threads(1)
    build().launch()
