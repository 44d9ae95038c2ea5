# %% parameters
import copy
from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

mode: str = "eval"  # the call on the outermost module
grad: str = "on"
wrapper: str = "none"
requires_grad: bool = True  # of the net's parameters
loss_of: str = "y"
batch: int = 4
seed: int = 0


class Wrapper(nn.Module):
    """Puts the net into eval mode once, when it is built."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.model = net.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


class KeepsEval(Wrapper):
    """Puts the net into eval mode again after every train()."""

    def train(self, mode: bool = True) -> "KeepsEval":
        super().train(mode)
        self.model.eval()
        return self


class Saved(torch.autograd.graph.saved_tensors_hooks):
    """Notes each tensor that autograd saves for backward, unless its storage is `known` already."""

    def __init__(self, known: set[int]) -> None:
        super().__init__(self.pack, lambda tensor: tensor)
        self.known = known
        self.shapes: list[tuple[int, ...]] = []
        self.bytes = 0

    def pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.nbytes() and storage.data_ptr() not in self.known:
            self.known.add(storage.data_ptr())
            self.shapes.append(tuple(tensor.shape))
            self.bytes += storage.nbytes()
        return tensor.detach()  # an output kept with its graph would keep the graph, which keeps the output


def observe(net: nn.Sequential, x: Tensor) -> dict[str, dict[str, Any]]:
    """What each layer does to the random generator, to its own buffers and to autograd."""
    known = {tensor.untyped_storage().data_ptr() for tensor in net.state_dict().values()}  # weights and buffers
    seen = {}
    for name, layer in net.named_children():
        generator, before = torch.get_rng_state(), {key: buffer.clone() for key, buffer in layer.named_buffers()}
        saved = Saved(known)
        with saved:
            y = layer(x)
        moves = {key: (buffer - before[key]).abs().max().item() for key, buffer in layer.named_buffers()}
        seen[name] = {
            "training": layer.training,
            "random": not torch.equal(generator, torch.get_rng_state()),
            "moved": {key: move for key, move in moves.items() if move},
            "grad_fn": y.grad_fn.name() if y.grad_fn else None,
            "returns_input": y is x,
            "saved": saved.shapes,
            "bytes": saved.bytes,
        }
        x = y
    return seen


torch.manual_seed(seed)
layers = {"linear": nn.Linear(6, 6), "batch_norm": nn.BatchNorm1d(6), "dropout": nn.Dropout(0.5)}
net = nn.Sequential(OrderedDict(**layers, layer_norm=nn.LayerNorm(6))).requires_grad_(requires_grad)
x = torch.randn(batch, 6)

if wrapper == "none":
    model: nn.Module = net
elif wrapper == "eval() in __init__":
    model = Wrapper(net)
else:
    model = KeepsEval(net)
flags = [("built", model.training, net.training)]
untouched = copy.deepcopy((model, net))

# %% one call in the chosen mode
if mode == "train":
    model.train()
else:
    model.eval()
if grad == "on":
    y = model(x)
elif grad == "no_grad":
    with torch.no_grad():
        y = model(x)
else:
    with torch.inference_mode():
        y = model(x)

# %% how far a second call is from it
net_training = net.training
contexts = {"on": torch.enable_grad, "no_grad": torch.no_grad, "inference_mode": torch.inference_mode}
with contexts[grad]():
    difference = model(x) - y

# %% what each layer does in both modes, with gradients on and off
board = {}
for training in (True, False):
    for name, context in contexts.items():
        whole, part = copy.deepcopy(untouched)
        whole.train(training)
        with context():
            board[f"{'train' if training else 'eval'}, {name}"] = observe(part, x)

# %% the flag `training`, after each call
for call in (model.train, model.eval, model.train):
    call()
    flags.append((f"model.{call.__name__}()", model.training, net.training))

# %% the loss, and who gets a gradient from it
head = nn.Linear(6, 6)
if loss_of == "y":
    loss = (y - x).square().mean()
else:
    loss = (head(y) - x).square().mean()
loss.backward()
named = dict([*net.named_parameters("net"), *head.named_parameters("head")])
gradients = {name: p.grad.norm().item() for name, p in named.items() if p.grad is not None}

# %% print
for square, seen in board.items():
    print(square, {name: found["bytes"] for name, found in seen.items()})
print(f"two calls differ by up to {difference.abs().max():.3f}; gradients: {', '.join(gradients)}")

# %% proof: eval records
four = (nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(), nn.LayerNorm(2))
x, recorded = torch.ones(3, 2), 0
for layer in four:
    y = layer.eval()(x)
    recorded += y.requires_grad and y is not x
    x = y
print(recorded, "of the 4")

# %% proof: statistics under no_grad
layer = nn.BatchNorm1d(1)
with torch.no_grad():
    layer(torch.tensor([[1.0], [5.0]]))
print("moved by the forward pass" if layer.running_mean.item() else "not moved")

# %% proof: train after eval
wrapped = nn.Sequential(nn.Dropout().eval())
print("net.training is", wrapped.train()[0].training)

# %% proof: nothing recorded
x = torch.ones(1, 2)
four = (nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(), nn.LayerNorm(2))
print("only", *(f"nn.{type(layer).__name__}" for layer in four if layer.eval()(x) is x))

# %% proof: inference tensors
with torch.inference_mode():
    y = torch.ones(1, 2)
try:
    nn.Linear(2, 2)(y)
    print("gradients for the head")
except RuntimeError as error:
    print("a", type(error).__name__)
