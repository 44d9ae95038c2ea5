# %% parameters
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import default_collate
from transformers import AutoModelForQuestionAnswering, AutoModelForSeq2SeqLM, AutoTokenizer

question: str = "What is the capital of France?"
answer: str = "Paris"  # the label of the question
batch_size: int = 3
target: str = "labels"  # what an item holds of its answer
answers: str = "short"  # those of the other items
items: str = "dicts of tensors"  # what batch["text"] is
forward: str = "once"
head: str = "AutoModelForSeq2SeqLM"


class QAModel(nn.Module):
    """Calls its model once an item; forward keeps the loss that get_loss returns."""

    def __init__(self, model: nn.Module, device: str) -> None:
        super().__init__()
        self.model = model
        self.device = device

    def forward(self, batch: dict[str, Any]) -> Tensor:
        logits = []
        self.loss: Any = []
        for item in batch["text"]:
            item = {k: v.to(self.device) for k, v in item.items()}
            output = self.model(**item)
            logits.append(output.logits)
            try:
                self.loss.append(output.loss)
            except AttributeError:
                pass
        self.loss = torch.stack(self.loss).mean()
        return torch.stack(logits)

    def get_loss(self, logits: Tensor | None, batch: dict[str, Any]) -> Tensor:
        return self.loss


class BatchedQAModel(nn.Module):
    """The class made right: one padded batch, its mask, and a loss computed from what get_loss is given."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.model(**inputs).logits  # (N, T, V)

    def get_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-100)  # every token weighs the same

    def answer(self, input_ids: Tensor, attention_mask: Tensor) -> list[dict[str, Any]]:
        """The greedy answer to each question, without what follows its </s>."""
        steps = self.model.generate(
            input_ids,
            attention_mask=attention_mask,
            max_new_tokens=16,
            do_sample=False,
            output_logits=True,
            return_dict_in_generate=True,
        )
        found = []
        for ids, p in zip(*greedy(torch.stack(steps.logits, dim=1)), strict=True):  # (steps,) each
            length = int((ids == tokenizer.eos_token_id).cumsum(0).eq(0).sum()) + 1
            text = tokenizer.decode(ids[:length], skip_special_tokens=True)
            tokens = tokenizer.convert_ids_to_tokens(ids[:length].tolist())
            found.append({"text": text, "tokens": tokens, "p": p[:length]})
        return found


class Recorded(nn.Module):
    """Stands in for a model and keeps what each call returned."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.lanes: list[dict[str, Any]] = []

    def forward(self, **item: Tensor) -> Any:
        output = self.model(**item)
        lane: dict[str, Any] = {"output": type(output).__name__, "keys": list(output)}
        if "logits" in output:
            ids, p = greedy(output.logits[0])  # (T,) each
            words = tokenizer.convert_ids_to_tokens(ids.tolist())
            lane |= {"shape": tuple(output.logits.shape), "loss": output.loss, "tokens": words, "p": p}
            lane["drawn"] = output.logits[0, :, drawn]  # (T, W)
        self.lanes.append(lane)
        return output


