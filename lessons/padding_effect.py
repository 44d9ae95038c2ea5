"""Padding leaves the logits of real tokens alone only where a mask hides it and every token keeps its position."""

import copy
import functools
import inspect
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import torch
from torch import Tensor

from explorable.lesson import Example, Lesson, Prediction, Trap
from explorable.params import BadParam, choice, listed, switch, text
from lessons.shipped import shipped
from lessons.source import snippet_of

SPANS, T5 = "extractive, a BERT", "closed_book, a T5"
FOLDERS = {SPANS: "extractive", T5: "closed_book"}
Positions = Literal["default: 0, 1, 2, ...", "counted from the first real token"]
DEFAULT: Positions = "default: 0, 1, 2, ..."
FIXED: Positions = "counted from the first real token"
CONTEXT = "Lyon is known for its food, Marseille for its port. Paris has been the capital of France since 987."


@dataclass(frozen=True)
class Params:
    model: Literal["extractive, a BERT", "closed_book, a T5"] = choice(SPANS, about="both shipped")
    padding_side: Literal["right", "left"] = choice("left", about="where the filling goes")
    pads: Literal[0, 4, 16, 32] = choice(16, about="how many cells are added to the longest row")
    attention_mask: bool = switch(True, about="0 where a cell is filling; off: 1 everywhere")
    position_ids: Positions = choice(
        DEFAULT, about="a T5 has none: its positions are relative", when={"model": (SPANS,)}
    )
    question: str = text("What is the capital of France?", max_length=80, about="your own")
    context: str = text(CONTEXT, max_length=300, lines=4, about="where its answer stands", when={"model": (SPANS,)})


@dataclass(frozen=True)
class Result:
    tokens: list[str]  # S real tokens of the input
    unknown_words: list[str]
    inputs: dict[str, Tensor]  # what the model is given: (1, S + pads) each
    keep: Tensor  # (1, S + pads) bool: True where a token is real
    named: list[str]  # A tokens that have logits: those of the input, or those of the T5's answer
    logits_alone: Tensor  # (rows, A) without padding: start and end; or the T5's logit of each token of its answer
    logits_padded: Tensor  # (rows, A)
    gap: Tensor  # (rows, A) |padded - alone|; the T5's is the largest over all V words
    hidden_gap: Tensor  # (S,) largest |difference| of the encoder's last hidden state of each real token
    answer_alone: str
    answer_padded: str
    accuracy: dict[str, float]  # setting -> share of the small set answered exactly


def filled(rows: list[list[int]], width: int, side: str, value: int) -> Tensor:
    """(N, width) from rows of different length."""
    pads = [[value] * (width - len(row)) for row in rows]
    return torch.tensor([pad + row if side == "left" else row + pad for row, pad in zip(rows, pads, strict=True)])


def padded(
    encoded: list[Any], pad_token_id: int, pads: int, side: str, masked: bool, counted: bool
) -> tuple[dict[str, Tensor], Tensor]:
    """The model's inputs, (N, longest + pads) each, and where their tokens are real."""
    rows = [item["input_ids"] for item in encoded]
    width = max(map(len, rows)) + pads
    keep = filled([[1] * len(row) for row in rows], width, side, 0)
    inputs = {"input_ids": filled(rows, width, side, pad_token_id)}
    inputs["attention_mask"] = keep if masked else torch.ones_like(keep)
    if "token_type_ids" in encoded[0]:
        inputs["token_type_ids"] = filled([item["token_type_ids"] for item in encoded], width, side, 0)
    if counted:
        inputs["position_ids"] = (keep.cumsum(dim=1) - 1).clamp(min=0)
    return inputs, keep.bool()


def best_span(start: Tensor, end: Tensor, inside: Tensor) -> tuple[int, int]:
    """The best pair of tokens that may be an answer: both in the context, not crossed, at most 30 tokens."""
    legal = (inside[:, None] & inside[None, :]).triu().tril(29)
    scores = (start[:, None] + end[None, :]).masked_fill(~legal, float("-inf"))
    return divmod(int(scores.argmax()), len(start))


