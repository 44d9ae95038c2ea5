"""A body is JSON in which nothing is left to the reader's taste, or it gets one sentence."""

import json

import pytest

from serving.bodies import Refused, json_object


def test_an_object_is_read():
    assert json_object('{"a": [1, 2.5, "é", null]}'.encode()) == {"a": [1, 2.5, "é", None]}


def test_what_is_no_number_is_left_to_whoever_knows_the_field():
    assert str(json_object(b'{"a": [NaN, -Infinity, 1e999]}')["a"]) == "[nan, -inf, inf]"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"a": 1, "a": 2}', b'{"b": {"a": 1, "a": 2}}', b"\xff{}",
     b'{"a": ' + b"9" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 50_000],
)  # fmt: skip
def test_what_two_readers_may_read_differently_is_400(body):
    with pytest.raises(Refused, match="^The body must be JSON in which") as refused:
        json_object(body)
    assert refused.value.status == 400


@pytest.mark.parametrize("value", [[], 3, None, "x", True])
def test_what_is_no_object_is_400(value):
    with pytest.raises(Refused, match=r"^The body must be a JSON object\.$"):
        json_object(json.dumps(value).encode())
