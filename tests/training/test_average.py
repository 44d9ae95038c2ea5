"""The mean of several runs is a folder that loads like each of them."""

import torch

from models.extractive import Extractive
from tests.models.tiny import network, tokenizer
from training import average


def test_each_weight_is_the_mean_of_those_in_the_folders(tmp_path, monkeypatch):
    networks = [network(seed) for seed in (0, 1, 2)]
    folders = [tmp_path / str(seed) for seed in (0, 1, 2)]
    for made, folder in zip(networks, folders, strict=True):
        made.half().save_pretrained(folder)
        tokenizer().save_pretrained(folder)
    monkeypatch.setattr("sys.argv", ["average", str(tmp_path / "out"), *map(str, folders)])
    average.main()
    mean = Extractive.load(tmp_path / "out", torch.device("cpu"))
    for found, *same in zip(mean.model.parameters(), *(made.parameters() for made in networks), strict=True):
        torch.testing.assert_close(found, torch.stack(same).float().mean(0).half().float())
    assert mean.tokenizer("where is the cat ?")["input_ids"] == tokenizer()("where is the cat ?")["input_ids"]