def greedy(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The likeliest words and their probabilities, (..., T) each."""
    p, ids = logits.softmax(dim=-1).max(dim=-1)
    return ids, p


tokenizer = AutoTokenizer.from_pretrained("assets/models/closed_book")
t5 = AutoModelForSeq2SeqLM.from_pretrained("assets/models/closed_book").requires_grad_(False)  # in eval mode already
if head == "AutoModelForSeq2SeqLM":
    inner = t5
else:
    inner = AutoModelForQuestionAnswering.from_pretrained("assets/models/closed_book").requires_grad_(False)

if answers == "short":
    questions = [question, "What is the capital of Japan?", "What is the capital of Italy?"][:batch_size]
    texts = [answer, "Tokyo", "Rome"][:batch_size]
else:
    questions = [question, "What is the capital of Argentina?", "What is the capital of Brunei?"][:batch_size]
    texts = [answer, "Buenos Aires", "Bandar Seri Begawan"][:batch_size]

padded = tokenizer(questions, padding=True, return_tensors="pt")
input_ids, attention_mask = padded["input_ids"], padded["attention_mask"]  # (N, S)
tokens = [tokenizer.convert_ids_to_tokens(row) for row in input_ids.tolist()]
labels = tokenizer(texts, padding=True, return_tensors="pt")["input_ids"]  # (N, T)
labels = labels.masked_fill(labels == tokenizer.pad_token_id, -100)  # pad is not ignored by itself

item_list = [dict(tokenizer(asked, return_tensors="pt")) for asked in questions]
if answers == "long, padded with -100":
    rows = labels.tolist()
else:
    rows = [tokenizer(words)["input_ids"] for words in texts]
drawn = list(dict.fromkeys([*(row[0] for row in rows), tokenizer.eos_token_id]))  # (W,) words of V that are drawn
drawn_words = tokenizer.convert_ids_to_tokens(drawn)
if target == "labels":
    item_list = [{**item, "labels": torch.tensor([row])} for item, row in zip(item_list, rows, strict=True)]
    inputs = {"input_ids": input_ids, "attention_mask": attention_mask, "labels": labels}
else:
    labels = None
    start = torch.full((len(questions), 1), t5.config.decoder_start_token_id)
    inputs = {"input_ids": input_ids, "attention_mask": attention_mask, "decoder_input_ids": start}
if target == "decoder_input_ids":
    read = [torch.tensor([[0, *row[:-1]]]).clamp(min=0) for row in rows]  # the start token, then the answer
    item_list = [{**item, "decoder_input_ids": ids} for item, ids in zip(item_list, read, strict=True)]

recorded = Recorded(inner)
lanes = recorded.lanes

encoded = tokenizer(question, return_offsets_mapping=True)
pieces = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
unknown_words = [question[first:end].strip() for i, (first, end) in pieces if i == tokenizer.unk_token_id]

right = BatchedQAModel(t5)
batched_logits = right(inputs)
if target == "labels":
    batched_loss = right.get_loss(batched_logits, labels)
else:
    batched_loss = None
decoded = right.answer(input_ids, attention_mask)

# %% the class that loops over the items
model = QAModel(recorded, device="cpu")  # its forward returns torch.stack(logits)
if items == "dicts of tensors":
    batch = {"text": item_list}
elif items == "dicts of lists":
    batch = {"text": [{name: row.tolist() for name, row in item.items()} for item in item_list]}
elif items == "strings":
    batch = {"text": questions}
elif items == "one dict, by default_collate":
    batch = {"text": default_collate(item_list)}
else:
    batch = {"text": []}
if forward == "never":
    logits = None
else:
    logits = model(batch)
if forward == "again, with the last item":
    model({"text": batch["text"][-1:]})
loss = model.get_loss(logits, batch)

# %% print
print(f"the loop: logits {tuple(logits.shape)}, loss {loss:.4f}; one batch: logits {tuple(batched_logits.shape)}")
print("answers:", [each["text"] for each in decoded])

# %% proof: stack
print(tuple(torch.stack([torch.zeros(1, 2, 2020) for _ in range(3)]).shape))

# %% proof: no labels
losses = list[Any]()
try:
    losses.append(None)  # what output.loss is without labels
except AttributeError:
    pass
try:
    torch.stack(losses)
except TypeError as refused:
    print(type(refused).__name__, "in torch.stack(self.loss)")

# %% proof: unequal
try:
    torch.stack([torch.zeros(1, 2, 9), torch.zeros(1, 3, 9)])
except RuntimeError as refused:
    print(type(refused).__name__, "in torch.stack(logits)")

# %% proof: means
losses = [torch.full((2,), 3.0), torch.full((6,), 1.0)]  # of the tokens of a short answer, and of a long one
of_items, of_tokens = torch.stack([each.mean() for each in losses]).mean(), torch.cat(losses).mean()
print("it is larger" if of_items > of_tokens else "it is smaller" if of_items < of_tokens else "they are equal")


# %% proof: again
class Fixed(nn.Module):
    def forward(self, loss: Tensor) -> Any:
        return SimpleNamespace(logits=torch.zeros(1), loss=loss)


model = QAModel(Fixed(), "cpu")
batch = {"text": [{"loss": torch.tensor(1.0)}, {"loss": torch.tensor(5.0)}]}
logits = model(batch)
model({"text": batch["text"][-1:]})
print("the last item alone" if model.get_loss(logits, batch) == 5 else "all items")
