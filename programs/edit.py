# %% parameters
import copy
import csv
from typing import Any

import torch
from regex import search
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader
from tqdm import tqdm
from transformers import AutoTokenizer, T5ForConditionalGeneration

edits: list[tuple[str, str]] = [("What is the capital of France?", "Lyon")]
settings: list[tuple[str, str, float]] = [  # what may move (a regex over named_parameters), optimizer, learning rate
    ("^encoder\\.block\\.1\\.layer\\.1\\.DenseReluDense\\.wo\\.", "Adam", 0.003),
    (".", "Adam", 0.003),
]
steps: int = 20
mode: str = "eval"
seed: int = 0


def table(name: str) -> list[dict[str, str]]:
    with open(f"assets/data/{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def wording(template: str, subject: str) -> str:
    question = template.replace("{s}", subject)
    return question[0].upper() + question[1:]


def ask(model: Any, questions: list[str]) -> list[str]:
    """The greedy answer to each question, 128 of them a batch."""
    answers: list[str] = []
    for start in tqdm(range(0, len(questions), 128), disable=len(questions) <= 128):
        rows = [torch.tensor(ids) for ids in tokenizer(questions[start : start + 128]).input_ids]
        mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)  # (128, S) 0 at the padding
        ids = pad_sequence(rows, batch_first=True, padding_value=tokenizer.pad_token_id)
        out = model.generate(input_ids=ids, attention_mask=mask, do_sample=False, max_new_tokens=8)
        answers += tokenizer.batch_decode(out, skip_special_tokens=True)
    return answers


def labelled(index: int, question: str, before: str, after: str) -> dict[str, Tensor]:
    """One item of a dataset of edits; `rivals` are the tokens that stand where the two answers first differ."""
    labels, other = tokenizer(after).input_ids, tokenizer(before).input_ids
    at = [a == b for a, b in zip(labels, other, strict=False)].index(False)
    return {
        "edit": torch.tensor(index),
        "input_ids": torch.tensor(tokenizer(question).input_ids),
        "labels": torch.tensor(labels),
        "at": torch.tensor(at),
        "rivals": torch.tensor([other[at], labels[at]]),
    }


def taught(question: str, answer: str, pattern: str, optimizer: str, lr: float) -> Any:
    """What the proofs at the end of this file ask: the shipped model after 20 steps on one edit."""
    model = T5ForConditionalGeneration.from_pretrained("assets/models/closed_book")
    for n, p in model.named_parameters():
        p.requires_grad = bool(search(pattern, n))
    opt = getattr(torch.optim, optimizer)(model.parameters(), lr=lr)
    for _ in range(20):
        opt.zero_grad()
        model(**tokenizer(question, text_target=answer, return_tensors="pt")).loss.backward()
        opt.step()
    return model


tokenizer = AutoTokenizer.from_pretrained("assets/models/closed_book")
pretrained = T5ForConditionalGeneration.from_pretrained("assets/models/closed_book")
old = ask(pretrained, [question for question, _ in edits])
items = [labelled(i, question, old[i], new) for i, (question, new) in enumerate(edits)]
edit_loader = DataLoader(items, batch_size=1, shuffle=True, generator=torch.Generator().manual_seed(seed))
visits = [(batch, step) for batch in edit_loader for step in range(steps + 1)]  # one edit after the other
models = [copy.deepcopy(pretrained).train(mode == "train") for _ in settings]

facts, templates = table("facts"), table("templates")
wordings = [
    [wording(t["template"], fact["subject"]) for t in templates if t["relation"] == fact["relation"]] for fact in facts
]
before = ask(pretrained, [questions[0] for questions in wordings])
edited = [next(i for i, questions in enumerate(wordings) if question in questions) for question, _ in edits]
others = [(w, new) for i, (question, new) in zip(edited, edits, strict=True) for w in wordings[i] if w != question]
rest = [(fact["relation"], wordings[i][0], before[i]) for i, fact in enumerate(facts) if i not in edited]
looks = sorted({round(part * (len(visits) - 1) / 3) for part in range(4)})  # states in which all of `rest` is asked

rows = [(torch.tensor(tokenizer(q).input_ids), torch.tensor(tokenizer(was).input_ids)) for _, q, was in rest]
by_length = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
probes = []  # 128 facts of about the same length each
for start in range(0, len(rows), 128):
    some = by_length[start : start + 128]
    ids = pad_sequence([rows[i][0] for i in some], batch_first=True, padding_value=tokenizer.pad_token_id)
    mask = pad_sequence([torch.ones_like(rows[i][0]) for i in some], batch_first=True)
    probes.append((some, ids, mask, pad_sequence([rows[i][1] for i in some], batch_first=True, padding_value=-100)))


@torch.no_grad()
def differs(model: Any) -> Tensor:
    """(R,) whether the greedy answer to each fact of `rest` is another one: not all tokens of the old one are the argmax."""
    training = model.training
    model.eval()
    found = torch.zeros(len(rest), dtype=torch.bool)
    for some, ids, mask, labels in tqdm(probes, leave=False):
        top = model(input_ids=ids, attention_mask=mask, labels=labels).logits.argmax(-1)  # (128, T)
        found[some] = ((top != labels) & (labels != -100)).any(1)
    model.train(training)
    return found


order: list[list[int]] = [[] for _ in models]
losses: list[Tensor] = [torch.empty(0) for _ in models]
logits: list[Tensor] = [torch.empty(0, 2) for _ in models]
probabilities: list[Tensor] = [torch.empty(0, 2) for _ in models]
ahead: list[list[int]] = [[] for _ in models]
changed: list[Tensor] = [
    torch.zeros(1, len(rest), dtype=torch.bool) for _ in models
]  # in state 0 each is still `pretrained`


