# %% parameters
import csv
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BertConfig,
    BertModel,
    T5Config,
    T5EncoderModel,
)

folder: str = "assets/models/extractive"
padding_side: str = "left"
pads: int = 16  # cells more than the longest row
attention_mask: bool = True  # 1 = attend, 0 where a cell is padding; False: 1 everywhere
position_ids: str = "default: 0, 1, 2, ..."
question: str = "What is the capital of France?"
context: str = "Lyon is known for its food, Marseille for its port. Paris has been the capital of France since 987."


def filled(rows: list[list[int]], width: int, side: str, value: int) -> Tensor:
    """(N, width) from rows of different length."""
    cells = [[value] * (width - len(row)) for row in rows]
    return torch.tensor([cell + row if side == "left" else row + cell for row, cell in zip(rows, cells, strict=True)])


def padded(encoded: list[Any], more: int, side: str, masked: bool, counted: bool) -> tuple[dict[str, Tensor], Tensor]:
    """The model's inputs, (N, longest + more) each, and where their tokens are real."""
    rows = [item["input_ids"] for item in encoded]
    width = max(map(len, rows)) + more
    keep = filled([[1] * len(row) for row in rows], width, side, 0)
    inputs = {"input_ids": filled(rows, width, side, tokenizer.pad_token_id)}
    inputs["attention_mask"] = keep if masked else torch.ones_like(keep)
    if "token_type_ids" in encoded[0]:
        inputs["token_type_ids"] = filled([item["token_type_ids"] for item in encoded], width, side, 0)
    if counted:
        inputs["position_ids"] = (keep.cumsum(dim=1) - 1).clamp(min=0)
    return inputs, keep.bool()


def answer_in(text: str, encoded: Any, start: Tensor, end: Tensor) -> str:
    """The best pair of tokens that may be an answer: both in the context, not crossed, at most 30 tokens."""
    inside = torch.tensor([side == 1 for side in encoded.sequence_ids()])
    legal = (inside[:, None] & inside[None, :]).triu().tril(29)
    scores = (start[:, None] + end[None, :]).masked_fill(~legal, float("-inf"))
    first, last = divmod(int(scores.argmax()), len(start))
    return text[encoded["offset_mapping"][first][0] : encoded["offset_mapping"][last][1]]


def every_60th_fact() -> list[tuple[str, str]]:
    """Questions in the first wording of their relation, and their answers."""
    tables = []
    for name in ("facts", "templates"):
        with open(f"assets/data/{name}.csv", encoding="utf-8", newline="") as file:
            tables.append(list(csv.DictReader(file)))
    facts, templates = tables
    first = {row["relation"]: row["template"] for row in reversed(templates) if row["use"] == "train"}
    asked = [(first[fact["relation"]].replace("{s}", fact["subject"]), fact["answer"]) for fact in facts[::60]]
    return [(wording[0].upper() + wording[1:], answer) for wording, answer in asked]


tokenizer = AutoTokenizer.from_pretrained(folder)
model: Any
if folder == "assets/models/extractive":
    model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype=torch.float32)  # in eval mode already
    encoded = tokenizer(question, context, return_offsets_mapping=True)
else:
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32)  # in eval mode already
    encoded = tokenizer(question, return_offsets_mapping=True)
from_first_token = position_ids == "counted from the first real token"

# %% read the question alone and padded: how far does each real token move?
alone, _ = padded([encoded], 0, "right", masked=True, counted=False)
inputs, keep = padded([encoded], pads, padding_side, attention_mask, from_first_token)
with torch.no_grad():
    if folder == "assets/models/extractive":
        before, after = (model(**each, output_hidden_states=True) for each in (alone, inputs))
        hidden = after.hidden_states[-1][keep] - before.hidden_states[-1][0]  # (S, D) of the real tokens
    else:
        answered = model.generate(**alone, max_new_tokens=16, do_sample=False)
        labels = answered[:, 1:]  # (1, A): both decoders read the answer given without padding
        before, after = (model(**each, labels=labels) for each in (alone, inputs))
        hidden = after.encoder_last_hidden_state[keep] - before.encoder_last_hidden_state[0]
