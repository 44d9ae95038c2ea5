"""A loop over model.modules() that asks for nn.Dropout misses every dropout that a model keeps as a float attribute."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.seeding import seeded
from lessons.source import snippet_of


@dataclass(frozen=True)
class Params:
    architecture: Literal["T5Model", "BertModel", "BartModel", "Tagger"] = choice(
        "T5Model", about="built tiny, with p = 0.1; Tagger is plain torch"
    )
    p: float = bounded(0.0, low=0.0, high=1.0, step=0.05, about="what both loops set; at 0 two passes should be equal")
    family: Literal["nn.Dropout", "_DropoutNd"] = choice(
        "nn.Dropout", about="class that isinstance asks for", when={"architecture": ("Tagger",)}
    )
    attributes: Literal["dropout, activation_dropout", "dropout"] = choice(
        "dropout, activation_dropout", about="floats of the complete loop", when={"architecture": ("BartModel",)}
    )
    seed: int = bounded(0, low=0, high=999, step=1, about="of the weights and the masks")


@dataclass(frozen=True)
class Result:
    types: dict[str, str]  # path of each module, in the order of model.modules() -> its class
    matched: list[str]  # paths of the modules that isinstance finds
    before: dict[str, float]  # path of each dropout probability -> its value
    after_loop: dict[str, float]
    after_complete: dict[str, float]
    n_reset: int  # counted by the loop
    n_complete: int  # counted by the complete loop
    difference_before: Tensor  # (T, D) last hidden state of one pass in train mode minus that of the next
    difference_loop: Tensor  # (T, D)
    difference_complete: Tensor  # (T, D)
    largest: list[float]  # largest |difference| of the three
    config: dict[str, float]  # what model.config says about dropout in the end


class Tagger(nn.Module):
    """Dropout in four places, one of them an nn.Dropout."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(32, 8)
        self.word_dropout = nn.Dropout1d(p)  # (B, T, D): drops whole words
        self.lstm = nn.LSTM(8, 8, num_layers=2, dropout=p, batch_first=True)
        self.attention = nn.MultiheadAttention(8, 2, dropout=p, batch_first=True)
        self.dropout = nn.Dropout(p)

    def forward(self, input_ids: Tensor) -> tuple[Tensor]:
        x, _ = self.lstm(self.word_dropout(self.embedding(input_ids)))
        x, _ = self.attention(x, x, x)
        return (self.dropout(x),)


def probabilities(model: nn.Module) -> dict[str, float]:
    """Every dropout probability by its path: the p of modules, and the floats that functional dropout reads."""
    found = {}
    for path, m in model.named_modules():
        for name in ("p", "dropout", "activation_dropout"):
            rate = getattr(m, name, None)
            if isinstance(rate, float):
                found[f"{path}.{name}"] = rate
    return found


@torch.no_grad()
def two_passes(model: nn.Module, inputs: dict[str, Tensor], seed: int) -> Tensor:
    """The last hidden state of one pass minus that of the next, (T, D)."""
    torch.manual_seed(seed)
    return (model(**inputs)[0] - model(**inputs)[0]).squeeze(0)


def reset_dropout(
    model: nn.Module, p: float, dropout_class: type[nn.modules.dropout._DropoutNd], names: Sequence[str]
) -> int:
    """The complete loop: also the floats that a module keeps under `names`. Returns how many it set."""
    n_reset = 0
    for m in model.modules():
        if isinstance(m, dropout_class):
            m.p = p
            n_reset += 1
        for name in names:
            if isinstance(getattr(m, name, None), float):  # not a dropout module of the same name
                setattr(m, name, p)
                n_reset += 1
    return n_reset