def answer_in(context: str, encoded: Any, start: Tensor, end: Tensor) -> str:
    first, last = best_span(start, end, torch.tensor([side == 1 for side in encoded.sequence_ids()]))
    return context[encoded["offset_mapping"][first][0] : encoded["offset_mapping"][last][1]]


def spans(
    tokenizer: Any,
    model: Any,
    question: str,
    context: str,
    pads: int,
    padding_side: str,
    attention_mask: bool,
    position_ids: str,
) -> tuple[Any, ...]:
    encoded = tokenizer(question, context, return_offsets_mapping=True)
    sides = encoded.sequence_ids()
    tokens = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    places = zip(encoded["input_ids"], sides, encoded["offset_mapping"], strict=True)
    unknown = [((question, context)[side], at) for i, side, at in places if i == tokenizer.unk_token_id]
    unknown_words = [where[start:end] for where, (start, end) in unknown]

    alone, _ = padded([encoded], tokenizer.pad_token_id, 0, "right", True, False)
    counted = position_ids != "default: 0, 1, 2, ..."
    inputs, keep = padded([encoded], tokenizer.pad_token_id, pads, padding_side, attention_mask, counted)
    before = model(**alone, output_hidden_states=True)
    after = model(**inputs, output_hidden_states=True)
    logits_alone = torch.cat([before.start_logits, before.end_logits])  # (2, S)
    logits_padded = torch.stack([after.start_logits[keep], after.end_logits[keep]])  # (2, S)
    gap = (logits_padded - logits_alone).abs()
    hidden_gap = (after.hidden_states[-1][keep] - before.hidden_states[-1][0]).abs().amax(dim=-1)  # (S,)

    named = tokens
    answer_alone = answer_in(context, encoded, *logits_alone)
    answer_padded = answer_in(context, encoded, *logits_padded)
    return (
        tokens, unknown_words, inputs, keep, named, logits_alone, logits_padded, gap, hidden_gap, answer_alone, answer_padded
    )  # fmt: skip


def generated(
    tokenizer: Any, model: Any, question: str, pads: int, padding_side: str, attention_mask: bool
) -> tuple[Any, ...]:
    encoded = tokenizer(question, return_offsets_mapping=True)
    tokens = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    places = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    unknown_words = [question[start:end].strip() for i, (start, end) in places if i == tokenizer.unk_token_id]

    alone, _ = padded([encoded], tokenizer.pad_token_id, 0, "right", True, False)
    inputs, keep = padded([encoded], tokenizer.pad_token_id, pads, padding_side, attention_mask, False)
    answered = model.generate(**alone, max_new_tokens=16, do_sample=False)
    answer_alone = tokenizer.decode(answered[0], skip_special_tokens=True)
    answer_padded = tokenizer.decode(model.generate(**inputs, max_new_tokens=16)[0], skip_special_tokens=True)

    labels = answered[:, 1:]  # (1, A): both decoders read the answer given without padding
    named = tokenizer.convert_ids_to_tokens(labels[0])
    before = model(**alone, labels=labels)
    after = model(**inputs, labels=labels)
    logits_alone = before.logits.gather(2, labels.unsqueeze(2)).squeeze(2)  # (1, A) of each token of the answer
    logits_padded = after.logits.gather(2, labels.unsqueeze(2)).squeeze(2)
    gap = (after.logits - before.logits).abs().amax(dim=2)  # (1, A) over all words
    hidden = after.encoder_last_hidden_state[keep] - before.encoder_last_hidden_state[0]
    hidden_gap = hidden.abs().amax(dim=-1)  # (S,)
    return (
        tokens, unknown_words, inputs, keep, named, logits_alone, logits_padded, gap, hidden_gap, answer_alone, answer_padded
    )  # fmt: skip