hidden_gap = hidden.abs().amax(dim=-1)  # (S,)

# %% the logits and the answer
tokens = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
if folder == "assets/models/extractive":
    named = tokens
    logits_alone = torch.cat([before.start_logits, before.end_logits])  # (2, S)
    logits_padded = torch.stack([after.start_logits[keep], after.end_logits[keep]])  # (2, S)
    gap = (logits_padded - logits_alone).abs()
    answer_alone = answer_in(context, encoded, *logits_alone)
    answer_padded = answer_in(context, encoded, *logits_padded)
else:
    named = tokenizer.convert_ids_to_tokens(labels[0])
    logits_alone = before.logits.gather(2, labels.unsqueeze(2)).squeeze(2)  # (1, A) of each token of the answer
    logits_padded = after.logits.gather(2, labels.unsqueeze(2)).squeeze(2)
    gap = (after.logits - before.logits).abs().amax(dim=2)  # (1, A) over all words
    answer_alone = tokenizer.decode(answered[0], skip_special_tokens=True)
    answer_padded = tokenizer.decode(model.generate(**inputs, max_new_tokens=16)[0], skip_special_tokens=True)

# %% the mean over the cells, as a vector of the text
if folder == "assets/models/extractive":
    states, own = after.hidden_states[-1][0], before.hidden_states[-1][0]  # (S + pads, D), (S, D)
else:
    states, own = after.encoder_last_hidden_state[0], before.encoder_last_hidden_state[0]
means = {"all cells": states.mean(dim=0), "real cells": states[keep[0]].mean(dim=0)}
pooled_gap = {name: (mean - own.mean(dim=0)).abs().max().item() for name, mean in means.items()}

# %% words that the vocabulary lacks
if folder == "assets/models/extractive":
    places = zip(encoded["input_ids"], encoded.sequence_ids(), encoded["offset_mapping"], strict=True)
    lacking = [((question, context)[side], at) for i, side, at in places if i == tokenizer.unk_token_id]
    unknown_words = [text[start:end] for text, (start, end) in lacking]
else:
    pairs = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    unknown_words = [question[start:end].strip() for i, (start, end) in pairs if i == tokenizer.unk_token_id]

# %% a small set, each question alone and all in one padded batch, in every setting
if folder == "assets/models/extractive":
    rows = [
        "What is the capital of France? | Lyon is known for its food, Marseille for its port. Paris has been the capital of France since 987. | Paris",
        "Who painted the ceiling? | The chapel was built for a pope. Its ceiling was painted by Michelangelo in 1512. | Michelangelo",
        "When did the bridge open? | Work on the bridge began in 1933, and it opened in 1937 after four years. | 1937",
        "Who wrote the novel? | The novel Frankenstein was written by Mary Shelley and published in London. | Mary Shelley",
        "What does the company make? | Lego is a company from Billund in Denmark that makes plastic toy bricks. | plastic toy bricks",
        "Which team won? | In the final of 2014, Germany beat Argentina by one goal to nil in Rio. | Germany",
        "What is the largest planet? | Saturn is famous for its rings, but the largest planet is Jupiter. | Jupiter",
        "Who discovered penicillin? | Penicillin was discovered in 1928 by Alexander Fleming, a doctor in London. | Alexander Fleming",
        "How many players are on the field? | A match lasts ninety minutes, and each team has eleven players on the field. | eleven",
        "What colour is the flag? | The old flag of the city was blue, but since 1990 the flag has been green. | green",
    ]
    asked: list[Any] = [tuple(row.split(" | ")) for row in rows]
else:
    asked = every_60th_fact()


@torch.no_grad()
def right_spans(rows: list[Any], *setting: Any) -> int:
    """How many are answered exactly."""
    items = [tokenizer(question, text, return_offsets_mapping=True) for question, text, _ in rows]
    batch, real = padded(items, *setting)
    output = model(**batch)
    ends = zip(output.start_logits, output.end_logits, real, strict=True)
    found = [
        answer_in(text, item, start[at], end[at])
        for (_, text, _), item, (start, end, at) in zip(rows, items, ends, strict=True)
    ]
    return sum(answer == wanted for answer, (_, _, wanted) in zip(found, rows, strict=True))


