"""The models a visitor may choose, and the few that are kept in memory."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from models.hub import WEIGHTS, ModelUnavailable, Progress, fetch
from models.whole import problem_of

if TYPE_CHECKING:
    from models.closed_book import QAModel
    from models.extractive import Extractive

    Model: TypeAlias = Extractive | QAModel

Kind = Literal["extractive", "closed_book"]
FOLDER = Path(__file__).parent.parent / "assets" / "models"
LOCAL_VARIABLE = "TORCH_EXPLORABLES_MODEL"  # a folder that the operator names
KEPT = 3  # models in memory
RETRY = 60.0  # seconds until a model that could not be had is tried again for `get_or_shipped`


@dataclass(frozen=True)
class Choice:
    name: str
    kind: Kind
    source: Path | str  # a folder, or a repository on the Hub
    revision: str | None = None  # the commit of the repository

    @property
    def on_hub(self) -> bool:
        return isinstance(self.source, str)


SHIPPED = (
    Choice("extractive", "extractive", FOLDER / "extractive"),
    Choice("closed_book", "closed_book", FOLDER / "closed_book"),
)
READ_A_CONTEXT = {
    "distilbert/distilbert-base-cased-distilled-squad": "564e9b582944a57a3e586bbb98fd6f0a4118db7f",
    "deepset/roberta-base-squad2": "adc3b06f79f797d1c575d5479d6f5efe54a9e3b4",
}
ANSWER_FROM_WEIGHTS = {
    "google/t5-small-ssm-nq": "4371c64b6f65176f6663af43066bd094597b1116",
    "google/flan-t5-small": "0fc9ddf78a1e988dac52e2dac162b0ede4fd74ab",
}
FROM_HUB = (
    *(Choice(repo, "extractive", repo, commit) for repo, commit in READ_A_CONTEXT.items()),
    *(Choice(repo, "closed_book", repo, commit) for repo, commit in ANSWER_FROM_WEIGHTS.items()),
)


def choices() -> tuple[Choice, ...]:
    """Shipped models first, then the operator's own, then those that must be fetched."""
    return SHIPPED + _local() + FROM_HUB


def _local() -> tuple[Choice, ...]:
    """The folder in TORCH_EXPLORABLES_MODEL. A wrong one is the operator's mistake: it raises
    ValueError instead of leaving the choice out."""
    named = os.environ.get(LOCAL_VARIABLE, "").strip()
    if not named:
        return ()
    folder = Path(named)
    if not (folder / "config.json").is_file() or not any(folder.glob(WEIGHTS)):
        raise ValueError(f"{LOCAL_VARIABLE} must name a folder with config.json and safetensors.")
    return (Choice(f"local: {folder.name}", _kind(folder), folder),)


def _kind(folder: Path) -> Kind:
    """Read from config.json which head the weights were saved with."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    heads = " ".join(config.get("architectures") or ())
    if "ForQuestionAnswering" in heads:
        return "extractive"
    if "ForConditionalGeneration" in heads:
        return "closed_book"
    raise ValueError(f"{LOCAL_VARIABLE} holds {heads or 'no known head'}, which answers nothing.")


def load(choice: Choice, progress: Progress) -> Model:
    """Fetch if need be, then read safetensors; no code from the model's folder is run.

    Raises ModelUnavailable.
    """
    if choice in SHIPPED and (problem := problem_of(choice.name)):
        raise ModelUnavailable(problem)
    folder = choice.source if isinstance(choice.source, Path) else fetch(choice.source, progress, choice.revision)
    progress(0.9, f"loading {choice.name}")
    try:
        return _extractive(folder) if choice.kind == "extractive" else _closed_book(folder)
    except Exception as error:  # from_pretrained raises what its many parts raise
        raise ModelUnavailable(f"{choice.name} was found but could not be loaded ({type(error).__name__}).") from error


def _extractive(folder: Path) -> Extractive:
    """Imported here: transformers' model classes take seconds, and the page starts without."""
    from models.extractive import Extractive

    return Extractive.load(folder)


def _closed_book(folder: Path) -> QAModel:
    """In float32 on every device: T5 overflows in float16 (transformers #9295). Frozen, as all threads share it."""
    from models.closed_book import QAModel
    from models.device import choose_device

    return QAModel.from_folder(folder).to(choose_device()).eval().requires_grad_(False)


class Registry:
    """Models by name, loaded once. At most `kept` stay in memory; the longest unused leaves."""

    def __init__(self, kept: int = KEPT, loader: Callable[[Choice, Progress], Model] = load) -> None:
        self.choices = choices()
        self._kept = kept
        self._loader = loader
        self._models: OrderedDict[str, Model] = OrderedDict()
        self._lock = threading.Lock()  # the two dicts
        self._loading: dict[str, threading.Lock] = {}  # one visitor loads, the others wait
        self._failed: dict[str, tuple[float, ModelUnavailable]] = {}  # when, and why

    def get(self, name: str, progress: Progress = lambda share, doing: None) -> Model:
        """The model, loaded when it is first asked for.

        Raises ValueError for a name that is no choice, ModelUnavailable for one not to be had.
        """
        choice = next((choice for choice in self.choices if choice.name == name), None)
        if choice is None:
            names = ", ".join(choice.name for choice in self.choices)
            raise ValueError(f"model must be one of {names}; {name!r} is not.")
        asked = time.monotonic()
        with self._lock:
            loading = self._loading.setdefault(name, threading.Lock())
        with loading:
            model = self._recall(name)
            return self._load(choice, progress, asked) if model is None else model

    def get_or_shipped(
        self, name: str, progress: Progress = lambda share, doing: None
    ) -> tuple[Choice, Model, ModelUnavailable | None]:
        """The model, or the shipped one of its kind and why: nobody is left without an answer.

        Raises ValueError for a name that is no choice.
        """
        choice = next((choice for choice in self.choices if choice.name == name), SHIPPED[0])
        when, failure = self._failed.get(name, (0.0, None))
        if failure is None or time.monotonic() > when + RETRY:
            try:
                return choice, self.get(name, progress), None
            except ModelUnavailable as error:
                failure = error
        shipped = next(shipped for shipped in SHIPPED if shipped.kind == choice.kind)
        return shipped, self.get(shipped.name, progress), failure

    def _load(self, choice: Choice, progress: Progress, asked: float) -> Model:
        """Who waited while another's attempt failed is told so, instead of waiting once more."""
        when, failure = self._failed.get(choice.name, (asked, None))
        if failure is not None and when > asked:
            raise failure
        try:
            return self._keep(choice.name, self._loader(choice, progress))
        except ModelUnavailable as error:
            self._failed[choice.name] = (time.monotonic(), error)
            raise

    def _recall(self, name: str) -> Model | None:
        with self._lock:
            if name in self._models:
                self._models.move_to_end(name)
            return self._models.get(name)

    def _keep(self, name: str, model: Model) -> Model:
        with self._lock:
            self._models[name] = model
            while len(self._models) > self._kept:
                self._models.popitem(last=False)
        return model
