"""Extractive question answering: a model with start and end logits, as lessons share it."""

from __future__ import annotations

from pathlib import Path

import torch

from models.alone import alone
from models.device import choose_device, dtype_on
from models.guarded import Guarded
from models.hugging_face import (
    AutoModelForQuestionAnswering,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from models.remembered import Remembered
from models.together import Together

SHIPPED = Path(__file__).parent.parent / "assets" / "models" / "extractive"


class Extractive:
    """A model with start and end logits, loaded once and shared by all threads.

    The weights are frozen and in eval mode: nothing here changes them. `forward` is the model for
    threads that ask at the same time: they are read in one batch; `remembered` is the same with a
    memory of what it read. The tokenizer is guarded, because every call changes its settings.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        if not tokenizer.is_fast:
            raise ValueError("The tokenizer gives no offsets: spans cannot be found in the text.")
        self.model = model.eval().requires_grad_(False)
        self.tokenizer = Guarded(tokenizer)
        self.forward = Together(self.model, int(tokenizer.pad_token_id or 0))
        self.remembered = Remembered(self.forward)
        positions = getattr(model.config, "max_position_embeddings", 512)
        self.longest = min(512, positions, tokenizer.model_max_length)  # tokens

    @classmethod
    def load(cls, folder: Path = SHIPPED, device: torch.device | None = None) -> Extractive:
        """Read a folder of safetensors, whatever their dtype: float32 on a CPU.

        Read as float32 first: while another dtype is read, it is torch's default for every thread.
        """
        device = device or choose_device()
        with alone:
            model = AutoModelForQuestionAnswering.from_pretrained(
                folder,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
            )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        return cls(model.to(device, dtype_on(device)), tokenizer)