def build(architecture: str) -> tuple[nn.Module, dict[str, Tensor]]:
    ids = torch.tensor([[5, 6, 7, 8]])  # (B=1, T=4)

    if architecture == "T5Model":
        from transformers import T5Config, T5Model

        model = T5Model(T5Config(vocab_size=32, d_model=8, d_kv=4, d_ff=16, num_heads=2, num_layers=1))
        inputs = {"input_ids": ids, "decoder_input_ids": ids}
    if architecture == "BertModel":
        from transformers import BertConfig, BertModel

        model = BertModel(
            BertConfig(
                vocab_size=32,
                hidden_size=8,
                intermediate_size=16,
                num_attention_heads=2,
                num_hidden_layers=1,
                initializer_range=0.5,
            )
        )
        inputs = {"input_ids": ids}
    if architecture == "BartModel":
        from transformers import BartConfig, BartModel

        model = BartModel(
            BartConfig(
                vocab_size=32,
                d_model=8,
                encoder_layers=1,
                decoder_layers=1,
                encoder_attention_heads=2,
                decoder_attention_heads=2,
                encoder_ffn_dim=16,
                decoder_ffn_dim=16,
                attention_dropout=0.1,
                activation_dropout=0.1,
                init_std=0.5,
            )
        )
        inputs = {"input_ids": ids, "decoder_input_ids": ids}
    if architecture == "Tagger":
        model = Tagger(p=0.1)
        inputs = {"input_ids": ids}
    return model, inputs


def compute(
    model: Any, inputs: dict[str, Tensor], architecture: str, p: float, family: str, attributes: str, seed: int
) -> Result:
    if family == "nn.Dropout":
        dropout_class = nn.Dropout
    else:
        dropout_class = nn.modules.dropout._DropoutNd  # the parent of Dropout, Dropout1d, AlphaDropout, ...
    types = {path: type(m).__name__ for path, m in model.named_modules()}
    matched = [path for path, m in model.named_modules() if isinstance(m, dropout_class)]

    model.train()
    before = probabilities(model)
    difference_before = two_passes(model, inputs, seed)

    n_reset = 0
    for m in model.modules():
        if isinstance(m, dropout_class):
            m.p = p
            n_reset += 1
    after_loop = probabilities(model)
    difference_loop = two_passes(model, inputs, seed)

    n_complete = reset_dropout(model, p, dropout_class, attributes.split(", "))
    after_complete = probabilities(model)
    difference_complete = two_passes(model, inputs, seed)

    largest = [d.abs().max().item() for d in (difference_before, difference_loop, difference_complete)]
    if architecture == "Tagger":
        config = {}
    else:
        config = {name: rate for name, rate in model.config.to_dict().items() if "dropout" in name and rate}
    return Result(
        types, matched, before, after_loop, after_complete, n_reset, n_complete,
        difference_before, difference_loop, difference_complete, largest, config,
    )  # fmt: skip


def run(params: Params) -> Result:
    if params.architecture != "Tagger":
        import models.hugging_face  # noqa: F401

    with seeded(params.seed):
        model, inputs = build(params.architecture)
        return compute(model, inputs, **vars(params))


def snippet(params: Params) -> str:
    helpers: list[Any] = [probabilities, two_passes, reset_dropout]
    built = {"architecture": params.architecture}
    building = snippet_of(build, built, seed=params.seed, also=[Tagger], header="").splitlines()
    imports = [line for line in building if line.startswith("from transformers")]
    start = ["from collections.abc import Sequence\n", "import torch", "from torch import Tensor, nn", *imports, ""]
    rest = snippet_of(compute, vars(params), also=helpers, header="")
    code = "\n".join([*start, *(line for line in building if line not in imports), "", rest])
    return re.sub(r"\n{3,}", "\n\n", code)


def caption(params: Params, result: Result) -> str:
    places = len(result.before)
    missed = places - result.n_reset
    before, loop, complete = map(_differ, result.largest)
    left = places - result.n_complete
    return (
        f"{params.architecture} has {len(result.types)} modules and {places} dropout probabilities. The loop sets "
        f"{result.n_reset} of them to {params.p:g} and misses {missed}; the complete loop sets {result.n_complete}"
        f"{f' and misses {left}' if left else ''}. Two passes in train mode {before} before, {loop} after the loop and "
        f"{complete} after the complete loop.{' p = 1 drops everything: nothing is left to differ.' if params.p == 1 else ''}"
    )


