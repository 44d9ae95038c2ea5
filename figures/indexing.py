"""The names and keys of the layers before and after an operation, in the colour of their object; below, their weights."""

from typing import Any

from figures.cells import Cell, cells_of
from figures.panels import Error, Facts, Figure, Grid, Operator, Panel, Table, described, figure, keyed, limit, veiled
from lessons.indexing import HOLDERS, Params, Result, fitting, written

LETTERS = "ABCDEFGHI"
TENSORS = ("weight", "bias")
MOST = 6  # cells that are ringed at most


def draw(params: Params, result: Result) -> Figure:
    held = f"layers, {HOLDERS.get(params.container, f'an nn.{params.container}')}"
    before = _named_layers(held, result.before_names, result.before_ids, result)
    after = veiled(_got(params, result))
    return figure(
        hero=[[before], [Operator(written(params)), after], [_outcome(params, result)]],
        more=[_weights(params, result), [_facts(result)]],
    )


def _got(params: Params, result: Result) -> Panel:
    if result.error:
        return Error(written(params), result.error, where=written(params), key="@kind")
    if result.y is not None:
        return Grid("y", cells_of(result.y), badge="layers(x)", tensor=described("y", result.y), limit=limit(result.y))
    if not result.got_ids:
        return Table("what comes out", ["", ""], [[written(params), keyed("an empty container", "warn", "@bool")]])
    return _named_layers("what comes out", result.got_names or [], result.got_ids, result, came=True)


def _named_layers(title: str, names: list[str], ids: list[str], result: Result, *, came: bool = False) -> Panel:
    """One column a layer, in the colour of its object: its name, and its keys; of what comes out also what an older checkpoint has there."""
    ringed = [["@names", "@parameters", "@kind"] if came and at < MOST else [] for at in range(len(ids))]
    heads = [
        Cell(
            name or "no name", f"object {letter}{_met(letter, result)}", [f"object-{letter}", *keys], f"Linear {letter}", "card big",
            LETTERS.index(letter),
        )
        for name, letter, keys in zip(names, ids, ringed, strict=True)
    ]  # fmt: skip
    front = _front(names)
    rows = [
        [_key(name, of, letter, front, result, came) for name, letter in zip(names, ids, strict=True)] for of in TENSORS
    ]
    begins = f', each begins with "{front}"' * bool(front)
    beside = "; ✓ where an older checkpoint has the same numbers" if came else "; a colour and a letter for each object"
    return Grid(
        title, [heads, *rows], tensor=f"names, and the keys of state_dict(){begins}{beside}", limit=1e9, row_labels=[""] * 3,
        labels=False, row_dim=None, col_dim=None, wide=True,
    )  # fmt: skip


def _front(names: list[str]) -> str:
    """What stands in front of the numbers of all names, as in layers.0 and layers.1."""
    fronts = {name.rstrip("0123456789") for name in names}
    return fronts.pop() if len(fronts) == 1 else ""


def _key(name: str, of: str, letter: str, front: str, result: Result, came: bool) -> Cell:
    """A key of the state_dict, and what an older checkpoint has under it."""
    key = f"{name}.{of}".lstrip(".")
    found = (result.checkpoint or {}).get(key, "")
    owners = dict(zip(result.before_names, result.before_ids, strict=True))
    fits = {
        "the same numbers": "✓ the same",
        "another layer's numbers": f"✗ {owners.get(name)}'s numbers",
        "no such key": "✗ no such key",
    }
    note = f"{key}: an older checkpoint has {found} under it" if came else f"{key}: the {of} of object {letter}"
    wrong = " error" * (came and found != "the same numbers")
    return Cell(
        key.removeprefix(front), note, f"object-{letter}", fits[found] if came else "", f"card{wrong}", LETTERS.index(letter)
    )  # fmt: skip


def _weights(params: Params, result: Result) -> list[Panel]:
    """weight[0, 0] of each layer, before and after."""
    before = _layers(
        "before", f"{params.container}: layers", result.before, result.before_names, result.before_ids, result
    )
    if result.error or result.y is not None or not result.got_ids:
        return [before]
    names = [name or "(the layer itself)" for name in result.got_names or []]
    return [before, _layers("got", "what comes out", result.got, names, result.got_ids, result)]


def _outcome(params: Params, result: Result) -> Panel:
    """What came out, in words."""
    items = [("kind", "what comes out", _kind(result))]
    if found := result.facts_got:
        tensors = found["parameters()"]
        items += [
            ("names", "names of its layers", _named(result.got_names or [])),
            ("parameters", "parameters() gives", "2: one weight, one bias" if tensors == 2 else f"{tensors} tensors"),
            ("keys", "keys that fit an older checkpoint", f"{fitting(result)} of {len(result.checkpoint or {})}"),
            ("bool", "in an if", "it is true" if found["bool()"] else "it is false"),
        ]
    return veiled(Facts(items))


def _kind(result: Result) -> str:
    if result.error:
        return f"it raises {result.error.partition(':')[0]}"
    if result.facts_got is None:
        return "one tensor"
    if result.same_container:
        return "layers itself"
    return "the very layer" if result.got_names == [""] else f"a new {result.facts_got['type']}"


def _named(names: list[str]) -> str:
    return "a layer has none" if names == [""] else ", ".join(names) or "there is no layer"


def _layers(title: str, badge: str, weights: Any, names: list[str], ids: list[str], result: Result) -> Panel:
    """One column a layer: its name above, weight[0, 0], its letter; the band and the keys follow the object."""

    def cell(name: str, weight: float, letter: str) -> Cell:
        note = f"{name}.weight[0, 0] = {weight:+.4f}   object {letter}{_met(letter, result)}"
        return Cell(weight, note, f"object-{letter}", sub=letter, mark="card", group=LETTERS.index(letter))

    cells = [cell(*layer) for layer in zip(names, weights.tolist(), ids, strict=True)]
    return Grid(
        title, [cells], badge=badge, tensor=described(title, weights), limit=limit(result.before, result.got),
        row_labels=[""], col_labels=names, row_dim=None, cols="name; weight[0, 0], object",
    )  # fmt: skip


def _met(letter: str, result: Result) -> str:
    return "" if letter in result.before_ids else ", not in the container before"


def _facts(result: Result) -> Panel:
    after = result.facts_got or {}
    names = list(result.facts_before)
    rows = [[name, _told(result.facts_before[name]), _told(after[name]) if after else ""] for name in names]
    note = "" if result.same_container is None else f"result is layers: {result.same_container}"
    return Table("Facts", ["", "layers", "result"], rows, note=note)


def _told(value: Any) -> str:
    return "no len()" if value is None else str(value)
