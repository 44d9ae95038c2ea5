# %% parameters
import warnings

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


class Picture(nn.Module):
    """Reads x as one picture of one channel, (1, 3, 4), without an axis for the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout2d(p)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(x.unsqueeze(0)).squeeze(0)


class Attention(nn.Module):
    """Each row attends to itself alone: without dropout the output is x."""

    def forward(self, x: Tensor) -> Tensor:
        itself = torch.eye(len(x), dtype=torch.bool)
        return F.scaled_dot_product_attention(x, x, x, attn_mask=itself, dropout_p=p)


class OneLayer(nn.Module):
    """Drops what one layer hands to the next, and there is no next."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)  # the same weights, whatever the seed of the mask
        self.lstm = nn.LSTM(4, 4, num_layers=1, dropout=p)  # reads 3 steps of 4 features

    def forward(self, x: Tensor) -> Tensor:
        return self.lstm(x)[0]


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
elif layer == "nn.Dropout2d":
    dropout = Picture()
elif layer == "attention's dropout_p":
    dropout = Attention()
elif layer == "nn.LSTM, 1 layer":
    dropout = OneLayer()
else:
    dropout = ForgotTraining()

dropout.train(mode == "train")
torch.manual_seed(seed)
calls = [dropout(x) for _ in range(3)]

# %% what the three calls have in common
different = len({tuple(call.flatten().tolist()) for call in calls})
same = calls[0] is x

# %% the masks of the three calls
torch.manual_seed(seed)  # the same draws on ones show what is kept
masks = [(dropout(torch.ones_like(x)) != 0).int() for _ in calls]

# %% what torch says when the layer is made
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    if layer == "nn.LSTM, 1 layer":
        OneLayer()
warned = [str(warning.message) for warning in caught]

# %% dropout in both modes
torch.manual_seed(seed)
y_train = dropout.train()(x)
torch.manual_seed(seed)  # the same draw on ones shows the mask
mask = (dropout(torch.ones_like(x)) != 0).int()
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


# %% proof: attention in eval mode
class Layer(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(x, x, x, dropout_p=0.5)


model, x = Layer().eval(), torch.randn(8, 4)
print(len({str(model(x)) for _ in range(3)}), "different outputs")

# %% proof: one layer
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch says that it expects more layers
    recurrent, x = nn.LSTM(4, 4, num_layers=1, dropout=0.5), torch.randn(3, 4)
outputs = {str(recurrent(x)[0]) for _ in range(3)}
print("1 output, three times" if len(outputs) == 1 else f"{len(outputs)} different outputs")

# %% proof: a picture without a batch
warnings.simplefilter("ignore")  # torch says that it reads (N, C, L)
[picture] = nn.Dropout2d(0.5)(torch.ones(1, 99, 4))
print(
    "whole rows" if all(len(row.unique()) == 1 for row in picture) and len(picture.unique()) == 2 else "whole channels"
)

# %% proof: the same object
x = torch.ones(3)
print("x itself, the same object" if nn.Dropout(0.5).eval()(x) is x else "a copy of x")