def span_accuracy(tokenizer: Any, model: Any, asked: list[tuple[str, str, str]], pads: int) -> dict[str, float]:
    def right(rows: list[tuple[str, str, str]], *setting: Any) -> int:
        encoded = [tokenizer(question, context, return_offsets_mapping=True) for question, context, _ in rows]
        inputs, keep = padded(encoded, tokenizer.pad_token_id, *setting)
        output = model(**inputs)
        found = [
            answer_in(context, item, output.start_logits[row, keep[row]], output.end_logits[row, keep[row]])
            for row, (item, (_, context, _)) in enumerate(zip(encoded, rows, strict=True))
        ]
        return sum(answer == wanted for answer, (_, _, wanted) in zip(found, rows, strict=True))

    accuracy = {"each alone": sum(right([row], 0, "right", True, False) for row in asked) / len(asked)}
    for side in ("right", "left"):
        for masked in (True, False):
            for counted in (False, True):
                name = f"{side}, {'mask' if masked else 'no mask'}, {'positions counted' if counted else 'default positions'}"
                accuracy[name] = right(asked, pads, side, masked, counted) / len(asked)
    return accuracy


def generated_accuracy(tokenizer: Any, model: Any, asked: list[tuple[str, str]], pads: int) -> dict[str, float]:
    def right(rows: list[tuple[str, str]], *setting: Any) -> int:
        inputs, _ = padded([tokenizer(question) for question, _ in rows], tokenizer.pad_token_id, *setting)
        answers = [tokenizer(answer)["input_ids"] for _, answer in rows]
        labels = filled(answers, max(map(len, answers)), "right", -100)
        best = model(**inputs, labels=labels).logits.argmax(dim=-1)  # all right here: all right token by token
        return int(((best == labels) | (labels == -100)).all(dim=1).sum())

    accuracy = {"each alone": sum(right([row], 0, "right", True, False) for row in asked) / len(asked)}
    for side in ("right", "left"):
        for masked in (True, False):
            accuracy[f"{side}, {'mask' if masked else 'no mask'}"] = right(asked, pads, side, masked, False) / len(
                asked
            )
    return accuracy


SET = [
    ("What is the capital of France?", CONTEXT, "Paris"),
    ("Who painted the ceiling?", "The chapel was built for a pope. Its ceiling was painted by Michelangelo in 1512.", "Michelangelo"),
    ("When did the bridge open?", "Work on the bridge began in 1933, and it opened in 1937 after four years.", "1937"),
    ("Who wrote the novel?", "The novel Frankenstein was written by Mary Shelley and published in London.", "Mary Shelley"),
    ("What does the company make?", "Lego is a company from Billund in Denmark that makes plastic toy bricks.", "plastic toy bricks"),
    ("Which team won?", "In the final of 2014, Germany beat Argentina by one goal to nil in Rio.", "Germany"),
    ("What is the largest planet?", "Saturn is famous for its rings, but the largest planet is Jupiter.", "Jupiter"),
    ("Who discovered penicillin?", "Penicillin was discovered in 1928 by Alexander Fleming, a doctor in London.", "Alexander Fleming"),
    ("How many players are on the field?", "A match lasts ninety minutes, and each team has eleven players on the field.", "eleven"),
    ("What colour is the flag?", "The old flag of the city was blue, but since 1990 the flag has been green.", "green"),
]  # fmt: skip


@functools.cache
def facts() -> list[tuple[str, str]]:
    """Every 60th fact in its first wording."""
    from models.facts import load_facts, wordings

    return [(wordings(fact, "train")[0], fact.answer) for fact in load_facts()[::60]]


@functools.cache
def _tokenizer(folder: str) -> Any:
    """Of its own: nobody sets its padding or truncation, which would change it under another thread's hands."""
    from models.hugging_face import AutoTokenizer
    from models.registry import FOLDER

    return AutoTokenizer.from_pretrained(FOLDER / folder, local_files_only=True)


def _model(folder: str) -> Any:
    """The shared one, or where that is on a GPU a copy in float32 on the CPU: differences of rounding are the subject."""
    model = shipped(folder).model
    return model if model.device.type == "cpu" else copy.deepcopy(model).float().cpu()


@functools.cache
def _accuracy(name: str, pads: int) -> dict[str, float]:
    """It depends on nothing else, so it is measured once."""
    folder = FOLDERS[name]
    if name == SPANS:
        return span_accuracy(_tokenizer(folder), _model(folder), SET, pads)
    return generated_accuracy(_tokenizer(folder), _model(folder), facts(), pads)


def relevant(params: Params) -> Params:
    """A control that is hidden stands at its default."""
    return params if params.model == SPANS else replace(params, position_ids=DEFAULT, context=CONTEXT)


