"""What all visitors share cannot be written into, and a copy of it is nobody else's."""

import copy
import json

import orjson
import pytest

from components.frozen import Frozen

MADE_OF = {"name": "api", "schema": {"anyOf": [{"type": "number"}, {"type": "null"}]}, "value": 0.5}


def test_it_reads_and_travels_as_the_dictionary_that_it_was_made_of():
    assert json.loads(json.dumps(Frozen(MADE_OF))) == MADE_OF == orjson.loads(orjson.dumps(Frozen(MADE_OF)))


def test_setting_a_key_as_gradio_does_at_every_call_changes_nothing():
    shared = Frozen(MADE_OF)
    shared["value"] = "a visitor's words"
    shared["schema"]["anyOf"][0]["type"] = "a visitor's words"
    assert shared == Frozen(MADE_OF)


@pytest.mark.parametrize(
    "change",
    [
        lambda shared: shared.update(value=1),
        lambda shared: shared.pop("value"),
        lambda shared: shared.clear(),
        lambda shared: shared.setdefault("new", 1),
        lambda shared: shared.popitem(),
        lambda shared: shared.__delitem__("value"),
        lambda shared: shared.__ior__({"value": 1}),
        lambda shared: shared["schema"]["anyOf"].append(1),
    ],
)
def test_every_other_change_is_refused(change):
    shared = Frozen(MADE_OF)
    with pytest.raises((TypeError, AttributeError)):
        change(shared)
    assert shared == Frozen(MADE_OF)


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, dict, lambda shared: {**shared}])
def test_a_copy_can_be_changed_and_leaves_the_shared_one_alone(copied):
    shared = Frozen(MADE_OF)
    mine = copied(shared)
    mine["value"] = "mine"
    assert mine["value"] == "mine" and shared["value"] == 0.5


def test_a_deep_copy_can_be_changed_all_the_way_down():
    shared = Frozen(MADE_OF)
    mine = copy.deepcopy(shared)
    mine["schema"]["anyOf"].append({"type": "string"})
    assert len(shared["schema"]["anyOf"]) == 2
