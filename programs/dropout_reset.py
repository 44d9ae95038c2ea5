# %% parameters
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd
from transformers import BartConfig, BartModel, BertConfig, BertModel, T5Config, T5Model

architecture: str = "T5Model"
p: float = 0.0  # what both loops set
family: str = "nn.Dropout"
attributes: str = "dropout, activation_dropout"  # floats of the complete loop
seed: int = 0


class Tagger(nn.Module):
    """Dropout in four places, one of them an nn.Dropout."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(32, 8)
        self.word_dropout = nn.Dropout1d(p)  # (B, T, D): drops whole words
        self.lstm = nn.LSTM(8, 8, num_layers=2, dropout=p, batch_first=True)
        self.attention = nn.MultiheadAttention(8, 2, dropout=p, batch_first=True)
        self.dropout = nn.Dropout(p)

    def forward(self, input_ids: Tensor) -> tuple[Tensor]:
        x, _ = self.lstm(self.word_dropout(self.embedding(input_ids)))
        x, _ = self.attention(x, x, x)
        return (self.dropout(x),)


def probabilities(model: nn.Module) -> dict[str, float]:
    """Every dropout probability by its path: the p of modules, and the floats that functional dropout reads."""
    found = {}
    for path, m in model.named_modules():
        for name in ("p", "dropout", "activation_dropout"):
            rate = getattr(m, name, None)
            if isinstance(rate, float):
                found[f"{path}.{name}"] = rate
    return found


@torch.no_grad()
def two_passes(model: nn.Module, inputs: dict[str, Tensor], seed: int) -> Tensor:
    """The last hidden state of one pass and that of the next, (2, T, D)."""
    torch.manual_seed(seed)
    return torch.cat([model(**inputs)[0], model(**inputs)[0]])


torch.manual_seed(seed)
ids = torch.tensor([[5, 6, 7, 8]])  # (B=1, T=4)

if architecture == "T5Model":
    model = T5Model(T5Config(vocab_size=32, d_model=8, d_kv=4, d_ff=16, num_heads=2, num_layers=1))
    inputs = {"input_ids": ids, "decoder_input_ids": ids}
elif architecture == "BertModel":
    model = BertModel(
        BertConfig(
            vocab_size=32,
            hidden_size=8,
            intermediate_size=16,
            num_attention_heads=2,
            num_hidden_layers=1,
            initializer_range=0.5,
        )
    )
    inputs = {"input_ids": ids}
elif architecture == "BartModel":
    model = BartModel(
        BartConfig(
            vocab_size=32,
            d_model=8,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=16,
            decoder_ffn_dim=16,
            attention_dropout=0.1,
            activation_dropout=0.1,
            init_std=0.5,
        )
    )
    inputs = {"input_ids": ids, "decoder_input_ids": ids}
else:
    model = Tagger(p=0.1)
    inputs = {"input_ids": ids}

model.train()
types = {path: type(m).__name__ for path, m in model.named_modules()}
before = probabilities(model)
first, second = two_passes(model, inputs, seed)
difference_before = first - second

# %% the loop sets the p of every dropout module it finds
if family == "nn.Dropout":
    dropout_class: type[_DropoutNd] = nn.Dropout
else:
    dropout_class = _DropoutNd  # the parent of Dropout, Dropout1d, AlphaDropout, ...

n_reset = 0
for m in model.modules():
    if isinstance(m, dropout_class):
        m.p = p
        n_reset += 1

# %% what it found, and whether two passes agree
matched = [path for path, m in model.named_modules() if isinstance(m, dropout_class)]
after_loop = probabilities(model)
pass_1, pass_2 = two_passes(model, inputs, seed)
difference_loop = pass_1 - pass_2


# %% the complete loop sets the floats too
def reset_dropout(model: nn.Module, p: float, dropout_class: type[_DropoutNd], names: Sequence[str]) -> int:
    """Also sets the floats that a module keeps under `names`. Returns how many it set."""
    n_reset = 0
    for m in model.modules():
        if isinstance(m, dropout_class):
            m.p = p
            n_reset += 1
        for name in names:
            if isinstance(getattr(m, name, None), float):  # not a dropout module of the same name
                setattr(m, name, p)
                n_reset += 1
    return n_reset


n_complete = reset_dropout(model, p, dropout_class, attributes.split(", "))
after_complete = probabilities(model)
first, second = two_passes(model, inputs, seed)
difference_complete = first - second

# %% how far two passes are apart, at most
largest = [d.abs().max().item() for d in (difference_before, difference_loop, difference_complete)]

# %% what the config says
if architecture == "Tagger":
    config = {}
else:
    config = {name: rate for name, rate in vars(model.config).items() if "dropout" in name and rate}

# %% print
print(f"the loop set {n_reset} of {len(before)} probabilities, the complete loop {n_complete}")
print("two passes differ by up to", largest)

# %% proof: T5
t5 = T5Model(T5Config(vocab_size=32, d_model=8, d_kv=4, d_ff=16, num_heads=2, num_layers=1)).train()
for m in t5.modules():
    if isinstance(m, nn.Dropout):
        m.p = 0.0
ids = torch.tensor([[5, 6, 7, 8]])
one, other = (t5(input_ids=ids, decoder_input_ids=ids)[0] for _ in range(2))
print("they are equal" if torch.equal(one, other) else "they differ")

# %% proof: BART
bart = BartModel(BartConfig(vocab_size=32, d_model=16, encoder_layers=1, decoder_layers=1))
found = sum(isinstance(m, nn.Dropout) for m in bart.modules())
print(f"{found} of them" if found else "none of them")

# %% proof: siblings
print("found" if isinstance(nn.Dropout1d(0.1), nn.Dropout) else "word_dropout is missed")

# %% proof: config
tiny = BertConfig(vocab_size=32, hidden_size=8, num_attention_heads=2, intermediate_size=16, num_hidden_layers=1)
bert = BertModel(tiny)
for m in bert.modules():
    if isinstance(m, nn.Dropout):
        m.p = 0.5
print("it still says", bert.config.hidden_dropout_prob)