def run(params: Params) -> Result:
    p = relevant(params)
    model, tokenizer = _model(FOLDERS[p.model]), _tokenizer(FOLDERS[p.model])
    check(p, tokenizer)
    setting = (p.pads, p.padding_side, p.attention_mask)
    with torch.no_grad():
        if p.model == SPANS:
            found = spans(tokenizer, model, p.question, p.context, *setting, p.position_ids)
        else:
            found = generated(tokenizer, model, p.question, *setting)
        named: dict[str, Any] = dict(zip((field.name for field in fields(Result)), found, strict=False))
        return Result(**named, accuracy=_accuracy(p.model, p.pads))


def check(params: Params, tokenizer: Any) -> None:
    """Raises BadParam with one sentence for a question or a context that cannot be read."""
    longest = {"question": 80, "context": 300}  # tokens; with the padding they stay below the 512 positions of the BERT
    for field, most in longest.items():
        size = len(tokenizer(getattr(params, field), add_special_tokens=False)["input_ids"])
        if not 1 <= size <= most:
            raise BadParam(f"{field} must have 1 to {most} tokens, not {size}.")


def snippet(params: Params) -> str:
    p = relevant(params)
    auto = "AutoModelForQuestionAnswering" if p.model == SPANS else "AutoModelForSeq2SeqLM"
    start = [
        "from typing import Any",
        "",
        "import torch",
        "from torch import Tensor",
        f"from transformers import {auto}, AutoTokenizer",
        "",
        f'folder = "assets/models/{FOLDERS[p.model]}"',
        "tokenizer = AutoTokenizer.from_pretrained(folder)",
        f"model = {auto}.from_pretrained(folder, dtype=torch.float32)  # in eval mode already",
    ]
    first, second = (spans, span_accuracy) if p.model == SPANS else (generated, generated_accuracy)
    helpers: list[Any] = [filled, padded, *([best_span, answer_in] if p.model == SPANS else [])]
    asked: Any = SET if p.model == SPANS else facts()
    blocks = ["\n".join(start), "", "", *[inspect.getsource(helper) + "\n" for helper in helpers]]
    values = {
        name: value for name, value in vars(p).items() if name != "model"
    }  # the snippet's model is the loaded one
    blocks.append(snippet_of(first, values, header=""))
    rows = "".join(f"    {row!r},\n" for row in asked)
    blocks.append(f"asked = [\n{rows}]\n\n\n" + snippet_of(second, {}, header=""))
    return "\n".join(blocks)


def setting_of(params: Params) -> str:
    """Its name in Result.accuracy."""
    name = f"{params.padding_side}, {'mask' if params.attention_mask else 'no mask'}"
    counted = "positions counted" if params.position_ids == FIXED else "default positions"
    return name if params.model == T5 else f"{name}, {counted}"


def caption(params: Params, result: Result) -> str:
    largest, setting = result.gap.max().item(), setting_of(params)
    lacks = f" Read as an unknown word: {listed(result.unknown_words)}." if result.unknown_words else ""
    same = result.answer_padded == result.answer_alone
    jumped = "stays" if same else f"jumps to {result.answer_padded!r} from"
    return (
        f"{params.model}, {params.pads} cells of padding: {setting}. The logits of {_tokens(params, result)} move by "
        f"up to {_size(largest)}, the encoder's output by {_size(result.hidden_gap.max().item())}; the answer {jumped} "
        f"{result.answer_alone!r}.{lacks} Of the small set {result.accuracy[setting]:.0%} are answered "
        f"exactly, {result.accuracy['each alone']:.0%} when each is read alone."
    )


def _tokens(params: Params, result: Result) -> str:
    """What the logits belong to; a T5 has them for the tokens of its answer."""
    noun = "real token" if params.model == SPANS else "answer token"
    return f"{len(result.named)} {noun}{'' if len(result.named) == 1 else 's'}"


def _size(gap: float) -> str:
    return f"{gap:.4f}" if gap >= 1e-4 or gap == 0 else f"{gap:.1e}, which is rounding"


