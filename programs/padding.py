# %% parameters
from functools import partial

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from transformers import AutoTokenizer

view: str = "ids"
lines: str = "cats sleep\nthe dog barks\na bird sings in the tree\nrain\nnewts\nthe dog sat in the rain"
padding: str = "longest"
max_length: int = 12  # longer lines are truncated
pad_to_multiple_of: int | None = None
padding_side: str = "right"
pad_token: str = "[PAD]"
batch_size: int = 2
mode: str = "train"  # of the layer, under no_grad
seed: int = 2

texts = lines.splitlines()[:8] or [""]
tokenizer = AutoTokenizer.from_pretrained("assets/models/extractive", padding_side=padding_side)
vocab_size = tokenizer.vocab_size  # without the tokens that are added later
if pad_token == "[SEP]":
    tokenizer.pad_token = "[SEP]"  # an end token that real text ends with
elif pad_token == "None":
    tokenizer.pad_token = None  # as GPT-2 comes
elif pad_token == "<pad>, only named":
    tokenizer.pad_token = "<pad>"  # not in the vocabulary
elif pad_token == "<pad>, added":
    tokenizer.add_special_tokens({"pad_token": "<pad>"})  # a new id behind the last one
pad_token_id = tokenizer.pad_token_id
length = len(tokenizer)

if view == "waste":
    encoded = [tokenizer(line, truncation=True, max_length=max_length) for line in texts]
    lengths = [len(item["input_ids"]) for item in encoded]
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed)).tolist()
    by_length = sorted(range(len(texts)), key=lambda i: lengths[i])
elif view == "labels":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(vocab_size, 16), nn.Linear(16, vocab_size))  # never resized
    nn.init.normal_(model[1].weight, std=0.5)  # untrained, but not indifferent: every token has a loss of its own
elif view == "masks":
    torch.manual_seed(0)
    words, positions = nn.Embedding(vocab_size, 16), nn.Embedding(32, 16)
    encoder = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True).train(mode == "train")

# %% fill up the lines, and say where the filling is
fill = partial(tokenizer, padding=padding, truncation=True, max_length=max_length, return_tensors="pt")
batch = fill(texts, pad_to_multiple_of=pad_to_multiple_of)
input_ids, attention_mask = batch["input_ids"], batch["attention_mask"]  # (lines, T) 1 = attend
tokens = [tokenizer.convert_ids_to_tokens(row) for row in input_ids.tolist()]
if view == "waste":
    pad = partial(tokenizer.pad, padding="longest", return_tensors="pt", verbose=False)
    shuffled = DataLoader(encoded, batch_size=batch_size, sampler=order, collate_fn=pad)
    bucketed = DataLoader(encoded, batch_size=batch_size, sampler=by_length, collate_fn=pad)
    random_batches = [batch["input_ids"] for batch in shuffled]
    sorted_batches = [batch["input_ids"] for batch in bucketed]
elif view == "labels":
    logits = model(input_ids)[:, :-1].transpose(1, 2)  # (lines, vocab, T - 1), predicting the next token
    target = input_ids[:, 1:]
    labels = target.masked_fill(attention_mask[:, 1:] == 0, -100)  # the default of ignore_index
    counted = F.cross_entropy(logits, target, reduction="none")
    ignored = F.cross_entropy(logits, labels, reduction="none")
elif view == "masks":
    key_padding_mask = attention_mask == 0  # nn.MultiheadAttention: True = ignore
    attn_mask = attention_mask.bool()[:, None, :]  # F.scaled_dot_product_attention: True = takes part
    with torch.no_grad():
        x = words(input_ids)
        y = encoder(x + positions.weight[: x.shape[1]], src_key_padding_mask=key_padding_mask)
        attended = F.scaled_dot_product_attention(x, x, x, attn_mask=attn_mask)

# %% the cells of each way to batch
if view == "waste":
    cells = {
        "real tokens": sum(lengths),
        "sorted by length": sum(ids.numel() for ids in sorted_batches),
        "random order": sum(ids.numel() for ids in random_batches),
        "one batch of all": len(texts) * max(lengths),
        "all to max_length": len(texts) * max_length,
    }

