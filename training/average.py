"""The mean of the weights of several runs: `python -m training.average OUT FOLDER FOLDER ...`.

Runs that go on from one another lie close together, and their mean is often better than each of
them (Wortsman et al., 2022, "Model soups"). The tokenizer is that of the first folder.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, PreTrainedModel


def average(folders: list[Path]) -> PreTrainedModel:
    """The first model with the mean of all weights."""
    models = [AutoModelForQuestionAnswering.from_pretrained(folder, dtype=torch.float32) for folder in folders]
    with torch.no_grad():
        for same in zip(*(model.parameters() for model in models), strict=True):
            same[0].copy_(torch.stack(list(same)).mean(dim=0))
    return models[0]


def main() -> None:
    parser = argparse.ArgumentParser(description="Save the mean of the weights, as float16.")
    parser.add_argument("out", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    args = parser.parse_args()
    average(args.folders).half().save_pretrained(args.out)
    AutoTokenizer.from_pretrained(args.folders[0]).save_pretrained(args.out)


if __name__ == "__main__":
    main()
