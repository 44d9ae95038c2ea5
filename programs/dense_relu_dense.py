# %% parameters
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, T5Config, T5ForConditionalGeneration

feed_forward_proj: str = "relu"
change: str = "perturb one token"
token: int = 1
d_ff: int = 6
dropout_rate: float = 0.0
stack: str = "encoder"
measured: str = "closed_book"

torch.manual_seed(0)
config = T5Config(
    vocab_size=32,
    d_model=4,
    d_kv=4,
    num_heads=2,
    num_layers=2,
    d_ff=d_ff,
    dropout_rate=dropout_rate,
    feed_forward_proj=feed_forward_proj,
)
model = T5ForConditionalGeneration(config).requires_grad_(False).train()
if stack == "encoder":
    ff = model.encoder.block[0].layer[1].DenseReluDense
    attention = model.encoder.block[0].layer[0].SelfAttention
else:
    ff = model.decoder.block[0].layer[2].DenseReluDense  # layer[1] is the cross-attention
    attention = model.decoder.block[0].layer[0].SelfAttention  # with a causal mask
x = torch.randn(4, 4)  # (T, D): four tokens

# %% two Linears with an activation between them, or three with a gate
torch.manual_seed(1)  # of the dropout mask
if feed_forward_proj in ("relu", "gelu"):
    h = ff.wi(x)  # (T, F)
    a = ff.act(h)
    hidden = a
else:
    h = ff.wi_0(x)  # (T, F)
    a = ff.act(h)
    g = ff.wi_1(x)  # the gate
    hidden = a * g
dropped = ff.dropout(hidden)
y = ff.wo(dropped)  # (T, D)

# %% the module itself, its weights and its zeros
torch.manual_seed(1)
y_module = ff(x)
parameters = [name for name, _ in ff.named_parameters()]
if feed_forward_proj in ("relu", "gelu"):
    wi = ff.wi.weight.detach()
else:
    wi = ff.wi_0.weight.detach()
wo = ff.wo.weight.detach()
zeros = (a == 0).float().mean().item()
act = type(ff.act).__name__

# %% what it and self-attention make of changed tokens
x_changed = x.clone()
if change == "perturb one token":
    order, scale = [0, 1, 2, 3], 1
    x_changed[token] += 1
elif change == "reverse the tokens":
    order, scale = [3, 2, 1, 0], 1
    x_changed = x[order]
else:
    order, scale = [0, 1, 2, 3], 2
    x_changed = scale * x
torch.manual_seed(1)
moved = ff(x_changed) - scale * y[order]

torch.manual_seed(1)
attended = attention(x[None])[0][0]
torch.manual_seed(1)
moved_attention = attention(x_changed[None])[0][0] - scale * attended[order]


# %% where a model keeps its DenseReluDense, and how many activations are 0
@torch.no_grad()
def survey(model: nn.Module, **inputs: Tensor) -> dict[str, dict[str, Any]]:
    """Of each: its class, the shapes of its weights, and the share of activations at 0 in eval mode."""
    found = {path: m for path, m in model.named_modules() if path.endswith("DenseReluDense")}
    shares: dict[str, float] = {}

    def count(path: str) -> Any:
        return lambda module, args, out: shares.update({path: (out == 0).float().mean().item()})

    handles = [m.act.register_forward_hook(count(path)) for path, m in found.items()]
    model.eval()(**inputs)
    for handle in handles:
        handle.remove()
    return {
        path: {
            "class": type(m).__name__,
            "weights": {name: list(p.shape) for name, p in m.named_parameters()},
            "zeros": shares[path],
        }
        for path, m in found.items()
    }


def survey_trained(folder: str, question: str) -> dict[str, dict[str, Any]]:
    ids = AutoTokenizer.from_pretrained(folder)(question, return_tensors="pt").input_ids
    trained = AutoModelForSeq2SeqLM.from_pretrained(folder)
    return survey(trained, input_ids=ids, decoder_input_ids=torch.tensor([[0]]))


if measured == "closed_book":
    places = survey_trained("assets/models/closed_book", "What is the capital of France?")
else:
    ids = torch.arange(8)[None]
    places = survey(model, input_ids=ids, decoder_input_ids=ids)

# %% print
print(f"{act}, {zeros:.0%} of the activations are 0")
print("largest change for each token, here and in self-attention:")
print(moved.abs().amax(1), moved_attention.abs().amax(1))
for path, place in places.items():
    print(path, place)


# %% proof: one token
def tiny_t5(feed_forward_proj: str = "relu") -> nn.Module:
    """A T5 with one block in each stack, in eval mode."""
    small = {"vocab_size": 8, "d_model": 4, "d_kv": 2, "d_ff": 6, "num_heads": 2, "num_layers": 1}
    return T5ForConditionalGeneration(T5Config(**small, feed_forward_proj=feed_forward_proj)).eval()


dense = tiny_t5().encoder.block[0].layer[1].DenseReluDense
x = torch.randn(4, 4)
x_changed = x + torch.tensor([[0.0], [1.0], [0.0], [0.0]])
moved = (dense(x) != dense(x_changed)).any(1).tolist()
print("its own alone" if moved == [False, True, False, False] else "more than its own")

# %% proof: reversed
dense = tiny_t5().encoder.block[0].layer[1].DenseReluDense
x = torch.randn(4, 4)
print("the same, reversed" if torch.allclose(dense(x.flip(0)), dense(x).flip(0), atol=1e-6) else "other numbers")

# %% proof: gated
dense = tiny_t5("gated-gelu").encoder.block[0].layer[1].DenseReluDense
print({2: "two", 3: "three"}[sum(isinstance(m, nn.Linear) for m in dense.modules())])

# %% proof: decoder
[block] = tiny_t5().decoder.block
print(*[f"layer[{i}]" for i, layer in enumerate(block.layer) if hasattr(layer, "DenseReluDense")])

# %% proof: biases
dense = tiny_t5().encoder.block[0].layer[1].DenseReluDense
print("none at all" if not any("bias" in name for name, _ in dense.named_parameters()) else "some")
