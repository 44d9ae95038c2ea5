"""A lesson's parameters: one frozen dataclass is the controls, the API, the ranges and the URL.

A field is declared once, with `bounded`, `choice`, `switch` or `text`. `read` checks typed values (API, controls),
`from_query` and `read_written` read a URL, `to_query` writes one, `controls` describes the fields to the page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, field, fields
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin
from urllib.parse import urlencode

IN_A_LINK = 2000  # characters of a text; browsers, proxies and chats cut addresses that are longer than a few thousand
When = Mapping[str, tuple[Any, ...]]  # other field -> the values for which this one matters


class BadParam(ValueError):
    """One sentence that names the field and what it accepts."""


def bounded(
    default: float | None,
    *,
    low: float,
    high: float,
    step: float,
    about: str = "",
    when: When | None = None,
) -> Any:
    """A number from `low` to `high`; annotate it `int`, `float` or `float | None`.

    A whole number must lie on a step, counted from `low`: a layer's width is a multiple of something. Other numbers may lie
    between two steps, which are those of the slider: a lesson computes any p.
    """
    bounds = {"low": low, "high": high, "step": step}
    return field(default=default, metadata={**bounds, "about": about, "when": when or {}})


def choice(default: Any, *, about: str = "", when: When | None = None) -> Any:
    """One of the values of the field's `Literal` annotation."""
    return field(default=default, metadata={"about": about, "when": when or {}})


def switch(default: bool, *, about: str = "", when: When | None = None) -> Any:
    """True or False."""
    return field(default=default, metadata={"about": about, "when": when or {}})


def text(
    default: str,
    *,
    max_length: int,
    lines: int = 1,
    about: str = "",
    when: When | None = None,
    file: Mapping[str, Mapping[str, Any]] | None = None,
) -> Any:
    """The visitor's own words, at most `max_length` characters. Never executed, never opened as a path.

    file: endings (".csv") of files that the browser may read into the field, and the other fields that such a file sets.
    """
    metadata = {"max_length": max_length, "lines": lines, "about": about, "when": when or {}}
    return field(default=default, metadata={**metadata, "file": file} if file else metadata)


def kind(param: Field) -> type:
    """The field's type without `None`; `Literal` fields give `Literal`."""
    if choices(param):
        return Literal  # type: ignore[return-value]
    if get_origin(param.type) in (Union, UnionType):
        return next(part for part in get_args(param.type) if part is not NoneType)
    return param.type  # type: ignore[return-value]


def choices(param: Field) -> tuple[Any, ...]:
    """The values of a Literal field; empty for any other."""
    return get_args(param.type) if get_origin(param.type) is Literal else ()


def nullable(param: Field) -> bool:
    """Whether `None` is one of the field's values."""
    return NoneType in get_args(param.type)


def accepts(param: Field) -> str:
    """The allowed values in words, as error sentences, the API and the page say them."""
    if options := choices(param):
        return "one of " + ", ".join(map(str, options))
    if kind(param) is bool:
        return "True or False"
    if kind(param) is str:
        return f"text of at most {param.metadata['max_length']} characters"
    low, high = param.metadata["low"], param.metadata["high"]
    noun = "a whole number" if kind(param) is int else "a number"
    steps = f" in steps of {param.metadata['step']}" if kind(param) is int and param.metadata["step"] != 1 else ""
    return f"{noun} from {low} to {high}{steps}" + (" or None" if nullable(param) else "")


def read(Params: type, values: Mapping[str, Any]) -> Any:
    """Params from typed values; raises BadParam on an unknown name, a wrong type or a value out of range."""
    known = {param.name: param for param in fields(Params)}
    if unknown := [name for name in values if name not in known]:
        raise BadParam(f"{shorten(unknown[0])} is not a parameter; the parameters are {', '.join(known)}.")
    return Params(**{name: check(known[name], value) for name, value in values.items()})