# %% the mean loss of each way to label, and of the lines one by one
if view == "labels":
    by_id = F.cross_entropy(logits, target.masked_fill(target == pad_token_id, -100), reduction="none")
    real = attention_mask[:, 1:] == 1
    unpadded = [row[keep == 1] for row, keep in zip(input_ids, attention_mask, strict=True)]
    alone = sum(F.cross_entropy(model(line)[:-1], line[1:], reduction="sum") for line in unpadded)
    loss = {
        "labels = input_ids": counted.mean().item(),
        "-100 where the mask is 0": (ignored.sum() / real.sum()).item(),
        "-100 where id == pad_token_id": (by_id.sum() / (target != pad_token_id).sum()).item(),
        "each line alone, by token": (alone / real.sum()).item(),
    }

# %% how far the real tokens are from those of the line alone, in the layer
if view == "masks":
    from_start = torch.arange(input_ids.shape[1]).expand_as(input_ids)
    from_first_token = (attention_mask.cumsum(1) - 1).clamp(min=0)
    ways = [
        (from_start, None),
        (from_start, attention_mask.bool()),
        (from_start, key_padding_mask),
        (from_first_token, key_padding_mask),
    ]
    kept = [row.nonzero().flatten() for row in attention_mask]
    unpadded = [row[keep].unsqueeze(0) for row, keep in zip(input_ids, kept, strict=True)]
    with torch.no_grad():
        outputs = [encoder(words(input_ids) + positions(at), src_key_padding_mask=mask) for at, mask in ways]
        alone = [encoder(words(line) + positions(torch.arange(line.shape[1]))) for line in unpadded]
    gaps = [[(y[row, keep] - alone[row]).abs().max() for row, keep in enumerate(kept)] for y in outputs]
    gap = torch.tensor(gaps)

# %% and in the function, which knows no positions
if view == "masks":
    with torch.no_grad():
        keys = [None, attn_mask, ~attn_mask]
        outputs = [F.scaled_dot_product_attention(x, x, x, attn_mask=mask) for mask in keys]
        alone = [F.scaled_dot_product_attention(*[words(line)] * 3) for line in unpadded]
    gaps = [[(y[row, keep] - alone[row]).abs().max() for row, keep in enumerate(kept)] for y in outputs]
    function_gap = torch.tensor(gaps)

# %% print
print(f"{len(texts)} lines, {input_ids.numel()} ids, {int((attention_mask == 0).sum())} of them padding")
for line in tokens:
    print(" ".join(line))

# %% proof: longest
tokenizer = AutoTokenizer.from_pretrained("assets/models/extractive")
texts = ["rain"] * 5 + ["a bird sings in the tree"]  # 3 tokens, and 8
batch = tokenizer(texts, padding="longest", truncation=True, max_length=12, return_tensors="pt")
print(tuple(batch["input_ids"].shape))

# %% proof: labels
logits = torch.arange(9.0).view(3, 3)
labels = torch.tensor([1, 0, 0])  # the last two are padding
loss, first = F.cross_entropy(logits, labels), F.cross_entropy(logits[:1], labels[:1])
print("they are left out" if loss == first else "they are counted")

# %% proof: module
layer = nn.TransformerEncoderLayer(4, 1, 8, dropout=0.0, batch_first=True)
x, mask = torch.randn(1, 3, 4), torch.tensor([[False, False, True]])
masked, without = layer(x, src_key_padding_mask=mask)[:, :2], layer(x[:, :2])
print("no token attends to it" if torch.allclose(masked, without, atol=1e-5) else "each token attends to it")

# %% proof: function
x, mask = torch.randn(1, 3, 4), torch.tensor([[True, True, False]])
masked, without = F.scaled_dot_product_attention(x, x, x, mask), F.scaled_dot_product_attention(x, x[:, :2], x[:, :2])
print("the queries attend to it" if torch.allclose(masked, without, atol=1e-5) else "no query attends to it")

# %% proof: one by one
lstm = nn.LSTM(2, 2, batch_first=True)
widths = [lstm(torch.zeros(1, n, 2))[0].shape[1] for n in (3, 8)]
print("no padding at all" if widths == [3, 8] else "padding to 8")

# %% proof: all ignored
print(F.cross_entropy(torch.zeros(2, 3), torch.tensor([-100, -100])).item())
