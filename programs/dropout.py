# %% parameters
import torch
import torch.nn.functional as F
from torch import Tensor, nn

p: float = 0.5  # probability that an entry is dropped
layer: str = "nn.Dropout"
input: str = "ramp"
seed: int = 0
mode: str = "train"
passes: int = 50


class ForgotTraining(nn.Module):
    """Calls F.dropout without `training=self.training`, so it never hears of eval()."""

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, p)


# %% dropout in both modes
if input == "ones":
    x = torch.ones(4, 6)
elif input == "ramp":
    x = torch.arange(-8.0, 16.0).reshape(4, 6) / 8
else:
    x = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
if layer == "nn.Dropout":
    dropout = nn.Dropout(p)
elif layer == "nn.Dropout1d":
    dropout = nn.Dropout1d(p)  # x is read as (channels, length): whole rows go
else:
    dropout = ForgotTraining()

torch.manual_seed(seed)
y_train = dropout.train()(x)
torch.manual_seed(seed)  # the same draw on ones shows the mask
mask = (dropout(torch.ones_like(x)) > 0).int()
torch.manual_seed(seed)
y_eval = dropout.eval()(x)

# %% what train mode did
scale = 1 / (1 - p) if p < 1 else float("inf")
difference = y_train - y_eval

# %% the mean over many passes
dropout.train(mode == "train")
outputs = torch.stack([dropout(x) for _ in range(passes)])
k = torch.arange(1, passes + 1)
mean = outputs.cumsum(dim=0) / k[:, None, None]
gap = (mean - x).square().mean(dim=(1, 2)).sqrt()
power = outputs.square().mean(dim=(1, 2)).cumsum(dim=0) / k / x.square().mean()

# %% print
print(y_train, y_eval, sep="\n")
print(f"the mean of {passes} passes is {gap[-1]:.3f} from x, E[y²]/E[x²] is {power[-1]:.3f}")

# %% proof: survivor
print(nn.Dropout(0.5)(torch.ones(99)).max().item())

# %% proof: function
print((F.dropout(torch.ones(999), 0.5) == 0).any().item())

# %% proof: rows
rows = nn.Dropout1d(0.5)(torch.ones(4, 6))
print(max(len(row.unique()) for row in rows))

# %% proof: the same object
ones = torch.ones(3)
print("its input, the same object" if nn.Dropout(0.5).eval()(ones) is ones else "a copy of its input")
