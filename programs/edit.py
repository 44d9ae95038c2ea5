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


tokenizer = AutoTokenizer.from_pretrained("assets/models/closed_book")
pretrained = T5ForConditionalGeneration.from_pretrained("assets/models/closed_book")
old = ask(pretrained, [question for question, _ in edits])
items = [labelled(i, question, old[i], new) for i, (question, new) in enumerate(edits)]
edit_loader = DataLoader(items, batch_size=1, shuffle=True, generator=torch.Generator().manual_seed(seed))
visits = [(batch, step) for batch in edit_loader for step in range(steps + 1)]  # one edit after the other
models = [copy.deepcopy(pretrained).train(mode == "train") for _ in settings]

order: list[list[int]] = []
losses: list[Tensor] = []
logits: list[Tensor] = []
probabilities: list[Tensor] = []


def note(model: Any, batch: Any, output: Any) -> None:
    """Keep the loss, and the logits and probabilities of the old and the new answer where they first differ."""
    k = models.index(model)
    if k == len(order):
        order.append([])
        losses.append(torch.empty(0))
        logits.append(torch.empty(0, 2))
        probabilities.append(torch.empty(0, 2))
    row = output.logits[0, batch["at"].item()].detach()  # (V,)
    [rivals] = batch["rivals"]  # (2,) old, new
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
kept: list[dict[str, tuple[int, int]]] = []
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
        if step < steps:
            opt.zero_grad()
            output.loss.backward()
            opt.step()
        note(model, batch, output)

# %% which tensors moved, and how far
for model in models:
    trainable.append([p.requires_grad for p in model.parameters()])
    pairs = zip(model.parameters(), pretrained.parameters(), strict=True)
    moved.append(torch.stack([(p.detach() - q.detach()).norm() for p, q in pairs]))

# %% the other wordings of the edited facts, and the facts that nobody edited
facts, templates = table("facts"), table("templates")
wordings = [
    [wording(t["template"], fact["subject"]) for t in templates if t["relation"] == fact["relation"]] for fact in facts
]
before = ask(pretrained, [questions[0] for questions in wordings])
edited = [next(i for i, questions in enumerate(wordings) if question in questions) for question, _ in edits]
others = [(w, new) for i, (question, new) in zip(edited, edits, strict=True) for w in wordings[i] if w != question]
rest = [(fact["relation"], wordings[i][0], before[i]) for i, fact in enumerate(facts) if i not in edited]

# %% success, generality, locality
for model in models:
    model.eval()
    answers.append(ask(model, [question for question, _ in edits]))
    success.append(sum(new == now for (_, new), now in zip(edits, answers[-1], strict=True)) / len(edits))

    said = ask(model, [w for w, _ in others])
    reworded.append([(w, new, now) for (w, new), now in zip(others, said, strict=True)])
    generality.append(sum(new == now for _, new, now in reworded[-1]) / len(others))

    said = ask(model, [question for _, question, _ in rest])
    broken.append([(question, was, now) for (_, question, was), now in zip(rest, said, strict=True) if now != was])
    locality.append(sum(was == now for (_, _, was), now in zip(rest, said, strict=True)) / len(rest))

    kept.append({})
    for (relation, _, was), now in zip(rest, said, strict=True):
        same, total = kept[-1].get(relation, (0, 0))
        kept[-1][relation] = (same + (now == was), total + 1)

# %% print
for setting, now, shares in zip(settings, answers, zip(success, generality, locality, strict=True), strict=True):
    print(setting, now, "success {:.2f}, generality {:.2f}, locality {:.3f}".format(*shares))

# %% proof: equally far
w = torch.zeros(2, requires_grad=True)
w.grad = torch.tensor([100.0, 0.001])
torch.optim.Adam([w], lr=0.003).step()
print("equally far" if torch.allclose(w[0], w[1], rtol=1e-3) else "not equally far")

# %% proof: frozen
frozen, free = torch.ones(2), torch.ones(2, requires_grad=True)
adam_w = torch.optim.AdamW([frozen, free], lr=0.1, weight_decay=0.01)
(frozen + free).sum().backward()
adam_w.step()
print((frozen != 1).any().item())

# %% proof: batches
print(len(DataLoader(range(5), batch_size=1, shuffle=True)))

# %% proof: nothing to train
linear = torch.nn.Linear(2, 1).requires_grad_(False)
print(linear(torch.ones(2)).requires_grad)