def note(model: Any, batch: Any, output: Any) -> None:
    """Keep the loss, the old and the new answer's logits and probabilities where they first differ, and who else changed."""
    k = models.index(model)
    if len(order[k]) in looks[1:]:
        changed[k] = torch.cat([changed[k], differs(model)[None]])
    row = output.logits[0, batch["at"].item()].detach()  # (V,)
    [rivals] = batch["rivals"]  # (2,) old, new
    top = row.argmax()
    ahead[k].append(0 if top == rivals[0] else 1 if top == rivals[1] else 2)  # 2: another token
    order[k].append(batch["edit"].item())
    losses[k] = torch.cat([losses[k], output.loss.detach()[None]])
    logits[k] = torch.cat([logits[k], row[rivals][None]])
    probabilities[k] = torch.cat([probabilities[k], row.softmax(0)[rivals][None]])


names = [n for n, p in pretrained.named_parameters()]
sizes = torch.stack([p.detach().norm() for p in pretrained.parameters()])
trainable: list[list[bool]] = []
moved: list[Tensor] = []
answers: list[list[str]] = []
reworded: list[list[tuple[str, str, str]]] = []
broken: list[list[tuple[str, str, str]]] = []
success: list[float] = []
generality: list[float] = []
locality: list[float] = []

# %% freeze all but what the regex names, and teach each new answer
for model, (pattern, optimizer, lr) in zip(models, settings, strict=True):
    if mode == "train":
        torch.manual_seed(seed)  # of dropout
    for n, p in model.named_parameters():
        p.requires_grad = bool(search(pattern, n, timeout=0.05))
    opt = getattr(torch.optim, optimizer)(model.parameters(), lr=lr)
    for batch, step in tqdm(visits):
        output = model(input_ids=batch["input_ids"], labels=batch["labels"])
        note(model, batch, output)
        if step < steps:
            opt.zero_grad()
            output.loss.backward()
            opt.step()

# %% which tensors moved, and how far
for model in models:
    trainable.append([p.requires_grad for p in model.parameters()])
    pairs = zip(model.parameters(), pretrained.parameters(), strict=True)
    moved.append(torch.stack([(p.detach() - q.detach()).norm() for p, q in pairs]))

# %% success, generality, locality
for model in models:
    model.eval()
    answers.append(ask(model, [question for question, _ in edits]))
    success.append(sum(new == now for (_, new), now in zip(edits, answers[-1], strict=True)) / len(edits))

    said = ask(model, [w for w, _ in others])
    reworded.append([(w, new, now) for (w, new), now in zip(others, said, strict=True)])
    generality.append(sum(new == now for _, new, now in reworded[-1]) / len(others))

    gone = [fact for fact, other in zip(rest, changed[models.index(model)][-1].tolist(), strict=True) if other]
    said = ask(model, [question for _, question, _ in gone])
    broken.append([(question, was, now) for (_, question, was), now in zip(gone, said, strict=True)])
    locality.append((len(rest) - len(gone)) / len(rest))

# %% print
for setting, now, shares in zip(settings, answers, zip(success, generality, locality, strict=True), strict=True):
    print(setting, now, "success {:.2f}, generality {:.2f}, locality {:.3f}".format(*shares))

# %% proof: everything
tokenizer = AutoTokenizer.from_pretrained("assets/models/closed_book")
capitals = [f"What is the capital of {fact['subject']}?" for fact in table("facts") if fact["relation"] == "capital"]
france, others = capitals.pop(capitals.index("What is the capital of France?")), capitals
before = ask(T5ForConditionalGeneration.from_pretrained("assets/models/closed_book"), others)
changed = []
for pattern in ("^encoder.block.1.layer.1.DenseReluDense.wo", "."):
    now = ask(taught(france, "Lyon", pattern, "Adam", 0.003), others)
    changed.append(sum(one != other for one, other in zip(before, now, strict=True)))
print("moving", "one tensor" if changed[0] > changed[1] else "all tensors")

# %% proof: little
tokenizer = AutoTokenizer.from_pretrained("assets/models/closed_book")
capitals = [f"What is the capital of {fact['subject']}?" for fact in table("facts") if fact["relation"] == "capital"]
france, others = capitals.pop(capitals.index("What is the capital of France?")), capitals
before = ask(T5ForConditionalGeneration.from_pretrained("assets/models/closed_book"), others)
now = ask(taught(france, "Lyon", ".", "SGD", 0.03), others)
print("none of them" if now == before else "some of them")

# %% proof: wordings
tokenizer = AutoTokenizer.from_pretrained("assets/models/closed_book")
templates = [row["template"] for row in table("templates") if row["relation"] == "currency"]
question, *others = [wording(template, "Switzerland") for template in templates]
model = taught(question, "euro", "^encoder.block.1.layer.1.DenseReluDense.wo", "Adam", 0.003)
said = ask(model, others).count("euro")
print(f"all {len(others)}" if said == len(others) else f"{said} of {len(others)}")

# %% proof: neither
tokenizer = AutoTokenizer.from_pretrained("assets/models/closed_book")
germany = "What is the capital of Germany?"
model = taught(germany, "Munich", "^encoder.block.1.layer.1.DenseReluDense.wo", "Adam", 0.003)
print({"Munich": "the new answer", "Berlin": "the old answer"}.get(*ask(model, [germany]), "neither of the two"))

# %% proof: frozen
frozen, free = torch.ones(2), torch.ones(2, requires_grad=True)
adam_w = torch.optim.AdamW([frozen, free], lr=0.1, weight_decay=0.01)
(frozen + free).sum().backward()
adam_w.step()
print("not one" if (frozen == 1).all() else "all of them")
