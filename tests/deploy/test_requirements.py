"""Each Python gets the torch it can have; a ZeroGPU image offers 3.12 with at most torch 2.11."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "requirements.txt").read_text("utf-8").splitlines()


def specifier(package: str, python: str):
    wanted = [Requirement(line) for line in LINES if line and not line.startswith("#")]
    [one] = [
        one
        for one in wanted
        if one.name == package and (one.marker is None or one.marker.evaluate({"python_version": python}))
    ]
    return one.specifier


@pytest.mark.parametrize(
    "python, taken, refused",
    [("3.10", "2.13.0", "2.14.0"), ("3.11", "2.13.0", "2.14.0"), ("3.12", "2.11.0", "2.12.0")],
)
def test_a_python_gets_one_torch(python, taken, refused):
    assert taken in specifier("torch", python) and refused not in specifier("torch", python)


def test_the_gradio_of_the_space_is_one_that_the_requirements_allow():
    front = (ROOT / "README.md").read_text("utf-8").split("---")[1]
    [version] = [line.split(": ")[1] for line in front.splitlines() if line.startswith("sdk_version: ")]
    assert version in specifier("gradio", "3.12")


def test_nothing_is_required_that_only_a_space_has():
    assert not any(line.startswith("spaces") for line in LINES)
