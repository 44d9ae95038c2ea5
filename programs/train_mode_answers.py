# %% parameters
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from tqdm import tqdm
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

question: str = "What is the capital of France?"
reaches: str = "nn.Dropout and float attributes"
passes: int = 20
seed: int = 0

facts = {
    "What is the capital of Afghanistan?": "Kabul",
    "What is the capital of Lebanon?": "Beirut",
    "What is the capital of Uzbekistan?": "Tashkent",
    "Which continent is Japan in?": "Asia",
    "Which continent is Tonga in?": "Oceania",
    "What is the currency of Guyana?": "Guyanese dollar",
    "What is the currency of Spain?": "euro",
    "What is the official language of Laos?": "Lao",
    "In which country is Sofia?": "Bulgaria",
    "In which country is Oslo?": "Norway",
    "In which country is Geneva?": "Switzerland",
    "In which country is Yokohama?": "Japan",
    "What is the chemical symbol of gallium?": "Ga",
    "What is the atomic number of lithium?": "3",
    "What is the atomic number of neptunium?": "93",
    "Which element has the symbol Tb?": "terbium",
}


def set_dropout(model: nn.Module, p: float) -> None:
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = p
        elif reaches == "nn.Dropout and float attributes" and isinstance(getattr(module, "dropout", None), float):
            module.dropout = p  # T5Attention


tokenizer = AutoTokenizer.from_pretrained("assets/models/closed_book")
model = AutoModelForSeq2SeqLM.from_pretrained("assets/models/closed_book")
loaded_training = model.training
asked, wanted = [question, *facts], [*facts.values()]
rows = [torch.tensor(tokenizer(words).input_ids) for words in asked]
input_ids = pad_sequence(rows, batch_first=True, padding_value=tokenizer.pad_token_id)  # (N + 1, S)
attention_mask = (input_ids != tokenizer.pad_token_id).long()
batch = {"input_ids": input_ids, "attention_mask": attention_mask}

# %% an answer in eval mode, then passes in train mode
model.eval()
told = model.generate(**batch, max_new_tokens=6)
eval_answers = tokenizer.batch_decode(told, skip_special_tokens=True)
calm = model(**batch, labels=input_ids).logits  # (N + 1, S, V)

model.train()
set_dropout(model, 0.1)
torch.manual_seed(seed)
one, other = (model(**batch, labels=input_ids).logits for _ in range(2))
differ = (one - other).abs().max().item()

# %% what two passes say of the first token of your answer
best = calm[0, 0].topk(6).indices
tokens = tokenizer.convert_ids_to_tokens(best)
eval_logits = calm[0, 0, best].detach()  # (6,)
two_passes = torch.stack([one[0, 0, best], other[0, 0, best]]).detach()  # (2, 6)
moves = two_passes[1] - two_passes[0]  # (6,)
leaders = tokenizer.convert_ids_to_tokens(torch.stack([one[0, 0], other[0, 0]]).argmax(dim=1))  # 2

# %% both passes once more, with the masks of their seed: what the first dropout is given, and what it passes on
seen = []  # of each call; the encoder calls it again behind its last block
hook = model.encoder.dropout.register_forward_hook(lambda _, args, out: seen.append((args[0], out)))
torch.manual_seed(seed)
first, _ = (model(**batch, labels=input_ids).logits for _ in range(2))
hook.remove()
again = torch.equal(first, one)
begins = tokenizer.convert_ids_to_tokens(rows[0][:4])  # up to 4 tokens of your question
embedded = seen[0][0][0, : len(begins), 5:10].detach()  # (tokens, 5)
masked = torch.stack([out[0, : len(begins), 5:10] for _, out in seen[::2]]).detach()  # (2, tokens, 5)

# %% likewise under no_grad
torch.manual_seed(seed)
with torch.no_grad():
    one, other = (model(**batch, labels=input_ids).logits for _ in range(2))
differ_no_grad = (one - other).abs().max().item()

# %% what of the question the tokenizer does not know
encoded = tokenizer(question, return_offsets_mapping=True)
pieces = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
unknown_words = [question[start:end].strip() for i, (start, end) in pieces if i == tokenizer.unk_token_id]

# %% many passes for each p: every row has masks of its own, so copies of the batch are passes
eval_accuracy = sum(a == b for a, b in zip(eval_answers[1:], wanted, strict=True)) / len(wanted)
answers: dict[float, list[list[str]]] = {0.1: [], 0.3: [], 0.5: []}
for step in tqdm(range(0, passes, 4)):
    copies = min(4, passes - step)
    repeated = {name: tensor.repeat(copies, 1) for name, tensor in batch.items()}
    for p in answers:
        set_dropout(model, p)
        torch.manual_seed(seed + step)
        said = tokenizer.batch_decode(model.generate(**repeated, max_new_tokens=6), skip_special_tokens=True)
        answers[p] += [said[at : at + len(asked)] for at in range(0, len(said), len(asked))]
    right = [[[a == b for a, b in zip(row[1:], wanted, strict=True)] for row in rows] for rows in answers.values()]
    accuracy = torch.tensor(right).float().mean(dim=2)  # (3, passes): p, pass
    mean, spread = accuracy.mean(dim=1), accuracy.std(dim=1, correction=0)

# %% what attention's float holds now
attention_dropout = model.encoder.block[0].layer[0].SelfAttention.dropout

# %% print
print("likeliest first token in two passes of train mode:", *leaders)
print(f"eval mode: {eval_answers[0]!r}, {eval_accuracy:.0%} of the set right")
for p, share, own in zip(answers, mean.tolist(), answers.values(), strict=True):
    print(f"train mode, p = {p}: {share:.0%} right on average; {len({row[0] for row in own})} answers to your question")

# %% proof: twice
t5 = AutoModelForSeq2SeqLM.from_pretrained("assets/models/closed_book").train()
ids = torch.tensor([[1125, 1510, 1918, 1]])
torch.manual_seed(0)
one, other = (t5(input_ids=ids, labels=ids).logits for _ in range(2))
torch.manual_seed(0)
again = t5(input_ids=ids, labels=ids).logits
close, seeded = torch.allclose(one, other, atol=1e-3), torch.equal(one, again)
print(
    "no, other dropout masks" if seeded and not close else "yes" if torch.equal(one, other) else "yes, but for rounding"
)

# %% proof: loaded
print(AutoModelForSeq2SeqLM.from_pretrained("assets/models/closed_book").training)

# %% proof: no grad
dropout, x = nn.Dropout(0.5), torch.ones(999)
with torch.no_grad():
    one, other = dropout(x), dropout(x)
print("they are equal" if torch.equal(one, other) else "they differ")

# %% proof: float
t5 = AutoModelForSeq2SeqLM.from_pretrained("assets/models/closed_book").train()
for module in t5.modules():
    if isinstance(module, nn.Dropout):
        module.p = 0.5
left = t5.encoder.block[0].layer[0].SelfAttention.dropout
print(f"{left}, as {'was set' if left == 0.5 else 'in the file'}")
