# %% parameters
import torch
import torch.nn.functional as F

z0: float = 2.0
z1: float = -1.0
z2: float = 0.5
shift: float = 0.0
temperature: float = 1.0
target: int = 0  # the right class
fed: str = "logits"  # what F.cross_entropy is given

# %% three scores, their probabilities and a loss
logits = torch.tensor([z0, z1, z2], requires_grad=True)
label = torch.tensor(target)
scaled = (logits + shift) / temperature
probs = scaled.softmax(dim=0)

if fed == "logits":
    loss = F.cross_entropy(scaled, label)
elif fed == "softmax(logits)":
    loss = F.cross_entropy(probs, label)  # applies a second softmax
else:
    loss = F.cross_entropy(scaled.log_softmax(dim=0), label)
[grad] = torch.autograd.grad(loss, logits, retain_graph=True)

# %% the same loss, fed in each of three ways
log_probs = scaled.log_softmax(dim=0)
with torch.no_grad():
    losses = {
        "logits": F.cross_entropy(scaled, label),
        "softmax(logits)": F.cross_entropy(probs, label),
        "log_softmax(logits)": F.cross_entropy(log_probs, label),
    }

# %% the best that can be fed in each way
onehot = F.one_hot(label, num_classes=3).float()
lowest = {
    "logits": F.cross_entropy(1000 * onehot, label),
    "softmax(logits)": F.cross_entropy(onehot, label),  # no probabilities are better than these
    "log_softmax(logits)": F.cross_entropy(onehot.log(), label),
}

# %% the gradient by the formula
formula = (probs - onehot) / temperature

# %% 100 added to all three logits
plus_100 = logits.detach() + 100
probs_plus_100 = ((plus_100 + shift) / temperature).softmax(dim=0)
moved = (probs_plus_100 - probs).abs().max().item()

# %% the log of softmax, and the gradient that comes back through it
log_of_probs = probs.log()
[log_grad] = torch.autograd.grad(-log_of_probs[target], logits)

# %% print
print(f"softmax gives {probs.tolist()}, and F.cross_entropy of {fed} {loss.item():.4f}; gradient {grad.tolist()}")

# %% proof: a constant
z = torch.tensor([2.0, -1.0, 0.5])
print("no probability changes" if torch.equal((z + 100).softmax(0), z.softmax(0)) else "some change")

# %% proof: perfect probabilities
print(f"{F.cross_entropy(torch.tensor([1.0, 0.0, 0.0]), torch.tensor(0)).item():.3f}")

# %% proof: log-probabilities
z, label = torch.tensor([2.0, -1.0, 0.5]), torch.tensor(0)
same = torch.allclose(F.cross_entropy(z.log_softmax(0), label), F.cross_entropy(z, label))
print("the same loss" if same else "another loss")

# %% proof: gradient
z = torch.tensor([2.0, -1.0, 0.5], requires_grad=True)
[gradient] = torch.autograd.grad(F.cross_entropy(z, torch.tensor(0)), z)
print(f"{gradient[0].item():.4f}")

# %% proof: wrong for certain
z = torch.tensor([-10.0, 10.0, 10.0], requires_grad=True)
[gradient] = torch.autograd.grad(F.cross_entropy(z.softmax(0), torch.tensor(0)), z)
largest = gradient.abs().max().item()
print("less than 0.0001" if 0 < largest < 0.0001 else largest)

# %% proof: log of softmax
print(torch.tensor([100.0, -100.0, 0.0]).softmax(0).log()[1].item())
