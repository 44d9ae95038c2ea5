"""What was read is not read again, and never mistaken for something else."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from models.remembered import Remembered
from models.together import Together
from tests.models.tiny import network

NET = network()
IDS = st.lists(st.integers(4, 20), min_size=1, max_size=6)


class Counted:
    def __init__(self):
        self.calls = 0

    def __call__(self, **inputs):
        self.calls += 1
        return NET(**inputs)


def asked(ids: list[int], mask: int = 1) -> dict[str, torch.Tensor]:
    return {"input_ids": torch.tensor([ids]), "attention_mask": torch.full((1, len(ids)), mask)}


@given(st.lists(IDS, min_size=1, max_size=8))
def test_the_memory_says_what_the_model_says_and_asks_it_once(rows):
    model = Counted()
    memory = Remembered(Together(model))
    for ids in rows + rows:
        logits = memory(**asked(ids))
        assert torch.equal(logits.start_logits, NET(**asked(ids)).start_logits)
        assert torch.equal(logits.end_logits, NET(**asked(ids)).end_logits)
    assert model.calls == len({tuple(ids) for ids in rows})


def test_another_mask_or_shape_is_another_question():
    model = Counted()
    memory = Remembered(Together(model))
    two = {name: tensor.reshape(2, 1) for name, tensor in asked([5, 6]).items()}
    for inputs in (asked([5, 6]), asked([5, 6], mask=0), two):
        memory(**inputs)
    assert model.calls == 3


def test_what_was_asked_longest_ago_is_forgotten_first():
    model = Counted()
    memory = Remembered(Together(model), most_cells=6)
    for ids in ([4, 5, 6], [7, 8, 9], [4, 5, 6], [10, 11, 12], [4, 5, 6]):
        memory(**asked(ids))
    assert model.calls == 3
    memory(**asked([7, 8, 9]))
    assert model.calls == 4
