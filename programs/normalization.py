# %% parameters
import torch
from torch import Tensor, nn

norm: str = "BatchNorm1d"
N: int = 3
L: int = 5
num_groups: int = 2  # of GroupNorm

C = 4
torch.manual_seed(0)
x = torch.randn(N, C, L) + torch.arange(C)[:, None] - 2.0 * torch.arange(N)[:, None, None]


class TransposedLayerNorm(nn.LayerNorm):
    """LayerNorm over the channels of (N, C, L), which have to be the last axis while it runs."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


# %% one layer normalises x
if norm == "BatchNorm1d":
    layer = nn.BatchNorm1d(C)
elif norm == "LayerNorm([C, L])":
    layer = nn.LayerNorm([C, L])
elif norm == "LayerNorm(L)":
    layer = nn.LayerNorm(L)
elif norm == "LayerNorm(C)":
    layer = nn.LayerNorm(C)  # normalises the last axis, whatever it means
elif norm == "LayerNorm(C), transposed":
    layer = TransposedLayerNorm(C)
elif norm == "GroupNorm":
    layer = nn.GroupNorm(num_groups, C)
elif norm == "InstanceNorm1d":
    layer = nn.InstanceNorm1d(C)
else:
    layer = nn.RMSNorm(L)

y = layer(x)
eps = layer.eps or torch.finfo(x.dtype).eps

# %% every layer on this x, in train mode and then in eval mode
layers = {
    "BatchNorm1d": nn.BatchNorm1d(C),
    "LayerNorm([C, L])": nn.LayerNorm([C, L]),
    "LayerNorm(L)": nn.LayerNorm(L),
    "LayerNorm(C), transposed": TransposedLayerNorm(C),
    "GroupNorm": nn.GroupNorm(num_groups, C),
    "InstanceNorm1d": nn.InstanceNorm1d(C),
    "RMSNorm(L)": nn.RMSNorm(L),
}
if norm == "LayerNorm(C)":
    layers[norm] = layer
y_train = {name: layer(x) for name, layer in layers.items()}
y_eval = {name: layer.eval()(x) for name, layer in layers.items()}
gap = {name: (y_train[name] - y_eval[name]).abs().max().item() for name in layers}
parameters = {name: {key: tuple(p.shape) for key, p in layer.named_parameters()} for name, layer in layers.items()}
buffers = {name: [key for key, _ in layer.named_buffers()] for name, layer in layers.items()}


# %% which values share a group
def groups_of(layer: nn.Module, x: Tensor) -> Tensor:
    """Numbers the groups: one NaN in the input turns all outputs of its group into NaN, and no other."""
    layer.train()
    places = torch.arange(x.numel()).reshape(x.shape)
    number: dict[int, int] = {}  # place in x.flatten() -> its group
    groups = 0
    for place in range(x.numel()):
        if place not in number:
            poisoned = x.where(places != place, torch.nan)
            lost = layer(poisoned).isnan().flatten().tolist()
            number |= dict.fromkeys((at for at, is_lost in enumerate(lost) if is_lost), groups)
            groups += 1
    return torch.tensor([number[place] for place in range(x.numel())]).reshape(x.shape)


group = {name: groups_of(layer, x) for name, layer in layers.items()}


# %% mean, variance and mean square of each group
def moments(values: Tensor, group: Tensor) -> Tensor:
    """Mean, biased variance and mean square of each group, (groups, 3)."""
    in_order = values.flatten()[group.flatten().argsort()]
    cells = in_order.reshape(int(group.max()) + 1, -1)  # all groups are equally large
    return torch.stack([cells.mean(1), cells.var(1, unbiased=False), cells.square().mean(1)], dim=1)


before, after = moments(x, group[norm]), moments(y.detach(), group[norm])

# %% print
print(f"{norm} cuts {tuple(x.shape)} into {len(before)} groups; eval() moves its output by up to {gap[norm]:.3f}")

# %% proof: means of BatchNorm
x = torch.randn(3, 4, 5)
_, mean, _ = torch.native_batch_norm(x, None, None, None, None, True, 0.1, 1e-5)  # what nn.BatchNorm1d(4) calls
print(mean.numel())

# %% proof: means of LayerNorm
_, mean, _ = torch.native_layer_norm(torch.randn(3, 4, 5), [5], None, None, 1e-5)  # what nn.LayerNorm(5) calls
print(mean.numel())

# %% proof: eval
layer, x = nn.LayerNorm(5), torch.randn(3, 4, 5)
distance = (layer.train()(x) - layer.eval()(x)).abs().max().item()
print(f"by up to {distance:.2f}" if distance else "not at all")

# %% proof: last axis
y = nn.LayerNorm(4)(torch.randn(3, 4, 4))
print("L, the last axis" if y.mean(dim=2).abs().max() < 1e-5 else "C, the channels")

# %% proof: parameters
both = nn.GroupNorm(1, 4), nn.LayerNorm([4, 5])
print(" and ".join(str(sum(p.numel() for p in layer.parameters())) for layer in both))

# %% proof: mean square
y = nn.RMSNorm(5)(torch.randn(3, 4, 5) + 2)
square = y.square().mean(dim=-1)
print("mean(y²) = 1" if y.mean() > 0.5 and torch.allclose(square, torch.ones(3, 4)) else "mean 0, variance 1")