def check(param: Field, value: Any) -> Any:
    """The value in the field's type; raises BadParam with one sentence."""
    if value is None and nullable(param):
        return None
    if options := choices(param):
        valid = any(type(value) is type(option) and value == option for option in options)
    elif kind(param) is bool:
        valid = isinstance(value, bool)
    elif kind(param) is str:
        valid = _is_text(value) and len(value) <= param.metadata["max_length"]
    else:
        valid = _is_number(param, value)
    if isinstance(value, str) and kind(param) is str and not _is_text(value):
        raise BadParam(f"{param.name} holds half of a surrogate pair, which is no character.")
    if not valid:
        raise BadParam(f"{param.name} must be {accepts(param)}, not {shorten(value)}.")
    return kind(param)(value) + 0 if kind(param) in (int, float) else value  # -0.0 equals 0.0, and would be kept for it


def _is_number(param: Field, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    low, high, step = (param.metadata[name] for name in ("low", "high", "step"))
    inside = low <= value <= high  # False for NaN
    return inside and (kind(param) is not int or (value - low) % step == 0)


def _is_text(value: Any) -> bool:
    """Text that UTF-8, and so a link, can hold: JSON may carry half a surrogate pair."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def shorten(value: Any, limit: int = 40) -> str:
    """A value as an error sentence may show it."""
    shown = repr(value)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def listed(words: Sequence[str], most: int = 5) -> str:
    """Words of a visitor as a sentence may show them: each once, the first few, none longer than 40 characters."""
    different = list(dict.fromkeys(words))
    shown = ", ".join(word if len(word) <= 40 else word[:39] + "…" for word in different[:most])
    more = len(different) - most
    return f"{shown} and {more} more" if more > 0 else shown


def to_query(slug: str, params: Any) -> str:
    """The shareable part of the URL; defaults, and texts too long for a link, are left out."""
    values, left_out = vars(params), not_in_a_link(params)
    changed = {f.name: values[f.name] for f in fields(params) if f.name not in left_out and values[f.name] != f.default}
    return urlencode({"lesson": slug, **changed})


def not_in_a_link(params: Any) -> dict[str, str]:
    """The fields whose text has more than IN_A_LINK characters, with a sentence that says so."""
    return {
        name: f"The link and the address leave {name} out: it has {len(value)} characters, a link holds {IN_A_LINK}."
        for name, value in vars(params).items()
        if isinstance(value, str) and len(value) > IN_A_LINK
    }


def from_query(Params: type, query: Mapping[str, str]) -> tuple[Any, list[str]]:
    """Params from a URL, and a sentence for each value that fell to its default.

    A parameter that is missing takes its default silently; names the lesson does not have are ignored.
    """
    values, notes = {}, []
    for param in fields(Params):
        if param.name in query:
            try:
                values[param.name] = check(param, _parse(param, query[param.name]))
            except BadParam as error:
                notes.append(f"{error} The link's value was replaced by {param.default!r}.")
    return Params(**values), notes


def read_written(Params: type, query: Mapping[str, str]) -> Any:
    """Params from an address that the page itself wrote; raises BadParam as `read` does."""
    known = {param.name: param for param in fields(Params)}
    return read(Params, {name: _parse(known[name], value) if name in known else value for name, value in query.items()})


def in_own_words(params: Any) -> bool:
    """Whether a visitor has written some of it: a text is not the lesson's own."""
    return any(kind(param) is str and getattr(params, param.name) != param.default for param in fields(params))


def _parse(param: Field, written: str) -> Any:
    if kind(param) is str:
        return written
    if nullable(param) and written == "None":
        return None
    for option in choices(param) or ((True, False) if kind(param) is bool else ()):
        if written == str(option):
            return option
    try:
        return kind(param)(written) if kind(param) in (int, float) else written
    except ValueError:
        return written


def controls(Params: type) -> list[dict[str, Any]]:
    """What the page needs to draw one control for each field."""
    return [_control(param) for param in fields(Params)]


def _control(param: Field) -> dict[str, Any]:
    names = {Literal: "choice", bool: "switch", str: "text", int: "number", float: "number"}
    assert param.default is not MISSING, f"{param.name} needs a default"
    described = {
        "name": param.name,
        "kind": names[kind(param)],
        "default": param.default,
        "accepts": accepts(param),
        "choices": list(choices(param)),
        "nullable": nullable(param),
        "whole": kind(param) is int,
        **param.metadata,
    }
    return {
        key: value
        for key, value in described.items()
        if key == "default" or value is not False and value not in ([], {}, "")
    }
