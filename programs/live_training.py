# %% parameters
import math
import random
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm
from transformers import BertConfig, BertForQuestionAnswering

initializer_range: float = 0.15  # standard deviation of the first weights
lr: float = 0.002
batch_size: int = 32
steps: int = 150
seed: int = 0
padding: str = "no extra padding"
pads: int = 24
mode: str = "eval"
dropout: float = 0.1

SENTENCES = {
    "color": "it is {} .",
    "price": "it costs {} coins .",
    "owner": "{} owns it .",
    "place": "it was made in {} .",
}
VALUES = {
    "color": ["red", "blue", "green", "black", "white"],
    "price": ["ten", "twenty", "thirty", "forty", "fifty"],
    "owner": ["anna", "boris", "clara", "david", "emma"],
    "place": ["paris", "rome", "oslo", "cairo", "lima"],
}
WORDS = sorted(
    {word for words in VALUES.values() for word in words}
    | {word for sentence in SENTENCES.values() for word in sentence.split()} - {"{}"}
    | {"what", "the", "?", *SENTENCES}
)
VOCABULARY = {word: index for index, word in enumerate(["[PAD]", "[CLS]", "[SEP]", *WORDS])}
READINGS = ("no extra padding", "right", "right, no attention_mask", "left", "left, position_ids from the mask")
Example = tuple[list[str], int, int]


def ask(facts: dict[str, str], asked: str) -> Example:
    """The tokens of a question and its context; the answer's first and last token, inclusive."""
    tokens, start, end = f"[CLS] what is the {asked} ? [SEP]".split(), 0, 0
    for key, value in facts.items():
        before, after = SENTENCES[key].split("{}")
        if key == asked:
            start = len(tokens) + len(before.split())
            end = start + len(value.split()) - 1
        tokens += [*before.split(), *value.split(), *after.split()]
    return [*tokens, "[SEP]"], start, end


def sample(rng: random.Random) -> Example:
    """A random question about one of three random facts: one of 9,000."""
    keys = rng.sample(list(SENTENCES), 3)
    return ask({key: rng.choice(VALUES[key]) for key in keys}, rng.choice(keys))


def sample_but(rng: random.Random, kept_out: set[str]) -> Example:
    """A random question that is not among those kept out."""
    example = sample(rng)
    while " ".join(example[0]) in kept_out:
        example = sample(rng)
    return example


def collate(examples: list[Example], pads: int = 0, side: str = "right") -> dict[str, Tensor]:
    """One batch (N, T): as long as the longest example and `pads` more, padded on one side."""
    longest = max(len(tokens) for tokens, _, _ in examples) + pads
    ids = torch.full((len(examples), longest), VOCABULARY["[PAD]"])
    mask, kinds, positions = torch.zeros_like(ids), torch.zeros_like(ids), []
    for row, (tokens, start, end) in enumerate(examples):
        first = longest - len(tokens) if side == "left" else 0
        ids[row, first : first + len(tokens)] = torch.tensor([VOCABULARY[token] for token in tokens])
        mask[row, first : first + len(tokens)] = 1
        kinds[row, first + tokens.index("[SEP]") + 1 : first + len(tokens)] = 1  # the context
        positions.append((first + start, first + end))
    starts, ends = torch.tensor(positions).unbind(1)
    batch = {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}
    return {**batch, "start_positions": starts, "end_positions": ends}


def padded(examples: list[Example], kind: str, pads: int) -> dict[str, Tensor]:
    """The examples as one batch, padded as `kind` says."""
    if kind == "no extra padding":
        return collate(examples)
    batch = collate(examples, pads, side=kind.split(",")[0])
    if kind == "right, no attention_mask":
        del batch["attention_mask"]
    if kind == "left, position_ids from the mask":
        batch["position_ids"] = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
    return batch


@torch.no_grad()
def read_all(model: Any, batch: dict[str, Tensor]) -> tuple[Tensor, float, float]:
    """Start and end logits (N, 2, T), the share of examples whose two maxima are at the right tokens, and the loss."""
    output = model(**batch)
    logits = torch.stack([output.start_logits, output.end_logits], dim=1)
    wanted = torch.stack([batch["start_positions"], batch["end_positions"]], dim=1)
    exact = (logits.argmax(-1) == wanted).all(-1).float().mean().item()
    return logits, exact, output.loss.item()