_BERT = (
    "(lambda hf: (lambda bert, ids: (lambda alone, out: 'yes' if (out - alone).abs().max() < 1e-5 else 'no')(bert(ids)[0][0, 1:4], "
    "bert({call})[0][0, {real}]))(hf.BertModel(hf.BertConfig(vocab_size=32, hidden_size=16, num_attention_heads=2, "
    "intermediate_size=16, num_hidden_layers=1)).eval(), torch.tensor([[5, 6, 7, 8]])))(__import__('transformers'))"
)
_LEFT = "F.pad(ids, (3, 0)), attention_mask=F.pad(torch.ones_like(ids), (3, 0))"
LESSON = Lesson(
    slug="padding_effect",
    title="Padding changes logits, or not",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    tolerance=1e-4,  # shared cores split sums differently
    predictions=(
        Prediction(
            question="BERT, padded on the left, with a correct attention_mask: are the logits of the real tokens those without padding?",
            choices=("yes", "no"),
            answer=1,
            why="The mask hides the padding, but every real token has moved: its position embedding is another one.",
            proof=_BERT.format(call=_LEFT, real="4:7"),
            show={"padding_side": "left", "attention_mask": True, "position_ids": DEFAULT},
        ),
        Prediction(
            question="And with position_ids that count from the first real token?",
            choices=("yes", "no"),
            answer=0,
            why="Now the padding is hidden and every token has its own position: what is left is rounding, about 1e-6.",
            proof=_BERT.format(call=f"{_LEFT}, position_ids=torch.tensor([[0, 0, 0, 0, 1, 2, 3]])", real="4:7"),
            show={"padding_side": "left", "attention_mask": True, "position_ids": FIXED},
        ),
        Prediction(
            question="BERT, padded on the right, no attention_mask. The positions are right; are the logits of the real tokens?",
            choices=("yes", "no"),
            answer=1,
            why="Without a mask every real token attends to the padding as if it were text.",
            proof=_BERT.format(call="F.pad(ids, (0, 3))", real="1:4"),
            show={"padding_side": "right", "attention_mask": False},
        ),
        Prediction(
            question="T5, padded on the left, with a mask and no position_ids: are the logits those without padding?",
            choices=("yes", "no"),
            answer=0,
            why="T5 has relative positions: only the distance of two tokens counts, and padding moves all of them alike.",
            proof="(lambda hf: (lambda t5, ids, mask, labels: 'yes' if (t5(input_ids=F.pad(ids, (3, 0)), attention_mask="
            "F.pad(mask, (3, 0)), labels=labels).logits - t5(input_ids=ids, labels=labels).logits).abs().max() < 1e-5 else 'no')("
            "hf.T5ForConditionalGeneration(hf.T5Config(vocab_size=32, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, "
            "decoder_start_token_id=0)).eval(), torch.tensor([[5, 6, 7, 1]]), torch.ones(1, 4), torch.tensor([[9, 1]])))"
            "(__import__('transformers'))",
            show={"model": T5, "padding_side": "left", "attention_mask": True},
        ),
    ),
    traps=(
        Trap(
            name="Padded on the left, positions left at their default",
            sentence="The mask is right, and the answers are wrong: every real token is read at a position that is not its own.",
            source="https://github.com/TransformerLensOrg/TransformerLens/issues/1609",
            params={"padding_side": "left", "pads": 32},
        ),
        Trap(
            name="No attention_mask",
            sentence="Nothing in the model ignores the id of [PAD] by itself: real tokens attend to it.",
            source="https://github.com/huggingface/transformers/issues/278",
            params={"padding_side": "right", "attention_mask": False, "pads": 32},
        ),
        Trap(
            name="A T5 without attention_mask",
            sentence="Relative positions survive padding on either side; attention to the padding does not.",
            source="https://github.com/huggingface/transformers/issues/23179",
            params={"model": T5, "attention_mask": False, "pads": 32},
        ),
    ),
    button="Ask",
    instant=("model", "padding_side", "pads", "attention_mask", "position_ids"),
    examples=(
        Example("A BERT, padded with 32 cells", {"pads": 32}),
        Example("A T5, padded with 16 cells", {"model": T5}),
        *(
            Example(f"A BERT: {question}", {"question": question, "context": context})
            for question, context, _ in SET[1:4]
        ),
    ),
)
