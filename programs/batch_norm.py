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

# %% train on some batches, then call once in each mode
states = [{name: value.clone() for name, value in bn.state_dict().items()}]
if N * L == 1:
    y_eval = bn.eval()(x)
    y_train = bn.train()(x)  # torch refuses: one value a channel
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

# %% what the sum of squares is divided by in running_var
once = nn.BatchNorm1d(3, momentum=1.0)
once(x)  # with momentum 1 the buffer is what this batch gives it
divisor = (var * N * L / once.state_dict()["running_var"])[0].item()

# %% does a neighbour move sample 0
bn.load_state_dict(states[-1])  # y_train has moved the buffers
shifted = torch.cat([x[:1], x[1:] + shift])
move_eval = bn.eval()(shifted) - y_eval
move_train = bn.train()(shifted) - y_train
change_eval, change_train = move_eval[0], move_train[0]
shifted_mean = shifted.mean(dim=(0, 2))

# %% print
print(f"after {steps} batches running_mean is {running_mean[-1]} and this batch has the mean {mean}")
print(
    f"its neighbours move sample 0 by {change_train.abs().max():.3f} in train mode, {change_eval.abs().max():.3f} in eval"
)

# %% proof: neighbour
layer, four = nn.BatchNorm1d(3).eval(), torch.randn(4, 3, 5)
moved = torch.cat([four[:1], four[1:] + 5])
distance = (layer(moved)[0] - layer(four)[0]).abs().max().item()
print(f"by up to {distance:.2f}" if distance else "not at all")

# %% proof: first value
layer = nn.BatchNorm1d(1, momentum=0.1)
layer.running_mean.fill_(100.0)
for _ in range(10):
    layer(torch.tensor([[-1.0], [1.0]]))  # their mean is 0: what is left is the first value's
print(f"{layer.running_mean.item():.0f} %")

# %% proof: batch of one
y = nn.BatchNorm1d(3)(torch.randn(1, 3, 5))
print(f"a {tuple(y.shape)} tensor" if y.isfinite().all() else "NaN everywhere")

# %% proof: two values
y = nn.BatchNorm1d(1)(torch.tensor([[0.3], [7.0]]))
print(" and ".join(f"{value:.0f}" for value in y.flatten().tolist()))

# %% proof: unbiased
layer = nn.BatchNorm1d(1, momentum=1.0)
layer(torch.tensor([[0.0], [2.0], [4.0]]))  # mean 2, squares 4 + 0 + 4 = 8
print({3.0: "by n", 2.0: "by n - 1"}[8 / layer.running_var.item()])