config = BertConfig(
    vocab_size=len(VOCABULARY),
    hidden_size=48,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=96,
    max_position_embeddings=64,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    initializer_range=initializer_range,
)
torch.manual_seed(seed)
model = BertForQuestionAnswering(config)
opt = torch.optim.AdamW(model.parameters(), lr=lr)

facts = {"color": "red", "price": "ten", "owner": "anna"}
watched = [ask(facts, asked) for asked in facts]
tokens = [example[0] for example in watched]
targets = torch.tensor([example[1:] for example in watched])
even = [1 / 3] * 3  # what who knows the three candidates and ignores the question may give them
plateau = -math.log(even[0])
chances = [part / 150 for part in range(3, 151)]
costs = [-math.log(p) for p in chances]  # the loss where the right token has the probability p

rng = random.Random(seed)
held_out = [sample(rng) for _ in range(200)]
n_held_out = len(held_out)
kept_out = {" ".join(example[0]) for example in held_out}
visits = [(step, [sample_but(rng, kept_out) for _ in range(batch_size)]) for step in range(steps + 1)]

losses = list[float]()
taken = list[int]()
accuracy = list[float]()
held_out_losses = list[float]()
logits = list[Tensor]()
probs = list[Tensor]()
picked = list[Tensor]()
paid = list[float]()
weights = dict[str, Tensor]()


def note(step: int) -> None:
    """What the model makes of the watched and the held-out questions now, and its weights."""
    model.eval()
    scores, _, _ = read_all(model, collate(watched))
    _, right, loss = read_all(model, collate(held_out))
    logits.append(scores)
    probs.append(scores.softmax(-1))
    picked.append(probs[-1][:, 0, targets[:, 0]])  # of each question's start, at the three candidates
    paid.append(nn.functional.cross_entropy(scores[:1, 0], targets[:1, 0]).item())  # for the start of the first
    accuracy.append(right)
    held_out_losses.append(loss)
    weights.update(model.state_dict())
    taken.append(step)
    model.train()


# %% train, and look at the held-out questions at every tenth step
for step, examples in tqdm(visits):
    if step % 10 == 0 or step == steps:
        note(step)
    if step < steps:
        loss = model(**collate(examples)).loss
        losses.append(loss.item())
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()

# %% the trained reader, with this p in its nn.Dropouts
reader = BertForQuestionAnswering(config)
reader.load_state_dict(weights)
reader.train(mode == "train")
for m in reader.modules():
    if isinstance(m, nn.Dropout):
        m.p = dropout  # it was 0 in training

# %% what it reads with each padding
torch.manual_seed(seed)
exact = {kind: read_all(reader, padded(held_out, kind, pads))[1] for kind in READINGS}

# %% what it makes of the watched questions with this padding, twice
batch = padded(watched, padding, pads)
real = batch["input_ids"] != VOCABULARY["[PAD]"]
scores, _, _ = read_all(reader, batch)  # (3, 2, T + pads)
again, _, _ = read_all(reader, batch)
read = torch.stack([pair[:, own] for pair, own in zip(scores, real, strict=True)])
on_pads = (scores.softmax(-1) * ~real[:, None]).sum(-1).mean().item()
moved = (read - logits[-1]).abs().max().item()
repeats = torch.equal(scores, again)
rows, right = torch.arange(len(watched)), batch["start_positions"]
calls = torch.stack([call[rows, 0, right] for call in (scores, again)])  # (2, 3)

# %% print
print(
    f"after {taken[-1]} steps {accuracy[-1]:.3f} of {n_held_out} held-out questions are right, loss",
    held_out_losses[-1],
)
print("share that is right, by padding:", exact)

# %% proof: ln 3
candidates = torch.zeros(1, 3)
print(f"{nn.functional.cross_entropy(candidates, torch.tensor([0])).item():.3f}")

# %% proof: left
torch.manual_seed(0)
small = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
untrained = BertForQuestionAnswering(BertConfig(vocab_size=50, initializer_range=0.15, **small)).eval()
ids = torch.arange(1, 9)[None]  # [PAD] is 0
left = nn.functional.pad(ids, (24, 0))
alone, pushed = untrained(ids), untrained(left, attention_mask=(left != 0).long())
print("they stay" if torch.allclose(alone.start_logits, pushed.start_logits[:, 24:], atol=1e-3) else "they change")

# %% proof: dropout
train_mode = nn.Dropout(0.5).train()
x = torch.ones(99)
print("they are equal" if torch.equal(train_mode(x), train_mode(x)) else "they differ")
