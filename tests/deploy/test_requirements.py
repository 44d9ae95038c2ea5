"""The lock is what the ranges of pyproject.toml admit, exact for every Python, and what a Space adds finds room beside it."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from itertools import product
from pathlib import Path

import pytest
import tomlkit
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from deploy.lock import CUDA

ROOT = Path(__file__).parents[2]
PROJECT = tomlkit.parse((ROOT / "pyproject.toml").read_text("utf-8")).unwrap()
PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
SYSTEMS = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
PLACES = [
    {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "sys_platform": system,
        "platform_system": SYSTEMS[system],
    }
    for python, system in product(PYTHONS, SYSTEMS)
]
HERE: dict[str, str] = {}  # the Python and the system that run this
FILES = {
    "requirements.txt": PROJECT["project"]["dependencies"],
    "requirements-dev.txt": PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"],
    "requirements-training.txt": PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["training"],
}


def lines(name: str) -> list[str]:
    return [line for line in (ROOT / name).read_text("utf-8").splitlines() if not line.strip().startswith("#")]


def applies(wanted: Requirement, place: dict[str, str]) -> bool:
    return wanted.marker is None or wanted.marker.evaluate({**place, "extra": ""})


def locked(name: str, place: dict[str, str]) -> dict[str, str]:
    """The version of each package that is installed from the file `name` at this Python and system."""
    found: dict[str, str] = {}
    for line in map(Requirement, lines(name)):
        if applies(line, place):
            assert line.name not in found, f"{name} has two versions of {line.name} for {place}"
            found[canonicalize_name(line.name)] = str(line.specifier).removeprefix("==")
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_lock_names_one_version_of_each_package_and_no_place_to_get_it(name):
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; .+)?", line) for line in lines(name))


@pytest.mark.parametrize("name", FILES)
def test_what_is_declared_is_locked_at_a_version_that_is_admitted(name):
    for place in PLACES:
        versions = locked(name, place)
        for wanted in map(Requirement, FILES[name]):
            if applies(wanted, place):
                version = versions.get(canonicalize_name(wanted.name))
                assert version and version in wanted.specifier, f"{wanted}, {version}, {place}: run `make lock`"


@pytest.mark.parametrize("name", ["requirements-dev.txt", "requirements-training.txt"])
def test_whoever_develops_or_trains_has_what_a_visitor_has(name):
    for place in PLACES:
        assert locked("requirements.txt", place).items() <= locked(name, place).items()


@pytest.mark.parametrize("name", FILES)
def test_what_the_locked_packages_need_is_locked_too(name):
    """As far as they are installed as locked; the CUDA libraries of a torch for a GPU are left to that torch."""
    versions = locked(name, HERE)
    for package, version in versions.items():
        for needed in map(Requirement, installed_needs(package, version)):
            if applies(needed, HERE) and not needed.name.startswith(CUDA):
                assert versions.get(canonicalize_name(needed.name), "none") in needed.specifier, (package, str(needed))


def installed_needs(package: str, version: str) -> list[str]:
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return []
    return (found.requires or []) if found.version.split("+")[0] == version else []


@pytest.mark.parametrize("name", FILES)
def test_no_library_of_cuda_is_locked(name):
    """pip would fetch gigabytes of them where torch needs none; torch itself names their versions where it does."""
    assert not [line for line in lines(name) if line.startswith(CUDA)]


def test_a_zero_gpu_space_has_its_torch_and_every_other_python_the_one_that_is_tested():
    torch = {place["python_version"]: locked("requirements.txt", place)["torch"] for place in PLACES}
    assert torch == {python: "2.11.0" if python == "3.12" else "2.13.0" for python in PYTHONS}


def test_the_gradio_of_the_space_is_the_one_that_is_locked():
    front = (ROOT / "README.md").read_text("utf-8").split("---")[1]
    [version] = re.findall(r"sdk_version: (.+)", front)
    [python] = re.findall(r'python_version: "(.+)"', front)
    assert python in PYTHONS and version == locked("requirements.txt", PLACES[0])["gradio"]


def test_nothing_is_installed_that_only_a_space_has():
    assert not [line for line in lines("requirements.txt") if re.match("spaces|mcp|authlib", line)]


def test_every_place_that_names_the_pythons_names_the_same():
    admitted = SpecifierSet(PROJECT["project"]["requires-python"])
    assert [f"3.{minor}" for minor in range(20) if f"3.{minor}" in admitted] == PYTHONS
    workflow = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    assert re.findall(r'"(3\.\d+)"', workflow) == PYTHONS
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in (ROOT / "README.md").read_text("utf-8")
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in (ROOT / "Makefile").read_text("utf-8")
    assert f"Python {PYTHONS[0]} to {PYTHONS[-1]}" in (ROOT / "Dockerfile").read_text("utf-8")
    [image] = re.findall(r"ARG PYTHON=(.+)", (ROOT / "Dockerfile").read_text("utf-8"))
    assert image in PYTHONS
