"""QAModel: a T5 that answers a question without a context, a whole batch in one call.

`shared_qa_model().answer(["What is the capital of France?"])[0].text` is `"Paris"`; see models/shared.py.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.alone import alone
from models.batch import IGNORED, Batch, collate, labels_of
from models.hugging_face import CACHE, AutoTokenizer, PreTrainedTokenizerBase, T5ForConditionalGeneration

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "models" / "closed_book"
MAX_ANSWER_TOKENS = 16


@dataclass(frozen=True)
class AnswerToken:
    """One greedy step of the decoder."""

    id: int
    text: str  # "▁Paris"; the mark stands for the space before a word
    probability: float  # softmax of this step's logits at `id`


@dataclass(frozen=True)
class Answer:
    """The greedy answer to one question."""

    question: str
    text: str  # without special tokens
    tokens: tuple[AnswerToken, ...]  # with </s>, unless the answer was cut off
    probability: float  # product over the tokens
    unknown_words: tuple[str, ...]  # of the question; the model read <unk> in their place


class QAModel(nn.Module):
    """A sequence-to-sequence model and its tokenizer: the class of GRACE's code, with its mistakes corrected.

    `forward` takes GRACE's `batch`: `batch["text"]` is a list of items, one question each, dicts
    of `input_ids`, optionally `attention_mask` and `labels`, of shape (S,) or (1, S).

    What differs from that class, which the lesson `qa_model` shows, and why:

    - `super().__init__()` takes no arguments: `QAModel, self` are arguments of `super`, and
      `nn.Module.__init__` has none.
    - The device is a property read from the parameters. `self.device = config["device"]` stays
      "cpu" after `.to("cuda")`.
    - Items are padded and run as one batch (N, S) with an attention mask, labels padded by -100.
      One call for each item is several times slower, and `torch.stack` fails on answers of
      different length. Logits are (N, T, V), not (N, 1, T, V).
    - Without labels there is no loss. There `try/except` never caught anything: `output.loss`
      is None, None was appended, and the next line failed.
    - `get_loss(logits, batch)` computes from its two arguments: the mean over answer tokens, which
      is T5's own loss of the batch. There it returned the loss of the last forward, whatever
      was passed, as the mean of item means, which gives a token of a short answer more weight.
    - Nothing is kept on `self` between calls, so threads can share one instance (as long as nobody
      calls its tokenizer with padding; `encode` is there for that).
    - No `.eval()` on the inner model in `__init__`: `from_pretrained` returns it in eval mode already,
      the wrapper's own flag stays True all the same, and any later `.train()` undoes it. Here
      `from_folder` puts the whole wrapper in eval mode; from then on the mode is the caller's.
    """

    def __init__(self, model: T5ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        # Padding is a setting of the tokenizer object: two threads, one padding and one not, would
        # change it under each other's hands. It stays off; `collate` pads.
        tokenizer.backend_tokenizer.no_padding()

    @classmethod
    def from_folder(cls, folder: Path = FOLDER) -> "QAModel":
        """Load weights (safetensors, as float32) and tokenizer from a folder; never from the network."""
        with alone:
            model = T5ForConditionalGeneration.from_pretrained(
                folder, dtype=torch.float32, local_files_only=True, use_safetensors=True
            )
        return cls(model, AutoTokenizer.from_pretrained(folder, local_files_only=True)).eval()

    @property
    def device(self) -> torch.device:
        """Where the parameters are now."""
        return next(self.parameters()).device

    def forward(self, batch: Batch) -> Tensor:
        """Logits (N, T, V) of N items, T answer tokens, V words.

        With labels, T is the longest item's; logits beyond an item's own labels mean nothing.
        Without labels the decoder reads only its start token, so T is 1: the first answer token.
        """
        inputs = collate(batch, self.tokenizer.pad_token_id)
        if "labels" not in inputs:
            start = self.model.config.decoder_start_token_id
            inputs["decoder_input_ids"] = torch.full((len(inputs["input_ids"]), 1), start)
        inputs = {name: tensor.to(self.device) for name, tensor in inputs.items()}
        return self.model(**inputs).logits

    def get_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy of `logits` (N, T, V) against the batch's labels, mean over answer tokens.

        Raises ValueError when the items have no labels, or labels that `logits` does not fit.
        """
        labels = labels_of(batch)  # (N, T)
        if logits.shape[:2] != labels.shape:
            raise ValueError(f"logits {tuple(logits.shape)} do not fit labels {tuple(labels.shape)}.")
        targets = labels.to(logits.device).flatten()
        return F.cross_entropy(logits.flatten(0, 1), targets, ignore_index=IGNORED)

    def encode(self, questions: Sequence[str], answers: Sequence[str] | None = None) -> Batch:
        """A batch: one item of (1, S) tensors for each question, on the CPU.

        Raises ValueError for an empty or too long question, and for an answer that is empty or
        has a word outside the vocabulary.
        """
        items = [{"input_ids": ids} for ids in self._read(questions)]
        for item, answer in zip(items, answers or (), strict=answers is not None):
            item["labels"] = self._label(answer)
        return {"text": items}

    @torch.inference_mode()
    def answer(self, questions: Sequence[str]) -> tuple[Answer, ...]:
        """Greedy answers, decoded as one padded batch, with the probability of every token.

        Raises ValueError for an empty or too long question.
        """
        if not questions:
            return ()
        inputs = self.padded(questions)
        best = self.greedy_logits(**inputs).softmax(-1).max(-1)  # values and indices (N, T)
        unknown = (inputs["input_ids"] == self.tokenizer.unk_token_id).any(-1)  # (N,)
        rows = zip(questions, best.indices.tolist(), best.values.tolist(), unknown.tolist(), strict=True)
        return tuple(self._decode(*row) for row in rows)

    @torch.inference_mode()
    def greedy_logits(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits (N, T, V) of the greedy answers; T is the longest, at most MAX_ANSWER_TOKENS.

        The encoder runs once; each step feeds the decoder one token and its cache.
        """
        encoded = self.model.get_encoder()(input_ids=input_ids, attention_mask=attention_mask)
        start = self.model.config.decoder_start_token_id
        ids = torch.full((len(input_ids), 1), start, device=input_ids.device)  # (N, 1)
        ended = torch.zeros_like(ids, dtype=torch.bool)
        cache = None
        steps: list[Tensor] = []
        while len(steps) < MAX_ANSWER_TOKENS and not ended.all():
            output = self.model(
                encoder_outputs=encoded,
                attention_mask=attention_mask,
                decoder_input_ids=ids,
                use_cache=True,
                **{CACHE: cache},
            )
            cache, step = output[CACHE], output.logits  # (N, 1, V)
            ids = step.argmax(-1)
            ended |= ids == self.tokenizer.eos_token_id
            steps.append(step)
        return torch.cat(steps, dim=1)

    @torch.inference_mode()
    def knows(self, questions: Sequence[str], answers: Sequence[str]) -> Tensor:
        """Whether the greedy answer to each question is exactly `answers[i]`: bool (N,).

        One forward with the answers as labels: if the best token is right at every position given
        the right ones before it, greedy decoding takes just these, and the other way round.
        """
        batch = self.encode(questions, answers)
        labels = labels_of(batch).to(self.device)  # (N, T)
        return ((self(batch).argmax(-1) == labels) | (labels == IGNORED)).all(-1)

    def padded(self, questions: Sequence[str]) -> dict[str, Tensor]:
        """`input_ids` and `attention_mask` (N, S) of the questions, on the model's device."""
        inputs = collate(self.encode(questions), self.tokenizer.pad_token_id)
        return {name: tensor.to(self.device) for name, tensor in inputs.items()}

    def _read(self, questions: Sequence[str]) -> list[Tensor]:
        """Ids of each question and `</s>`, (1, S) each."""
        rows = self.tokenizer(list(questions)).input_ids
        if min(map(len, rows), default=2) < 2:
            raise ValueError("question: it is empty.")
        longest, limit = max(map(len, rows), default=0), self.tokenizer.model_max_length
        if longest > limit:
            raise ValueError(f"question: it has {longest} tokens; at most {limit} are read.")
        return [torch.tensor([row]) for row in rows]

    def _label(self, answer: str) -> Tensor:
        """Ids of an answer and `</s>`, (1, T)."""
        ids = self.tokenizer(answer).input_ids
        if not 1 < len(ids) <= MAX_ANSWER_TOKENS:
            raise ValueError(f"answer: it has {len(ids) - 1} tokens; 1 to {MAX_ANSWER_TOKENS - 1} fit.")
        if self.tokenizer.unk_token_id in ids:
            words = ", ".join(self.unknown_words(answer))
            raise ValueError(f"answer: not in the model's vocabulary: {words}.")
        return torch.tensor([ids])

    def unknown_words(self, text: str) -> tuple[str, ...]:
        """The words of `text` that the vocabulary lacks."""
        encoded = self.tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
        spans = zip(encoded.input_ids, encoded.offset_mapping, strict=True)
        return tuple(text[start:end].strip() for id_, (start, end) in spans if id_ == self.tokenizer.unk_token_id)

    def _decode(self, question: str, ids: list[int], chances: list[float], unknown: bool) -> Answer:
        """Cut one row after its first `</s>`."""
        eos = self.tokenizer.eos_token_id
        length = ids.index(eos) + 1 if eos in ids else len(ids)
        ids, chances = ids[:length], chances[:length]
        tokens = tuple(map(AnswerToken, ids, self.tokenizer.convert_ids_to_tokens(ids), chances))
        text = str(self.tokenizer.decode(ids, skip_special_tokens=True))
        words = self.unknown_words(question) if unknown else ()
        return Answer(question, text, tokens, math.prod(chances), words)
