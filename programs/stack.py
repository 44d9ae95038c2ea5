# %% parameters
import torch

op: str = "stack"
dim: int = 0
shape: str = "(4,)"  # of each tensor in the list
n: int = 2
inputs: str = "equal shapes"

if shape == "()":
    tensors = [torch.tensor(i + 1.0) for i in range(n)]
elif shape == "(4,)":
    x = torch.tensor([1.0, 3.0, 6.0, 10.0])
    y = torch.tensor([2.0, 7.0, 9.0, 13.0])
    if n == 2:
        tensors = [x, y]
    else:
        tensors = [x, y, x + 20, y + 20, x + 40][:n]
elif shape == "(2, 3)":
    tensors = [10 * i + torch.arange(6.0).reshape(2, 3) for i in range(n)]
else:
    tensors = [100 * i + torch.arange(24.0).reshape(2, 3, 4) for i in range(n)]

if inputs == "last one None":
    tensors = [*tensors[:-1], None]
elif inputs == "empty list":
    tensors = []
elif inputs == "last one float64":
    tensors[-1] = tensors[-1].double()
elif inputs == "last one empty":
    tensors[-1] = torch.tensor([])  # shape (0,)
elif inputs == "last one shorter":
    if shape == "()":
        tensors[-1] = tensors[-1].unsqueeze(0)  # a scalar has no axis to cut: shape (1,) instead
    else:
        tensors[-1] = tensors[-1][..., :-1]

# %% the tensors become one
if op == "stack":
    out = torch.stack(tensors, dim=dim)
elif op == "cat":
    out = torch.cat(tensors, dim=dim)
elif op == "cat in a loop":
    joined = tensors[0]
    for t in tensors[1:]:
        joined = torch.cat([joined, t], dim=dim)
    out = joined
elif op == "unsqueeze + cat":
    out = torch.cat([t.unsqueeze(dim) for t in tensors], dim=dim)
else:
    out = torch.stack(tensors).reshape(torch.stack(tensors, dim=dim).shape)

# %% the same list along each dim, as the numbers lie in storage
if inputs != "equal shapes":
    every = [out]
elif op == "stack":
    every = [torch.stack(tensors, dim=d) for d in range(out.dim())]
elif op in ("cat", "cat in a loop"):
    every = [torch.cat(tensors, dim=d) for d in range(out.dim())]
elif op == "unsqueeze + cat":
    every = [torch.cat([t.unsqueeze(d) for t in tensors], dim=d) for d in range(out.dim())]
else:
    every = [torch.stack(tensors).reshape(torch.stack(tensors, dim=d).shape) for d in range(out.dim())]

memory = [t.as_strided((t.numel(),), (1,)) for t in every]  # stride 1: one number after the other
shared = out.untyped_storage().data_ptr() == tensors[0].untyped_storage().data_ptr()

# %% the same list through the other function
if op == "stack":
    try:
        other = torch.cat(tensors, dim=dim)
    except (IndexError, RuntimeError) as refusal:
        other = f"{type(refusal).__name__}: {refusal}"
elif op in ("cat", "cat in a loop"):
    try:
        other = torch.stack(tensors, dim=dim)
    except RuntimeError as refusal:
        other = f"{type(refusal).__name__}: {refusal}"
else:
    other = torch.stack(tensors, dim=dim)

# %% how many numbers were written on the way
if op == "cat in a loop":
    copied = sum(torch.cat(tensors[:k], dim=dim).numel() for k in range(2, n + 1))
else:
    copied = out.numel()

# %% print
print(f"{op}, dim={dim}: {len(tensors)} tensors of shape {shape} become {tuple(out.shape)}")
print(out)

# %% proof: new axis
x, y = torch.zeros(4), torch.zeros(4)
print(tuple(torch.stack([x, y]).shape))

# %% proof: last axis
x, y = torch.zeros(4), torch.zeros(4)
print(tuple(torch.stack([x, y], dim=1).shape))

# %% proof: middle axis
tensors = [torch.zeros(2, 3) for _ in range(4)]
print(tuple(torch.stack(tensors, dim=1).shape))

# %% proof: legal dims
tensors = [torch.zeros(2, 3), torch.zeros(2, 3)]
legal = []
for d in range(-5, 5):
    try:
        torch.stack(tensors, dim=d)
        legal.append(d)
    except IndexError:
        pass
print(f"{legal[0]} to {legal[-1]}")

# %% proof: copies
x, y = torch.zeros(4), torch.zeros(4)
out = torch.stack([x, y])
x[0] = 9
print("out[0, 0]" if out[0, 0] == 9 else "nothing")

# %% proof: float64
x, y = torch.zeros(4), torch.zeros(4, dtype=torch.float64)
print(torch.stack([x, y]).dtype)

# %% proof: cat in a loop
tensors = [torch.zeros(4) for _ in range(5)]
out, copied = tensors[0], 0
for t in tensors[1:]:
    out = torch.cat([out, t])
    copied += out.numel()
print(copied, "numbers")

# %% proof: reshape
x, y = torch.tensor([1, 3, 6, 10]), torch.tensor([2, 7, 9, 13])
reshaped, stacked = torch.stack([x, y]).reshape(4, 2), torch.stack([x, y], dim=1)
print("same shape, same numbers" if torch.equal(reshaped, stacked) else "same shape, other numbers")
