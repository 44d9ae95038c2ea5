"""A Result travels as plain JSON values, and nothing is lost but the types."""

import json
from dataclasses import dataclass

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from explorable.wire import plain


@dataclass(frozen=True)
class Result:
    x: Tensor
    shape: torch.Size
    dtype: torch.dtype
    moved: bool
    error: str | None


def test_a_tensor_becomes_its_shape_dtype_device_and_values():
    assert plain(torch.tensor([[1, 2]], dtype=torch.int32)) == {
        "shape": [1, 2],
        "dtype": "int32",
        "device": "cpu",
        "values": [[1, 2]],
    }
    assert plain(torch.tensor(True)) == {"shape": [], "dtype": "bool", "device": "cpu", "values": True}


def test_a_result_becomes_a_dict_of_its_fields():
    sent = plain(Result(torch.zeros(0), torch.Size([2, 3]), torch.float16, True, None))
    assert sent["x"]["values"] == [] and sent["shape"] == [2, 3]
    assert sent["dtype"] == "torch.float16" and sent["moved"] is True and sent["error"] is None


def test_nan_and_infinities_are_spelled_out():
    odd = [float("nan"), float("inf"), -float("inf"), 1.0]
    assert plain(odd) == plain(torch.tensor(odd))["values"] == ["nan", "inf", "-inf", 1.0]


def test_a_parameter_of_a_module_needs_no_detach():
    assert plain(nn.Parameter(torch.ones(2)))["values"] == [1.0, 1.0]


@given(st.lists(st.floats(width=32), max_size=20))
def test_every_float32_arrives_unchanged(values):
    sent = json.loads(json.dumps(plain(torch.tensor(values)), allow_nan=False))
    arrived = torch.tensor([float(value) for value in sent["values"]])
    assert torch.equal(arrived.nan_to_num(7, 8, 9), torch.tensor(values).nan_to_num(7, 8, 9))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda part: st.lists(part) | st.dictionaries(st.text(), part),
    )
)
def test_whatever_is_sent_is_json(value):
    json.dumps(plain(value), allow_nan=False)
