"""T5's DenseReluDense gives every token the same two or three matrices and mixes no tokens; attention does the mixing."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from explorable.lesson import Lesson, Prediction, Trap
from explorable.params import bounded, choice
from explorable.seeding import seeded
from explorable.tape import off_the_tape
from lessons.source import joined, snippet_of

CLOSED_BOOK = Path(__file__).parent.parent / "assets" / "models" / "closed_book"
MEASURED = ("tiny T5", "closed_book") if (CLOSED_BOOK / "config.json").exists() else ("tiny T5",)
QUESTION = "What is the capital of France?"


@dataclass(frozen=True)
class Params:
    feed_forward_proj: Literal["relu", "gelu", "gated-gelu", "gated-silu"] = choice("relu", about="of T5Config")
    change: Literal["perturb one token", "reverse the tokens", "double x"] = choice(
        "perturb one token", about="done to x, then both are run again"
    )
    token: int = bounded(1, low=0, high=3, step=1, about="to perturb", when={"change": ("perturb one token",)})
    d_ff: int = bounded(6, low=2, high=8, step=1, about="neurons")
    dropout_rate: float = bounded(0.0, low=0.0, high=0.5, step=0.1, about="in train mode")
    stack: Literal["encoder", "decoder"] = choice("encoder", about="whose first block this is")
    measured: Literal[MEASURED] = choice(  # type: ignore[valid-type]
        MEASURED[-1], about="model whose neurons are counted; closed_book is the trained one of this app"
    )


@dataclass(frozen=True)
class Result:
    x: Tensor  # (T=4, D=4) tokens
    wi: Tensor  # (F, D) weight of wi, or of wi_0
    h: Tensor  # (T, F) x @ wi.T
    a: Tensor  # (T, F) act(h)
    g: Tensor | None  # (T, F) x @ wi_1.T, in the gated forms
    hidden: Tensor  # (T, F) a, or a * g
    dropped: Tensor  # (T, F) after dropout
    wo: Tensor  # (D, F) weight of wo
    y: Tensor  # (T, D) dropped @ wo.T
    y_module: Tensor  # (T, D) what the module itself returns
    moved: Tensor  # (T, D) its output for the changed x, minus the one that a position-wise, linear map would give
    moved_attention: Tensor  # (T, D) the same for the block's self-attention
    zeros: float  # share of a that is 0
    act: str  # class of the activation
    places: dict[str, dict[str, Any]]  # of the measured model, see `survey`


def build(feed_forward_proj: str, d_ff: int, dropout_rate: float, stack: str) -> tuple[Any, ...]:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=32, d_model=4, d_kv=4, num_heads=2, num_layers=2, d_ff=d_ff, dropout_rate=dropout_rate,
        feed_forward_proj=feed_forward_proj,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config).requires_grad_(False).train()
    if stack == "encoder":
        ff = model.encoder.block[0].layer[1].DenseReluDense
        attention = model.encoder.block[0].layer[0].SelfAttention
    else:
        ff = model.decoder.block[0].layer[2].DenseReluDense  # layer[1] is the cross-attention
        attention = model.decoder.block[0].layer[0].SelfAttention
    return model, ff, attention


def forward(ff: Any, feed_forward_proj: str) -> tuple[Any, ...]:
    x = torch.randn(4, 4)
    if feed_forward_proj in ("relu", "gelu"):
        wi = ff.wi.weight.detach()
        h = ff.wi(x)
        a = ff.act(h)
        g = None
        hidden = a
    else:
        wi = ff.wi_0.weight.detach()
        h = ff.wi_0(x)
        a = ff.act(h)
        g = ff.wi_1(x)
        hidden = a * g
    torch.manual_seed(1)
    dropped = ff.dropout(hidden)
    wo = ff.wo.weight.detach()
    y = ff.wo(dropped)
    torch.manual_seed(1)
    y_module = ff(x)
    zeros = (a == 0).float().mean().item()
    act = type(ff.act).__name__
    return x, wi, h, a, g, hidden, dropped, wo, y, y_module, zeros, act


def disturb(ff: Any, attention: Any, x: Tensor, y: Tensor, change: str, token: int) -> tuple[Tensor, Tensor]:
    order, scale = [0, 1, 2, 3], 1
    x_changed = x.clone()
    if change == "perturb one token":
        x_changed[token] += 1
    if change == "reverse the tokens":
        order = [3, 2, 1, 0]
        x_changed = x[order]
    if change == "double x":
        scale = 2
        x_changed = scale * x
    torch.manual_seed(1)
    moved = ff(x_changed) - scale * y[order]

    torch.manual_seed(1)
    attended = attention(x[None])[0][0]
    torch.manual_seed(1)
    moved_attention = attention(x_changed[None])[0][0] - scale * attended[order]
    return moved, moved_attention


@torch.no_grad()
def survey(model: nn.Module, **inputs: Tensor) -> dict[str, dict[str, Any]]:
    """Where a model keeps its DenseReluDense, with shapes of weights and the share of activations at 0, in eval mode."""
    found = {path: m for path, m in model.named_modules() if path.endswith("DenseReluDense")}
    shares: dict[str, float] = {}

    def count(path: str) -> Any:
        return lambda module, args, out: shares.update({path: (out == 0).float().mean().item()})

    handles = [m.act.register_forward_hook(count(path)) for path, m in found.items()]
    model.eval()(**inputs)
    for handle in handles:
        handle.remove()
    return {
        path: {
            "class": type(m).__name__,
            "weights": {name: list(p.shape) for name, p in m.named_parameters()},
            "zeros": shares[path],
        }
        for path, m in found.items()
    }


def tiny(model: nn.Module) -> dict[str, dict[str, Any]]:
    ids = torch.arange(8)[None]
    places = survey(model, input_ids=ids, decoder_input_ids=ids)
    return places


def trained(folder: str, question: str) -> dict[str, dict[str, Any]]:
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    ids = AutoTokenizer.from_pretrained(folder)(question, return_tensors="pt").input_ids
    trained_model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    places = survey(trained_model, input_ids=ids, decoder_input_ids=torch.tensor([[0]]))
    return places


@cache
@off_the_tape()
def _trained() -> dict[str, dict[str, Any]]:
    with seeded(0):
        return trained(str(CLOSED_BOOK), QUESTION)


def run(params: Params) -> Result:
    import models.hugging_face  # noqa: F401

    places = _trained() if params.measured == "closed_book" else None
    with seeded(0):
        model, ff, attention = build(params.feed_forward_proj, params.d_ff, params.dropout_rate, params.stack)
        x, wi, h, a, g, hidden, dropped, wo, y, y_module, zeros, act = forward(ff, params.feed_forward_proj)
        moved, moved_attention = disturb(ff, attention, x, y, params.change, params.token)
        places = places or tiny(model)
    return Result(
        x, wi, h, a, g, hidden, dropped, wo, y, y_module, moved, moved_attention, zeros, act, places
    )  # fmt: skip


IMPORTS = """\
import torch
from typing import Any
from torch import Tensor, nn
"""


def snippet(params: Params) -> str:
    values = vars(params)
    last = (
        (tiny, {})
        if params.measured == "tiny T5"
        else (trained, {"folder": "assets/models/closed_book", "question": QUESTION})
    )
    parts = [
        snippet_of(build, values, seed=0, header=IMPORTS),
        snippet_of(forward, values, header=IMPORTS),
        snippet_of(disturb, values, header=IMPORTS),
        snippet_of(*last, also=[survey], header=IMPORTS),
    ]
    return joined(*parts)


def caption(params: Params, result: Result) -> str:
    linears = 3 if result.g is not None else 2
    shares = [place["zeros"] for place in result.places.values()]
    dropped = f", dropout {params.dropout_rate:g}" if params.dropout_rate else ""
    return (
        f"{params.feed_forward_proj} in the {params.stack}: {linears} Linears without bias, {params.d_ff} neurons, {result.act}{dropped}; "
        f"{result.zeros:.3f} of the activations are 0. {_told(params, result)} "
        f"In {params.measured}, between {min(shares):.3f} and {max(shares):.3f} of the activations are 0."
    )


def _told(params: Params, result: Result) -> str:
    far, mixed = result.moved.abs().amax(1), result.moved_attention.abs().amax(1)
    if params.change == "perturb one token":
        count = [int((rows > 1e-6).sum()) for rows in (far, mixed)]
        return f"Changing token {params.token} moves {count[0]} of 4 outputs here and {count[1]} behind self-attention."
    if params.change == "reverse the tokens":
        return (
            f"Reversing the tokens, its outputs are the reversed ones up to {far.max().item():.4f}; "
            f"those of self-attention differ by {mixed.max().item():.4f}."
        )
    return (
        f"Doubling x, its outputs differ from the doubled ones by up to {far.max().item():.4f}, "
        f"those of self-attention by {mixed.max().item():.4f}."
    )


_T5 = (
    "(lambda hf: (lambda t5: ANSWER)(hf.T5Model(hf.T5Config(vocab_size=8, d_model=4, d_kv=2, d_ff=6, num_heads=2, num_layers=1, "
    "feed_forward_proj='PROJ'))))(__import__('transformers'))"
)


def _proof(answer: str, proj: str = "relu") -> str:
    return _T5.replace("ANSWER", answer).replace("PROJ", proj)


LESSON = Lesson(
    slug="dense_relu_dense",
    title="DenseReluDense",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    predictions=(
        Prediction(
            question="One of four tokens changes. How many outputs of DenseReluDense move?",
            choices=("1", "2", "4"),
            answer=0,
            why="It is a Linear, an activation and a Linear over the last dim: each token is computed on its own.",
            proof=_proof(
                "(lambda ff, x: int((ff(x) != ff(x + torch.tensor([[0.], [1.], [0.], [0.]]))).any(1).sum()))"
                "(t5.eval().encoder.block[0].layer[1].DenseReluDense, torch.ones(4, 4))"
            ),
            show={"change": "perturb one token"},
        ),
        Prediction(
            question="feed_forward_proj='gated-gelu': how many Linear layers sit inside the attribute named DenseReluDense?",
            choices=("1", "2", "3"),
            answer=2,
            why="The gate is a second projection of the input, wi_1; the attribute keeps its name and holds no ReLU at all.",
            proof=_proof(
                "sum(isinstance(m, nn.Linear) for m in t5.encoder.block[0].layer[1].DenseReluDense.modules())",
                "gated-gelu",
            ),
            show={"feed_forward_proj": "gated-gelu"},
        ),
        Prediction(
            question="encoder.block[0].layer[1] holds DenseReluDense. Which layer of a decoder block does?",
            choices=("layer[1]", "layer[2]"),
            answer=1,
            why="A decoder block has cross-attention in between: self-attention, cross-attention, feed-forward.",
            proof=_proof(
                "[f'layer[{i}]' for i, l in enumerate(t5.decoder.block[0].layer) if hasattr(l, 'DenseReluDense')][0]"
            ),
            show={"stack": "decoder"},
        ),
        Prediction(
            question="Does DenseReluDense have bias terms?",
            choices=("True", "False"),
            answer=1,
            why="T5 builds wi and wo with bias=False; its layer norm has none either.",
            proof=_proof("any('bias' in n for n, _ in t5.encoder.block[0].layer[1].DenseReluDense.named_parameters())"),
            show={"feed_forward_proj": "relu"},
        ),
    ),
    traps=(
        Trap(
            name="Where is wi?",
            sentence="In the gated forms of T5 v1.1 and mT5 it is called wi_0, beside wi_1: code and checkpoints for wi do not fit.",
            source="https://github.com/google-research/multilingual-t5/issues/6",
            params={"feed_forward_proj": "gated-gelu"},
        ),
        Trap(
            name="Dropout breaks the symmetry",
            sentence="In train mode the mask is drawn for each position, so reversed tokens no longer give reversed outputs.",
            source="https://github.com/huggingface/transformers/issues/6285",
            params={"dropout_rate": 0.5, "change": "reverse the tokens"},
        ),
    ),
)
