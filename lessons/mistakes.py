"""One line of PyTorch for each error that a lesson speaks of and no setting of it raises; torch says what the error is.

`make errors` runs them and keeps the texts, so that a pasted error finds its lesson.
"""
# mypy: ignore-errors
# Each line is wrong on purpose, often in its types.

import ast
import textwrap
from collections.abc import Callable
from inspect import getsource
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import rnn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, default_collate, random_split

from explorable.parsing import tree_of

Mistake = Callable[[], Any]
ones = torch.ones


class Net(nn.Module):
    """A module without a forward."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)


class Adds(nn.Module):
    def forward(self, a: Any, b: Any) -> Any:
        return a + b


class Forgot(nn.Module):
    """Calls no super().__init__()."""

    def __init__(self, **assigned: Any) -> None:
        vars(self).update(assigned)


class Stream(IterableDataset):
    def __iter__(self) -> Any:
        return iter(range(3))


def tiny_t5(**changed: Any) -> Any:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(vocab_size=20, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, **changed)
    return T5ForConditionalGeneration(config)


def tiny_tokenizer() -> Any:
    from transformers import BertTokenizer

    return BertTokenizer(
        vocab={name: number for number, name in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"])}
    )


def pipeline(task: Any) -> Any:
    import transformers

    return transformers.pipeline(task)


def save_file(tensors: dict[str, Any]) -> Any:
    from safetensors.torch import save

    return save(tensors)


def backward_of(loss: Any) -> None:
    loss.backward()


# fmt: off
MISTAKES: dict[str, tuple[Mistake, ...]] = {
    "dropout": (
        lambda: nn.Dropout(1.5),
        lambda: F.dropout(ones(3), p=-0.1),
        lambda: nn.Dropout(0.5)(ones(3, dtype=torch.int64)),
    ),
    "batch_norm": (
        lambda: nn.BatchNorm1d(3)(ones(2, 3, 4, 5)),
        lambda: nn.BatchNorm2d(3)(ones(2, 3)),
        lambda: nn.BatchNorm1d(3)(ones(2, 5)),
        lambda: nn.BatchNorm1d(3)(ones(2, 3, dtype=torch.int64)),
        lambda: torch.nn.utils.fusion.fuse_linear_bn_eval(nn.Linear(3, 3), nn.BatchNorm1d(3)),
    ),
    "normalization": (
        lambda: nn.GroupNorm(3, 4),
        lambda: nn.GroupNorm(2, 4)(ones(2, 6, 5)),
        lambda: nn.InstanceNorm1d(3)(ones(2, 3, 1)),
    ),
    "modes": (
        lambda: nn.Linear(3, 3).train("eval"),
        lambda: nn.Linear(3, 3)(ones(1, 3)).numpy(),
        lambda: backward_of((loss := nn.Linear(3, 1)(ones(1, 3)).square().sum(), loss.backward())[0]),
        lambda: backward_of(nn.Linear(3, 3)(ones(1, 3))),
    ),
    "stack": (
        lambda: torch.stack(ones(())),
        lambda: torch.stack(x for x in [ones(2), ones(2)]),
        lambda: torch.cat([]),
        lambda: torch.cat([ones(2, 3), ones(3, 4)]),
        lambda: torch.tensor([ones(2), ones(2)]),
        lambda: ones(2, 3).reshape(4, 2),
        lambda: ones(2, 3).view(-1, 4),
        lambda: ones(2, 3).T.view(6),
        lambda: ones(2, 1).expand(3, 4),
        lambda: ones(1).expand(3).add_(ones(3)),
        lambda: ones(2, 3) + ones(2, 4),
        lambda: ones(2, 3).squeeze(5),
    ),
    "batches": (
        lambda: DataLoader([1, 2], batch_size=0),
        lambda: DataLoader([], shuffle=True),
        lambda: DataLoader([1, 2], sampler=[0], shuffle=True),
        lambda: DataLoader([1, 2], batch_sampler=[[0]], batch_size=2),
        lambda: DataLoader([1, 2], batch_size=None, drop_last=True),
        lambda: setattr(DataLoader([1, 2]), "batch_size", 4),
        lambda: torch.utils.data.WeightedRandomSampler([1.0], num_samples=0),
        lambda: torch.utils.data.DistributedSampler([1, 2]),
    ),
    "collate": (
        lambda: default_collate([{"a": 1}, {"b": 2}]),
        lambda: default_collate([[1, 2], [1]]),
        lambda: nn.Linear(2, 2)(default_collate([[0.5, 0.5], [1.0, 1.0]])[0]),
        lambda: nn.Linear(2, 2)(torch.tensor([[0.5, 0.5]], dtype=torch.float64)),
        lambda: default_collate([ones(2)]).items(),
        lambda: [ones(2)].to("cpu"),
    ),
    "dataset": (
        lambda: Dataset()[0],
        lambda: TensorDataset(ones(2), ones(3)),
        lambda: random_split([1, 2, 3], [1, 1]),
        lambda: next(DataLoader([1, 2])),
        lambda: next(iter(DataLoader({"a": 1}))),
        lambda: next(iter(DataLoader({1, 2}, sampler=[0]))),
        lambda: DataLoader((x for x in [1, 2]), shuffle=True),
    ),
    "iterable": (
        lambda: DataLoader(Stream(), shuffle=True),
        lambda: DataLoader(Stream(), sampler=[0]),
        lambda: len(Stream()),
        lambda: IterableDataset(),
    ),
    "workers": (
        lambda: DataLoader([1, 2], prefetch_factor=2),
        lambda: DataLoader([1, 2], num_workers=-1),
        lambda: DataLoader([1, 2], timeout=-1),
        lambda: DataLoader([1, 2], persistent_workers=True),
        lambda: next(iter(DataLoader(Dataset(), sampler=[0], num_workers=1))),
        lambda: ForkingPickler.dumps(lambda item: item),
        lambda: ForkingPickler.dumps(x for x in [1]),
        lambda: ForkingPickler.dumps(open(__file__)),
        lambda: ForkingPickler.dumps(open(__file__, "rb")),
    ),
    "padding": (
        lambda: nn.Embedding(4, 2)(torch.tensor([7])),
        lambda: nn.Embedding(4, 2, padding_idx=9),
        lambda: nn.Embedding(4, 2)(ones(2)),
        lambda: rnn.pack_padded_sequence(ones(3, 2, 1), [1, 3]),
        lambda: rnn.pad_sequence([]),
        lambda: torch.tensor([[1, 2], [1]]),
        lambda: tiny_tokenizer()(["a", "a a"], return_tensors="pt"),
    ),
    "batch_memory": (
        lambda: torch.empty(10**15),
    ),
    "span": (
        lambda: tiny_tokenizer()("a", "a a a a a a", max_length=7, stride=4, truncation="only_second", return_overflowing_tokens=True),
        lambda: tiny_tokenizer()("a a a a a a", "a", max_length=4, truncation="only_second"),
        lambda: tiny_tokenizer().encode_plus("a", "a"),
        lambda: pipeline("question-answering"),
    ),
    "logits": (
        lambda: F.cross_entropy(ones(2, 3), ones(2)),
        lambda: F.cross_entropy(ones(2, 3), ones(2, dtype=torch.int32)),
        lambda: F.cross_entropy(ones(2, 3), ones(2, 1, dtype=torch.int64)),
        lambda: F.cross_entropy(ones(2, 3, 5), ones(2, 3, dtype=torch.int64)),
        lambda: F.cross_entropy(ones(2, 3), ones(4, dtype=torch.int64)),
        lambda: F.cross_entropy(ones(2, 3), torch.tensor([0, 5])),
        lambda: F.binary_cross_entropy(ones(2) * 3, ones(2)),
        lambda: F.binary_cross_entropy_with_logits(ones(2, 1), ones(2)),
        lambda: F.binary_cross_entropy(ones(2), ones(2, dtype=torch.int64)),
    ),
    "device": (
        lambda: nn.Linear(2, 2).cuda(),
        lambda: ones(2, device="meta").cpu(),
        lambda: nn.Linear(2, 2)(ones(1, 2, dtype=torch.float16)),
        lambda: torch.device("gpu"),
    ),
    "registration": (
        lambda: setattr(Net(), "layer", ones(2)),
        lambda: setattr((net := Net(), net.register_parameter("p", nn.Parameter(ones(2))))[0], "p", ones(2)),
        lambda: Net().register_parameter("p", ones(2)),
        lambda: Net().register_buffer("b", 3),
        lambda: Net().register_buffer("layer", ones(2)),
        lambda: torch.optim.SGD([], lr=0.1),
        lambda: torch.optim.SGD([ones(2) * nn.Parameter(ones(2))], lr=0.1),
        lambda: nn.Linear(2, 2, device="meta").to("cpu"),
        lambda: nn.ModuleList([ones(2)]),
        lambda: nn.Linear(2, 2).device,
        lambda: Net().load_state_dict({"other.weight": ones(2)}),
        lambda: nn.Linear(2, 2).load_state_dict({"weight": ones(3, 3), "bias": ones(2)}),
    ),
    "super_init": (
        lambda: setattr(Forgot(), "layer", nn.Linear(2, 2)),
        lambda: setattr(Forgot(), "weight", nn.Parameter(ones(2))),
        lambda: Forgot().register_buffer("b", ones(2)),
        lambda: list(Forgot(w=1).parameters()),
        lambda: repr(Forgot(w=1)),
        lambda: Forgot(w=1)(ones(2)),
        lambda: Forgot(w=1).eval(),
    ),
    "traversal": (
        lambda: nn.Linear(2, 2).named_parameters()[0],
        lambda: nn.Linear(2, 2).parameters()[0],
        lambda: nn.Linear(2, 2).modules()[0],
        lambda: Net().register_parameter("a.b", nn.Parameter(ones(2))),
        lambda: Net().get_submodule("layer.inner"),
        lambda: save_file({"embedding": (weight := ones(2)), "head": weight}),
        lambda: Net().get_parameter("layer.scale"),
    ),
    "freeze": (
        lambda: backward_of(nn.Linear(2, 1).requires_grad_(False)(ones(1, 2)).sum()),
        lambda: setattr(ones(2, requires_grad=True) * 2, "requires_grad", False),
        lambda: ones(2, dtype=torch.int64, requires_grad=True),
        lambda: ones(2, requires_grad=True).add_(1),
        lambda: torch.optim.SGD(nn.Linear(2, 2), lr=0.1),
        lambda: torch.optim.SGD([p for p in nn.Linear(2, 2).requires_grad_(False).parameters() if p.requires_grad]),
    ),
    "indexing": (
        lambda: nn.Sequential(nn.ReLU())[3],
        lambda: nn.ModuleList([nn.ReLU()])[3],
        lambda: nn.Sequential(nn.ReLU())["0"],
        lambda: nn.Linear(2, 2)[0],
        lambda: nn.ModuleDict({"keys": nn.ReLU()}),
        lambda: nn.ModuleDict({"a.b": nn.ReLU()}),
        lambda: nn.ModuleDict({"a": nn.ReLU()})["b"],
        lambda: nn.Sequential([nn.ReLU()]),
        lambda: nn.Sequential(nn.LSTM(2, 2), nn.Linear(2, 2))(ones(3, 2)),
        lambda: nn.ModuleDict({"a": nn.ReLU()})(ones(2)),
    ),
    "call_forward": (
        lambda: Net()(ones(3)),
        lambda: Adds()(ones(2)),
        lambda: Adds()(ones(2), ones(2), c=1),
        lambda: Adds()(ones(2), ones(2), ones(2)),
        lambda: nn.Linear(2, 2)({"x": ones(2)}),
        lambda: nn.Linear(2, 2)(ones(4, 3)),
        lambda: nn.Linear(2, 2)(None),
        lambda: {"input_ids": ones(1)}.size(),
    ),
    "qa_model": (
        lambda: torch.stack([None, None]),
        lambda: Net().loss,
        lambda: torch.stack([ones(1, 6, 60), ones(1, 2, 60)]),
        lambda: tiny_t5()(input_ids=torch.tensor([[1, 2]])),
        lambda: tiny_t5()(input_ids=torch.tensor([[1, 2]]), labels=torch.tensor([[1]])),
    ),
    "padding_effect": (
        lambda: F.scaled_dot_product_attention(ones(1, 1, 6, 2), ones(1, 1, 6, 2), ones(1, 1, 6, 2), ones(1, 1, 1, 4) > 0),
        lambda: nn.MultiheadAttention(2, 1)(ones(3, 1, 2), ones(3, 1, 2), ones(3, 1, 2), ones(1, 5) > 0),
    ),
    "dense_relu_dense": (
        lambda: tiny_t5().decoder.block[0].layer[1].DenseReluDense,
        lambda: tiny_t5().encoder.block[0].layer[1].DenseReluDense.wi_0,
        lambda: tiny_t5(feed_forward_proj="gated-gelu").encoder.block[0].layer[1].DenseReluDense.wi,
        lambda: tiny_t5(feed_forward_proj="relu-gated"),
        lambda: tiny_t5(feed_forward_proj="gated-gelu").load_state_dict(tiny_t5().state_dict()),
    ),
}
# fmt: on


def code_of(mistake: Mistake) -> str:
    """The line as it stands above."""
    line = textwrap.dedent(getsource(mistake)).strip().rstrip(",")
    [body] = [node.body for node in ast.walk(tree_of(f"[{line}]")) if isinstance(node, ast.Lambda)][:1]
    return ast.unparse(body)
