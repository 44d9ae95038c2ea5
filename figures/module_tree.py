"""A model as a tree: modules as nodes, their parameters and buffers as chips, equal neighbours drawn once with their number."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from figures.cells import Node, Part

BADGES = {"parameter": "▲", "buffer": "▤"}


def access(path: str) -> str:
    """The line of code that gets what stands at a path: `model.encoder.block[0]`."""
    parts = path.split(".") if path else []
    return "model" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in parts)


@dataclass(frozen=True)
class Walk:
    """What a walk gave: the place of each path in its order, and the paths that the filter kept."""

    order: dict[str, int]
    kept: set[str]

    def mark(self, path: str) -> str:
        return "" if path not in self.order else "walked" if path in self.kept else "dropped"

    def number(self, path: str) -> str:
        return f"#{self.order[path]}" if path in self.order else ""


@dataclass
class Place:
    """One place of the tree, with all that a line of the picture needs."""

    path: str
    type: str
    depth: int
    children: "list[Place]" = field(default_factory=list)
    tensors: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    numel: int = 0
    walked: int = 0  # how much of it and of what lies below the walk gave
    kept: int = 0  # how much of that the filter kept
    look: Any = None  # equal for places that are drawn alike, whatever their own name

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


class ModuleTree:
    """Reads `places`, `tensors`, `twins` and `hidden` of a Result once, and gives the nodes of its picture."""

    def __init__(self, result: Any, walk: Walk) -> None:
        self.result = result
        self.walk = walk
        self.twins = {path: group for group in result.twins for path in group}
        self.letters = {path: chr(ord("A") + k % 26) for k, group in enumerate(result.twins) for path in group}
        self.drawn: list[Node] = []
        self._draw([self._grow()])

    def _grow(self) -> Place:
        """The tree of places; a parent stands before its children, so their looks are known from the end."""
        places = {path: Place(path, kind, _depth(path)) for path, kind in self.result.places.items()}
        for path, place in places.items():
            if path:
                places[path.rpartition(".")[0]].children.append(place)
        for path in self.result.tensors:
            places[path.rpartition(".")[0]].tensors.append(path)
        for path, seen in self.result.hidden.items():
            places[seen["of"]].hidden.append(path)
        looks: dict[Any, int] = defaultdict(lambda: len(looks))
        for place in reversed(places.values()):
            place.numel = sum(child.numel for child in place.children) + sum(map(self._numel, place.tensors))
            inside = tuple((child.name, child.look) for child in place.children)
            here = [place.path, *place.tensors]
            place.walked = sum(c.walked for c in place.children) + sum(path in self.walk.order for path in here)
            place.kept = sum(c.kept for c in place.children) + sum(path in self.walk.kept for path in here)
            own = (place.type, self.walk.mark(place.path), self.letters.get(place.path), bool(place.hidden))
            place.look = looks[own, inside, tuple(map(self._look, place.tensors))]
        return places[""]

    def _folded(self, place: Place) -> str:
        """What is said instead of drawing what lies below, where a filter left none of it, or all of one block of many."""
        if len(self.walk.kept) == len(self.walk.order) or not place.children:
            return ""
        if not place.kept:
            return "nothing kept"
        return f"all {place.kept} kept" if place.kept == place.walked and place.name.isdigit() else ""

    def _numel(self, path: str) -> int:
        total = 1
        for size in self.result.tensors[path]["shape"]:
            total *= size
        return total

    def _look(self, path: str) -> Any:
        tensor = self.result.tensors[path]
        name = path.rpartition(".")[2]
        return name, tensor["kind"], tuple(tensor["shape"]), self.walk.mark(path), self.letters.get(path)

    def _draw(self, siblings: Sequence[Place]) -> None:
        for run in _runs(siblings):
            first = run[0]
            folded = self._folded(first)
            self.drawn.append(self._node(run, folded))
            if not folded:
                self._draw(first.children)
                self.drawn += [self._hidden(first, path) for path in first.hidden]

    def _node(self, run: Sequence[Place], folded: str) -> Node:
        place, last = run[0], run[-1]
        name = place.name or "model"
        return Node(
            place.depth,
            name if len(run) == 1 else f"{name} … {last.name}",
            kind=place.type,
            value=folded,
            key=f"at-{place.path}",
            note=self._told(run),
            mark="walked" if folded and place.kept else self.walk.mark(place.path),
            order=self.walk.number(place.path),
            times=len(run) if len(run) > 1 else None,
            same=self.letters.get(place.path, ""),
            parts=[self._part(path) for path in place.tensors] or None,
        )

    def _told(self, run: Sequence[Place]) -> str:
        place = run[0]
        method = f'model.get_submodule("{place.path}")'
        facts = [access(place.path), place.type, f"{place.numel:,} numbers below it", method]
        if len(run) > 1:
            facts.append(f"one of {len(run)} equal neighbours, up to {access(run[-1].path)}")
        return "  ·  ".join([*facts, *self._also(place.path)])

    def _also(self, path: str) -> list[str]:
        """Other names, and the place in the walk."""
        others = [access(other) for other in self.twins.get(path, ()) if other != path]
        order = self.walk.order
        walked = [f"number {order[path]} of {len(order)} in the walk"] if path in order else ["not given by this walk"]
        dropped = ["dropped by the filter"] if self.walk.mark(path) == "dropped" else []
        return [*([f"the same object as {', '.join(others)}"] if others else []), *walked, *dropped]

    def _part(self, path: str) -> Part:
        tensor = self.result.tensors[path]
        shape = "×".join(map(str, tensor["shape"])) or "scalar"
        group = self.twins.get(path, [path])
        return Part(
            path.rpartition(".")[2],
            badge=BADGES[tensor["kind"]] if tensor["requires_grad"] or tensor["kind"] == "buffer" else "❄",
            facts=shape,
            key=f"at-{group[0]}",
            note=self._told_of_tensor(path),
            mark=self.walk.mark(path),
            order=self.walk.number(path),
            same=self.letters.get(path, ""),
        )

    def _told_of_tensor(self, path: str) -> str:
        tensor = self.result.tensors[path]
        size = f"{tuple(tensor['shape'])} {tensor['dtype']}, {self._numel(path):,} numbers"
        method = f'model.get_{tensor["kind"]}("{path}")'
        kind = tensor["kind"] if tensor["saved"] else f"{tensor['kind']} that is not saved (persistent=False)"
        if tensor["kind"] == "parameter":
            kind += ", requires_grad" if tensor["requires_grad"] else ", frozen"
        return "  ·  ".join([access(path), kind, size, method, *self._also(path)])

    def _hidden(self, place: Place, path: str) -> Node:
        seen = self.result.hidden[path]
        told = f"model.{path}  ·  {seen['type']}, {seen['numel']:,} numbers  ·  in a plain Python container: no walk gives it"
        name = path.removeprefix(f"{place.path}.")
        return Node(
            place.depth + 1, name, kind=seen["type"], value="not registered", key=f"at-{path}", note=told, mark="hidden"
        )


def _depth(path: str) -> int:
    return path.count(".") + 1 if path else 0


def _runs(siblings: Sequence[Place]) -> list[list[Place]]:
    """Neighbours that are drawn alike, together; only those with a number for a name, as in a list."""
    runs: list[list[Place]] = []
    for place in siblings:
        alike = runs and place.name.isdigit() and runs[-1][-1].name.isdigit() and runs[-1][-1].look == place.look
        runs[-1].append(place) if alike and (place.children or place.tensors) else runs.append([place])
    return runs