def _differ(largest: float) -> str:
    return f"differ by up to {largest:.4f}" if largest else "are equal to the last bit"


LESSON = Lesson(
    slug="dropout_reset",
    title="Resetting dropout through model.modules()",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="T5 in train mode, every nn.Dropout set to p = 0 by the loop. Are two forward passes equal?",
            choices=("True", "False"),
            answer=1,
            why="T5Attention keeps its dropout as a float and hands it to the attention function; no module, no match.",
            proof="(lambda hf, ids: (lambda t5: [setattr(m, 'p', 0.0) for m in t5.modules() if isinstance(m, nn.Dropout)] "
            "and torch.equal(*(t5(input_ids=ids, decoder_input_ids=ids)[0] for _ in range(2))))(hf.T5Model(hf.T5Config("
            "vocab_size=32, d_model=8, d_kv=4, d_ff=16, num_heads=2, num_layers=1))))"
            "(__import__('transformers'), torch.tensor([[5, 6, 7, 8]]))",
            show={"architecture": "T5Model", "p": 0.0},
        ),
        Prediction(
            question="How many nn.Dropout modules does a BartModel hold?",
            choices=("0", "3", "9"),
            answer=0,
            why="BART calls nn.functional.dropout(x, p=self.dropout, training=self.training): every p is a float attribute.",
            proof="(lambda hf: sum(isinstance(m, nn.Dropout) for m in hf.BartModel(hf.BartConfig(vocab_size=32, d_model=16, "
            "encoder_layers=1, decoder_layers=1)).modules()))(__import__('transformers'))",
            show={"architecture": "BartModel"},
        ),
        Prediction(
            question="isinstance(nn.Dropout1d(0.1), nn.Dropout)?",
            choices=("True", "False"),
            answer=1,
            why="Dropout1d, Dropout2d, Dropout3d and AlphaDropout are siblings of nn.Dropout; their parent is _DropoutNd.",
            proof="isinstance(nn.Dropout1d(0.1), nn.Dropout)",
            show={"architecture": "Tagger", "family": "nn.Dropout"},
        ),
        Prediction(
            question="The loop sets every nn.Dropout of a BertModel to 0.5. What does config.hidden_dropout_prob say now?",
            choices=("0.1", "0.5"),
            answer=0,
            why="The config was read when the modules were built; an assignment to m.p does not write it back.",
            proof="(lambda hf: (lambda bert: [setattr(m, 'p', 0.5) for m in bert.modules() if isinstance(m, nn.Dropout)] "
            "and bert.config.hidden_dropout_prob)(hf.BertModel(hf.BertConfig(vocab_size=32, hidden_size=8, "
            "num_attention_heads=2, intermediate_size=16, num_hidden_layers=1))))(__import__('transformers'))",
            show={"architecture": "BertModel", "p": 0.5},
        ),
    ),
    traps=(
        Trap(
            name="Nothing to find in BART",
            sentence="BART has no nn.Dropout at all, so the loop counts 0 and both passes draw what they drew before.",
            source="https://github.com/lightning-uq-box/lightning-uq-box/pull/173",
            params={"architecture": "BartModel"},
        ),
        Trap(
            name="Half of the complete loop",
            sentence="Without a branch for it, BART's activation_dropout survives: a loop by names misses other names.",
            source="https://github.com/torch-uncertainty/torch-uncertainty/issues/152",
            params={"architecture": "BartModel", "attributes": "dropout"},
        ),
        Trap(
            name="Saved, loaded, and back at 0.1",
            sentence="The loop does not touch model.config, so save_pretrained() and from_pretrained() restore the old p.",
            source="https://github.com/huggingface/transformers/issues/8443",
            params={"architecture": "BertModel", "p": 0.5},
        ),
    ),
)
