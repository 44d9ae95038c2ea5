# %% parameters
import torch

first: str = "x"
op: str = "+ y"
y_shape: str = "(2, 1, 1)"
write: str = "nothing"

x = torch.arange(6.0).reshape(2, 3)
before = x.clone()
if op == "+ y" or op == "+= y":
    if y_shape == "(3,)":
        y = torch.tensor([10.0, 20.0, 30.0])
    elif y_shape == "(2,)":
        y = torch.tensor([10.0, 20.0])
    elif y_shape == "(2, 1)":
        y = torch.tensor([[10.0], [20.0]])
    elif y_shape == "(2, 1, 1)":
        y = torch.tensor([[[10.0]], [[20.0]]])
    else:
        y = torch.tensor(10.0)

# %% another look at x, or a sum
if first == "x":
    a = x
elif first == "x.permute(1, 0)":
    a = x.permute(1, 0)
else:
    a = x[:, :2]
if op == "+ y":
    out = a + y
elif op == "+= y":
    a += y
    out = a
elif op == ".expand(2, -1, -1)":
    out = a.expand(2, -1, -1)
elif op == ".repeat(2, 1, 1)":
    out = a.repeat(2, 1, 1)
elif op == ".view(-1)":
    out = a.view(-1)
elif op == ".reshape(-1)":
    out = a.reshape(-1)
elif op == ".view(3, 2)":
    out = a.view(3, 2)
elif op == ".permute(1, 0)":
    out = a.permute(1, 0)
else:
    out = a.contiguous()

# %% the memory under out
strides, offset = out.stride(), out.storage_offset()
shared = out.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
kept = out.clone()
turned = before.permute(1, 0)
if op == "+ y" or op == "+= y":
    stretched = y.expand(out.shape)

# %% a write through out
if write == "one number":
    out[(0,) * out.dim()] = 9
elif write == "all numbers":
    out += 1

# %% what has changed
memory = out.as_strided((out.untyped_storage().nbytes() // out.element_size(),), (1,), 0).clone()
out_changed = (out != kept).sum().item()
x_changed = (x != before).nonzero().tolist()

# %% print
print(f"out has shape {tuple(out.shape)} and strides {strides}: {'views x' if shared else 'a memory of its own'}")

# %% proof: three dims
print(tuple((torch.ones(2, 3) + torch.ones(2, 1, 1)).shape))

# %% proof: two against three
try:
    torch.ones(2, 3) + torch.ones(2)
except RuntimeError as error:
    print(f"a {type(error).__name__}")

# %% proof: view and permute
m = torch.arange(6.0).reshape(2, 3)
viewed, permuted = m.view(3, 2), m.permute(1, 0)
print(
    f"{'same' if viewed.shape == permuted.shape else 'other'} shape, {'same' if viewed.equal(permuted) else 'other'} numbers"
)

# %% proof: reshape of what lies in order
m = torch.zeros(2, 3)
m.reshape(-1)[0] = 9
print(*(f"x[{i}, {j}]" for i, j in m.nonzero().tolist()))

# %% proof: reshape of what was permuted
m = torch.zeros(2, 3)
m.permute(1, 0).reshape(-1)[0] = 9
print("something" if m.any() else "nothing")

# %% proof: expanded
m = torch.zeros(2, 3).expand(2, -1, -1)
m[0, 0, 0] = 9
print((m == 9).sum().item(), "numbers")
