# %% parameters
import copy

import torch
import torch.nn.functional as F
from transformers import GPT2Config, GPT2LMHeadModel

call: str = "generate"  # what reads the padded row
padding_side: str = "right"
pads: int = 4  # cells of padding
attention_mask: bool = True  # 0 where a cell is padding; False: 1 everywhere


def trained() -> GPT2LMHeadModel:
    """A GPT-2 from its configuration that learns, in a second, to count hours: 11 12 1 2. Of 0, padding, it learns nothing."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 13, "n_positions": 32, "n_embd": 32, "n_layer": 2, "n_head": 2}
    no_dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    ids = {"pad_token_id": 0, "bos_token_id": None, "eos_token_id": None}
    gpt = GPT2LMHeadModel(GPT2Config(**sizes, **no_dropout, **ids))
    optimizer = torch.optim.AdamW(gpt.parameters(), lr=0.01)
    for _ in range(80):
        rows = (torch.randint(12, (32, 1)) + torch.arange(14)) % 12 + 1
        logits = gpt(rows[:, :-1]).logits  # (32, 13, 13): row, place, next number
        F.cross_entropy(logits.transpose(1, 2), rows[:, 1:]).backward()
        optimizer.step()
        optimizer.zero_grad()
    return gpt.eval().requires_grad_(False)


model = trained()
prompt = torch.tensor([[3, 4, 5]])
if padding_side == "right":
    sides = (0, pads)
else:
    sides = (pads, 0)
input_ids = F.pad(prompt, sides, value=0)
keep = F.pad(torch.ones_like(prompt), sides)
if attention_mask:
    mask = keep
else:
    mask = torch.ones_like(keep)

# %% the prompt 3 4 5 alone, and in a padded row
if call == "generate":
    told = {"max_new_tokens": 4, "do_sample": False}
    alone = model.generate(prompt, attention_mask=torch.ones_like(prompt), **told)[0, 3:]
    padded = model.generate(input_ids, attention_mask=mask, **told)[0, 3 + pads :]
else:
    alone = model(prompt).logits[0].argmax(dim=-1)[-1:]
    padded = model(input_ids, attention_mask=mask).logits[0, keep[0] == 1].argmax(dim=-1)[-1:]

# %% the logits of the first new number, and the cell that they stand at
if call == "generate":
    asked = {**told, "output_logits": True, "return_dict_in_generate": True}
    logits_alone = model.generate(prompt, attention_mask=torch.ones_like(prompt), **asked).logits[0][0]
    logits_padded = model.generate(input_ids, attention_mask=mask, **asked).logits[0][0]
    read = input_ids.shape[1] - 1  # generate() goes on from the last cell, whatever it holds
else:
    logits_alone = model(prompt).logits[0, -1]
    logits_padded = model(input_ids, attention_mask=mask).logits[0, keep[0] == 1][-1]
    read = int(keep[0].nonzero().max())
gap = (logits_padded - logits_alone).abs()

# %% which positions the model gave the cells
twin, seen = copy.deepcopy(model), []
twin.transformer.wpe.register_forward_pre_hook(lambda layer, given: seen.append(given[0]))
if call == "generate":
    twin.generate(input_ids, attention_mask=mask, max_new_tokens=1, do_sample=False)
else:
    twin(input_ids, attention_mask=mask)
position_ids = seen[0].expand(1, -1).clone()

# %% print
print(f"alone it goes on with {alone.tolist()}, padded with {padded.tolist()}; a logit moves by up to {gap.max():.4f}")

# %% proof: right
ids = torch.tensor([[3, 4, 5, 0, 0]])
gpt, hours = trained(), torch.tensor([[3, 4, 5]])
alone = gpt.generate(hours, attention_mask=torch.ones_like(hours), max_new_tokens=4, do_sample=False)[0, 3:]
padded = gpt.generate(ids, attention_mask=ids.ne(0).long(), max_new_tokens=4, do_sample=False)[0, 5:]
print("the same four numbers" if torch.equal(alone, padded) else "other numbers")

# %% proof: left
ids = torch.tensor([[0, 0, 3, 4, 5]])
gpt, hours = trained(), torch.tensor([[3, 4, 5]])
alone = gpt.generate(hours, attention_mask=torch.ones_like(hours), max_new_tokens=4, do_sample=False)[0, 3:]
padded = gpt.generate(ids, attention_mask=ids.ne(0).long(), max_new_tokens=4, do_sample=False)[0, 5:]
print("the same four numbers" if torch.equal(alone, padded) else "other numbers")

# %% proof: forward right
ids = torch.tensor([[3, 4, 5, 0, 0]])
gpt, hours = trained(), torch.tensor([[3, 4, 5]])
moved = (gpt(ids, attention_mask=ids.ne(0).long()).logits[0, 2] - gpt(hours).logits[0, 2]).abs().max()
print("not at all" if moved < 1e-4 else "they move")

# %% proof: forward left
ids = torch.tensor([[0, 0, 0, 0, 3, 4, 5]])
gpt, hours = trained(), torch.tensor([[3, 4, 5]])
padded, alone = gpt(ids, attention_mask=ids.ne(0).long()).logits[0, -1], gpt(hours).logits[0, -1]
same = "the same number" if padded.argmax() == alone.argmax() else "another number"
print(f"they move, {same} wins" if (padded - alone).abs().max() > 1e-4 else "not at all")