@torch.no_grad()
def right_facts(rows: list[Any], *setting: Any) -> int:
    """How many are answered exactly: all right token by token, which is all right here."""
    batch, _ = padded([tokenizer(question) for question, _ in rows], *setting)
    answers = [tokenizer(answer)["input_ids"] for _, answer in rows]
    labels = filled(answers, max(map(len, answers)), "right", -100)
    best = model(**batch, labels=labels).logits.argmax(dim=-1)
    return int(((best == labels) | (labels == -100)).all(dim=1).sum())


if folder == "assets/models/extractive":
    right, ways = right_spans, {"default positions": False, "positions counted": True}
else:
    right, ways = right_facts, {"": False}
settings = {
    ", ".join(filter(None, [side, mask, way])): (pads, side, mask == "mask", counted)
    for side in ("right", "left")
    for mask in ("mask", "no mask")
    for way, counted in ways.items()
}
accuracy = {
    "each alone": sum(right([row], 0, "right", True, False) for row in asked) / len(asked),
    **{name: right(asked, *setting) / len(asked) for name, setting in settings.items()},
}

# %% print
print(f"{answer_alone!r} alone, {answer_padded!r} padded; a real token moves by up to {hidden_gap.max():.4f}")
for name, share in accuracy.items():
    print(f"{share:5.0%} {name}")

# %% proof: left
bert = BertModel(
    BertConfig(vocab_size=32, hidden_size=16, num_attention_heads=2, intermediate_size=16, num_hidden_layers=1)
).eval()
ids = torch.tensor([[5, 6, 7, 8]])
left, mask = F.pad(ids, (3, 0)), F.pad(torch.ones_like(ids), (3, 0))
same = torch.isclose(bert(left, attention_mask=mask)[0][0, 3:], bert(ids)[0][0], atol=1e-5).all(dim=-1)
print("all of them" if same.all() else "some of them" if same.any() else "none of them")

# %% proof: positions
bert = BertModel(
    BertConfig(vocab_size=32, hidden_size=16, num_attention_heads=2, intermediate_size=16, num_hidden_layers=1)
).eval()
ids = torch.tensor([[5, 6, 7, 8]])
left, mask = F.pad(ids, (3, 0)), F.pad(torch.ones_like(ids), (3, 0))
places = (mask.cumsum(1) - 1).clamp(min=0)
moved = bert(left, attention_mask=mask, position_ids=places)[0][0, 3:] - bert(ids)[0][0]
print("all of them" if moved.abs().max() < 1e-5 else "not all of them")

# %% proof: no mask
bert = BertModel(
    BertConfig(vocab_size=32, hidden_size=16, num_attention_heads=2, intermediate_size=16, num_hidden_layers=1)
).eval()
ids = torch.tensor([[5, 6, 7, 8]])
same = torch.isclose(bert(F.pad(ids, (0, 3)))[0][0, :4], bert(ids)[0][0], atol=1e-5).all(dim=-1)
print("all of them" if same.all() else "some of them" if same.any() else "none of them")

# %% proof: the mean
bert = BertModel(
    BertConfig(vocab_size=32, hidden_size=16, num_attention_heads=2, intermediate_size=16, num_hidden_layers=1)
).eval()
ids = torch.tensor([[5, 6, 7, 8]])
mean = bert(F.pad(ids, (0, 3)), attention_mask=F.pad(torch.ones_like(ids), (0, 3)))[0].mean(dim=1)
print("it stays" if torch.allclose(mean, bert(ids)[0].mean(dim=1), atol=1e-4) else "it moves")

# %% proof: relative
t5 = T5EncoderModel(T5Config(vocab_size=32, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)).eval()
ids = torch.tensor([[5, 6, 7, 1]])
left, mask = F.pad(ids, (3, 0)), F.pad(torch.ones_like(ids), (3, 0))
moved = t5(left, attention_mask=mask)[0][0, 3:] - t5(ids)[0][0]
print("all of them" if moved.abs().max() < 1e-5 else "not all of them")
