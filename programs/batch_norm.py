# %% parameters
import torch
from torch import nn

N: int = 4
L: int = 5
momentum: float | None = 0.1  # weight of the new batch; None: the plain mean over batches
steps: int = 30
shift: float = 5.0
frozen: bool = False

torch.manual_seed(0)
loc, scale = torch.tensor([[5.0], [0.0], [-2.0]]), torch.tensor([[2.0], [1.0], [0.5]])
x = loc + scale * torch.randn(N, 3, L)
batches = loc + scale * torch.randn(steps, N, 3, L)

bn = nn.BatchNorm1d(3, momentum=momentum).requires_grad_(not frozen)
eps, weight, bias = bn.eps, bn.weight.detach(), bn.bias.detach()

# %% eval mode takes what the batches left behind, train mode the batch itself
states = [{name: value.clone() for name, value in bn.state_dict().items()}]
if N * L == 1:
    y_eval = bn.eval()(x)
    y_train = bn.train()(x)  # one value has no variance
with torch.set_grad_enabled(not frozen):
    for batch in batches:
        bn(batch)  # moves running_mean and running_var: no optimizer is needed
        states.append({name: value.clone() for name, value in bn.state_dict().items()})
y_eval = bn.eval()(x)
y_train = bn.train()(x)
gap = y_train - y_eval

# %% what the buffers held, batch by batch
running_mean, running_var = (torch.stack([state[name] for state in states]) for name in ("running_mean", "running_var"))
if steps == 0:
    batch_mean, batch_var = torch.empty(2, 0, 3)
else:
    batch_mean, batch_var = batches.mean(dim=(1, 3)), batches.var(dim=(1, 3))
remains = float(steps == 0) if momentum is None else (1 - momentum) ** steps
drift = {name: (states[-1][name] - first).abs().max().item() for name, first in states[0].items()}

# %% what train mode takes from the batch
mean, var = x.mean(dim=(0, 2)), x.var(dim=(0, 2), unbiased=False)

# %% does a neighbour move sample 0
bn.load_state_dict(states[-1])  # y_train has moved the buffers
shifted = torch.cat([x[:1], x[1:] + shift])
change_eval = bn.eval()(shifted)[0] - y_eval[0]
change_train = bn.train()(shifted)[0] - y_train[0]

# %% print
print(f"after {steps} batches running_mean is {running_mean[-1]} and this batch has the mean {mean}")
print(
    f"its neighbours move sample 0 by {change_train.abs().max():.3f} in train mode, {change_eval.abs().max():.3f} in eval"
)

# %% proof: neighbour
layer, four = nn.BatchNorm1d(3).eval(), torch.randn(4, 3, 5)
moved = torch.cat([four[:1], four[1:] + 20])
print((layer(moved)[0] - layer(four)[0]).abs().max().item())

# %% proof: ten batches
layer = nn.BatchNorm1d(1, momentum=0.1)
for _ in range(10):
    layer(torch.full((4, 1), 5.0))
print(round(layer.running_mean.item(), 1))

# %% proof: batch of one
y = nn.BatchNorm1d(3)(torch.randn(1, 3, 5))
print(f"an output of shape {tuple(y.shape)}" if y.isfinite().all() else "nan everywhere")

# %% proof: two values
y = nn.BatchNorm1d(1)(torch.tensor([[0.3], [7.0]]))
print([round(value) for value in y.flatten().tolist()])

# %% proof: unbiased
layer = nn.BatchNorm1d(1, momentum=1.0)
layer(torch.tensor([[0.0], [2.0], [4.0]]))
print(round(layer.running_var.item(), 3))
