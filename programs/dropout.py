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


# %% the same call, three times
if input == "ones":
    x = torch.ones(3, 4)
elif input == "ramp":
    x = torch.arange(-4.0, 8.0).reshape(3, 4) / 2
else:
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
if layer == "nn.Dropout":
    dropout = nn.Dropout(p)
elif layer == "nn.Dropout1d":
    dropout = nn.Dropout1d(p)  # x is read as (channels, length)
else:
    dropout = ForgotTraining()

dropout.train(mode == "train")
torch.manual_seed(seed)
calls = [dropout(x) for _ in range(3)]

# %% what the three calls have in common
different = len({tuple(call.flatten().tolist()) for call in calls})
same = calls[0] is x

# %% dropout in both modes
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
print(*calls, sep="\n")
print(f"the mean of {passes} passes is {gap[-1]:.3f} from x, E[y²]/E[x²] is {power[-1]:.3f}")

# %% proof: three calls
drop = nn.Dropout(0.5)
outputs = [drop(torch.ones(3, 4)) for _ in range(3)]
print(len({str(output) for output in outputs}), "different outputs")

# %% proof: survivor
print(nn.Dropout(0.5)(torch.full((99,), 3.0)).max().item())

# %% proof: function in eval mode
outputs = [F.dropout(torch.ones(3, 4), 0.5) for _ in range(3)]
print(len({str(output) for output in outputs}), "different outputs")

# %% proof: what goes
rows = nn.Dropout1d(0.5)(torch.ones(3, 4))
print("whole rows" if all(len(row.unique()) == 1 for row in rows) else "single entries")

# %% proof: the same object
x = torch.ones(3)
print("x itself, the same object" if nn.Dropout(0.5).eval()(x) is x else "a copy of x")
