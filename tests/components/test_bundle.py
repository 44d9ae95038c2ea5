"""The scripts of the first view come in one file, and each is there once, whoever asks for it by which address."""

import pytest

from components import bundle
from components.bundle import SCRIPTS, modules, stand_in


def test_each_module_comes_after_what_it_imports():
    seen = set()
    for name in modules():
        assert {bundle._resolved(name, written) for _, written in bundle._IMPORT.findall(bundle._source(name))} <= seen
        seen.add(name)


def test_the_comments_stay_in_the_repository():
    """They are a fifth of the scripts."""
    lines = [line.strip() for line in bundle.bundle().splitlines()]
    assert not [line for line in lines if line.startswith(("//", "/**", "* "))]


def test_no_import_or_export_is_left_in_it_that_is_no_script_of_its_own():
    lines = bundle.bundle().splitlines()
    assert [line for line in lines if line.startswith(("import", "export"))] == ["export const modules = {};"]
    later = {found for _, found in map(lambda line: (line, bundle._LATER.findall(line)), lines) for found in found}
    assert all((SCRIPTS / f"{name}.js").is_file() for name in later)
    assert not {name.removeprefix("./") for name in later} & set(modules())


@pytest.mark.parametrize("name", modules())
def test_a_module_takes_its_place_from_the_one_folder_all_have(name):
    """`import.meta.url` and addresses of scripts that come later are those of the joined file: it lies beside the scripts."""
    assert "/" not in name or not any(word in bundle._source(name) for word in ("import.meta", "import("))


@pytest.mark.parametrize("name", modules())
def test_a_stand_in_gives_what_the_module_exports(name):
    exported = {
        line.split("(")[0].split()[-1]
        for line in bundle._source(name).splitlines()
        if line.startswith("export ") and "(" in line
    }
    assert all(word in stand_in(name) for word in exported if "=" not in word)
    assert bundle._source(name).count("\nexport ") == len(bundle._exported(name))


def test_a_circle_is_named(monkeypatch):
    circle = {"a": 'import { b } from "./b.js";', "b": 'import { a } from "./a.js";'}
    monkeypatch.setattr(bundle, "_source", circle.__getitem__)
    monkeypatch.setattr(bundle, "ROOTS", ("a",))
    with pytest.raises(ValueError, match="a imports b imports a."):
        modules.__wrapped__()
