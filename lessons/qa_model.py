"""The notes' QAModel runs its model once an item, stacks logits of equal shape, and keeps the loss of its last forward."""

# The class stands here as the notes have it: without types, with a bare except.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, var-annotated, assignment"

import copy
import inspect
import re
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils.data import default_collate

from explorable.lesson import Example, Lesson, Prediction, Trap
from explorable.params import BadParam, bounded, choice, listed, shorten, text
from explorable.seeding import seeded
from lessons.shipped import shipped
from lessons.source import snippet_of

TENSORS, LISTS, STRINGS, COLLATED, NONE = (
    "dicts of tensors",
    "dicts of lists",
    "strings",
    "one dict, by default_collate",
    "an empty list",
)
ONCE, AGAIN, NEVER = "once", "again, with the last item", "never"
LABELS, STARTED, NEITHER = "labels", "decoder_input_ids", "neither"
EQUAL, DIFFERENT, PADDED = "equal lengths", "different lengths", "padded with -100"
SEQ2SEQ, SPANS = "AutoModelForSeq2SeqLM", "AutoModelForQuestionAnswering"


@dataclass(frozen=True)
class Params:
    question: str = text(
        "What is the capital of France?", max_length=200, about="your own: item 0, and what the corrected class answers"
    )
    answer: str = text(
        "Paris", max_length=60, about="the label of your question", when={"target": ("labels", "decoder_input_ids")}
    )
    batch_size: int = bounded(3, low=1, high=3, step=1, about="items in batch['text']")
    target: Literal["labels", "decoder_input_ids", "neither"] = choice(LABELS, about="what an item holds of its answer")
    answers: Literal["equal lengths", "different lengths", "padded with -100"] = choice(
        EQUAL, about="of the other items, in tokens", when={"target": ("labels", "decoder_input_ids")}
    )
    items: Literal["dicts of tensors", "dicts of lists", "strings", "one dict, by default_collate", "an empty list"] = (
        choice(TENSORS, about="what batch['text'] is")
    )
    forward: Literal["once", "again, with the last item", "never"] = choice(
        ONCE, about="before get_loss(logits, batch)"
    )
    head: Literal["AutoModelForSeq2SeqLM", "AutoModelForQuestionAnswering"] = choice(
        SEQ2SEQ, about="the class that get_hf_model loads"
    )


@dataclass(frozen=True)
class Result:
    questions: list[str]  # N of them
    texts: list[str]  # their answers
    unknown_words: list[str]  # of the visitor's question: the model reads <unk>
    input_ids: Tensor  # (N, S) the corrected class's one padded batch
    tokens: list[list[str]]  # of input_ids
    attention_mask: Tensor  # (N, S)
    labels: Tensor | None  # (N, T) padded with -100; None without labels
    batched_logits: Tensor  # (N, T, V) of that batch; T is 1 without labels
    batched_loss: Tensor | None  # () the mean over answer tokens
    decoded: list[dict[str, Any]]  # for each question the greedy answer: text, tokens, probabilities (T,)
    batch: dict[str, Any] | None  # what the notes' forward is given
    lanes: list[dict[str, Any]] | None  # what self.model returned, one entry a call, those of a second forward included
    logits: Tensor | None  # (N, B, T, V) what the notes' forward returned
    loss: Tensor | None  # () what the notes' get_loss returned
    error: str | None


class QAModel(torch.nn.Module):
    def __init__(self, config):
        super(QAModel, self).__init__()  # noqa: UP008 as the notes have it
        self.model = get_hf_model(config).eval()
        self.tokenizer = get_tokenizer(config)
        self.device = config["device"]

    def forward(self, batch):
        logits = []
        self.loss = []
        for item in batch["text"]:
            item = {f"{k1}": v1.to(self.device) for k1, v1 in item.items()}
            output = self.model(**item)
            logits.append(output.logits)
            try:
                self.loss.append(output.loss)
            except:  # noqa: E722 as the notes have it
                pass
        self.loss = torch.stack(self.loss).mean()
        return torch.stack(logits)

    def get_loss(self, logits, batch):
        return self.loss


def lane_of(output: Any, tokenizer: Any) -> dict[str, Any]:
    """What one call of the inner model gave."""
    if "logits" not in output:
        return {"output": type(output).__name__, "keys": list(output)}
    probabilities, ids = output.logits[0].softmax(dim=-1).max(dim=-1)  # (T,) each
    tokens = tokenizer.convert_ids_to_tokens(ids.tolist())
    shape = tuple(output.logits.shape)
    return {"output": type(output).__name__, "shape": shape, "loss": output.loss, "tokens": tokens, "p": probabilities}


def read(question: str, answer: str, batch_size: int, answers: str, head: str) -> tuple[Any, ...]:
    config = {"model": "assets/models/closed_book", "head": head, "device": "cpu"}
    tokenizer = get_tokenizer(config)
    encoded = tokenizer(question, return_offsets_mapping=True)
    spans = zip(encoded.input_ids, encoded.offset_mapping, strict=True)
    unknown_words = [question[start:end].strip() for i, (start, end) in spans if i == tokenizer.unk_token_id]
    if answers == "equal lengths":
        questions = [question, "What is the capital of Japan?", "What is the capital of Italy?"][:batch_size]
        texts = [answer, "Tokyo", "Rome"][:batch_size]
    if answers != "equal lengths":
        questions = [question, "What is the capital of Argentina?", "What is the capital of Brunei?"][:batch_size]
        texts = [answer, "Buenos Aires", "Bandar Seri Begawan"][:batch_size]
    return config, tokenizer, questions, texts, unknown_words


def batched(  # noqa: C901 shown by branch
    tokenizer: Any, questions: list[str], texts: list[str], target: str, answers: str, items: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    text = [dict(tokenizer(asked, return_tensors="pt")) for asked in questions]
    ids = [tokenizer(words).input_ids for words in texts]
    if answers == "padded with -100":
        longest = max(map(len, ids))
        ids = [row + [-100] * (longest - len(row)) for row in ids]
    if target == "labels":
        for item, row in zip(text, ids, strict=True):
            item["labels"] = torch.tensor([row])
    if target == "decoder_input_ids":
        for item, row in zip(text, ids, strict=True):
            item["decoder_input_ids"] = torch.tensor([[0, *row[:-1]]]).clamp(min=0)  # the start token, then the answer

    if items == "dicts of tensors":
        batch = {"text": text}
    if items == "dicts of lists":
        batch = {"text": [{name: row.tolist() for name, row in item.items()} for item in text]}
    if items == "strings":
        batch = {"text": questions}
    if items == "one dict, by default_collate":
        batch = {"text": default_collate(text)}
    if items == "an empty list":
        batch = {"text": []}
    lanes = []
    return batch, lanes


def noted(config: Any, tokenizer: Any, batch: Any, lanes: list[Any], forward: str) -> tuple[Tensor | None, Tensor]:
    model = QAModel(config)
    model.model.register_forward_hook(lambda module, args, output: lanes.append(lane_of(output, tokenizer)))
    if forward == "never":
        logits = None
    if forward != "never":
        logits = model(batch)
    if forward == "again, with the last item":
        model({"text": batch["text"][-1:]})
    loss = model.get_loss(logits, batch)
    return logits, loss


def get_tokenizer(config: dict[str, str]) -> Any:
    """That of the shipped model; the snippet loads it anew."""
    return shipped("closed_book").tokenizer


def get_hf_model(config: dict[str, str]) -> Any:
    """A copy of the shared model, so that the hook stays here; the snippet loads it anew."""
    from models.closed_book import FOLDER
    from models.hugging_face import AutoModelForQuestionAnswering

    if config["head"] == SEQ2SEQ:
        return copy.deepcopy(shipped("closed_book").model).cpu()
    with seeded(0):  # of the head, which is not in the folder; that is the point
        return AutoModelForQuestionAnswering.from_pretrained(FOLDER, local_files_only=True, use_safetensors=True)


def corrected(questions: list[str], texts: list[str], target: str) -> dict[str, Any]:
    """The class of models/closed_book.py: one padded batch, its loss, and the greedy answers."""
    from models.batch import collate

    qa = shipped("closed_book")
    batch = qa.encode(questions, texts if target == LABELS else None)
    inputs = collate(batch, qa.tokenizer.pad_token_id)
    logits = qa(batch)
    return {
        "input_ids": inputs["input_ids"],
        "tokens": [qa.tokenizer.convert_ids_to_tokens(row) for row in inputs["input_ids"].tolist()],
        "attention_mask": inputs["attention_mask"],
        "labels": inputs.get("labels"),
        "batched_logits": logits.cpu(),
        "batched_loss": qa.get_loss(logits, batch).cpu() if target == LABELS else None,
        "decoded": [
            {
                "text": answer.text,
                "tokens": [token.text for token in answer.tokens],
                "p": torch.tensor([token.probability for token in answer.tokens]),
            }
            for answer in qa.answer(questions)
        ],
    }


def relevant(params: Params) -> Params:
    """A control that is hidden stands at its default."""
    default = Params()
    return params if params.target != NEITHER else replace(params, answer=default.answer, answers=default.answers)


def check(params: Params) -> None:
    """Raises BadParam with one sentence for a question or an answer that cannot be read."""
    tokenizer = shipped("closed_book").tokenizer
    for field, words, most in (("question", params.question, 63), ("answer", params.answer, 15)):
        size = len(tokenizer(words).input_ids) - 1  # </s> stands at the end
        if not 1 <= size <= most:
            raise BadParam(f"{field} must have 1 to {most} tokens, not {size}.")
    lacking = [word for word in params.answer.split() if tokenizer.unk_token_id in tokenizer(word).input_ids]
    if lacking:
        raise BadParam(f"answer must be words of the model's vocabulary, which lacks {shorten(', '.join(lacking))}.")


def run(params: Params) -> Result:
    p = relevant(params)
    check(p)
    found: dict[str, Any] = dict.fromkeys(field.name for field in fields(Result))
    try:
        config, tokenizer, *told = read(p.question, p.answer, p.batch_size, p.answers, p.head)
        found |= dict(zip(("questions", "texts", "unknown_words"), told, strict=True))
        found |= corrected(found["questions"], found["texts"], p.target)
        given = batched(tokenizer, found["questions"], found["texts"], p.target, p.answers, p.items)
        found["batch"], found["lanes"] = given
        found["logits"], found["loss"] = noted(config, tokenizer, *given, p.forward)
    except (AttributeError, RuntimeError, TypeError, ValueError) as refused:
        found["error"] = f"{type(refused).__name__}: {refused}"
    return Result(**found)


LOADING = """\
def get_hf_model(config):
    return {head}.from_pretrained(config["model"])  # in eval mode already


def get_tokenizer(config):
    return AutoTokenizer.from_pretrained(config["model"])
"""
CORRECTED = """\
# The class made right, as models/closed_book.py has it: one padded batch, a mask, -100, nothing kept on self.
t5 = AutoModelForSeq2SeqLM.from_pretrained("assets/models/closed_book")
padded = tokenizer(questions, padding=True, return_tensors="pt")
input_ids, attention_mask = padded["input_ids"], padded["attention_mask"]
tokens = [tokenizer.convert_ids_to_tokens(row) for row in input_ids.tolist()]
{target}
output = t5(input_ids=input_ids, attention_mask=attention_mask, {given})
batched_logits, batched_loss = output.logits, output.loss

generated = t5.generate(
    input_ids, attention_mask=attention_mask, max_new_tokens=16, output_logits=True, return_dict_in_generate=True
)
chances, ids = torch.stack(generated.logits, dim=1).softmax(dim=-1).max(dim=-1)  # (N, steps) each
decoded = []
for row, p in zip(ids.tolist(), chances):
    length = row.index(tokenizer.eos_token_id) + 1 if tokenizer.eos_token_id in row else len(row)
    words = tokenizer.decode(row[:length], skip_special_tokens=True)
    decoded.append({{"text": words, "tokens": tokenizer.convert_ids_to_tokens(row[:length]), "p": p[:length]}})
"""
WITH_LABELS = """\
labels = tokenizer(texts, padding=True, return_tensors="pt")["input_ids"]
labels[labels == tokenizer.pad_token_id] = -100  # pad is not ignored by itself"""
WITHOUT = """\
labels = None
start = torch.full((len(questions), 1), t5.config.decoder_start_token_id)  # no answer: the decoder reads its start token"""


def snippet(params: Params) -> str:
    params = relevant(params)
    values = vars(params)
    heads = sorted({SEQ2SEQ, params.head})
    imports = ["from typing import Any", "", "import torch"]
    if params.items == COLLATED:
        imports.append("from torch.utils.data import default_collate")
    imports.append(f"from transformers import {', '.join([*heads, 'AutoTokenizer'])}")
    told = (WITH_LABELS, "labels=labels") if params.target == LABELS else (WITHOUT, "decoder_input_ids=start")
    blocks = [
        "\n".join(imports),
        "",
        LOADING.format(head=params.head),
        as_in_the_notes(),
        "",
        inspect.getsource(lane_of),
        "",
        snippet_of(read, values, header="").strip(),
        CORRECTED.format(target=told[0], given=told[1]).strip(),
        snippet_of(batched, values, header="").strip(),
        snippet_of(noted, values, header="").strip(),
    ]
    return re.sub(r"\n{4,}", "\n\n\n", "\n\n".join(blocks)) + "\n"


def as_in_the_notes() -> str:
    """The source of the class, without this project's remarks to its linter."""
    return re.sub(r"  # noqa.*", "", inspect.getsource(QAModel))


def caption(params: Params, result: Result) -> str:
    own = result.decoded[0]
    lacks = f" It read <unk> for {listed(result.unknown_words)}." if result.unknown_words else ""
    answer = f"The corrected class answers {own['text']!r} with probability {float(own['p'].prod()):.3f}.{lacks}"
    count = len(result.decoded)
    given = params.items if params.items == NONE else f"{count} item{'' if count == 1 else 's'} as {params.items}"
    what = f"{given} (target: {params.target}; answers: {params.answers}), with {params.head}"
    return f"{answer} The notes' class, given {what}, forward {params.forward}: {_noted(params, result)}"


def _noted(params: Params, result: Result) -> str:
    if result.error:
        return result.error
    assert result.logits is not None and result.loss is not None and result.batched_loss is not None
    told = "of the last item alone" if params.forward == AGAIN else "the mean of the item losses"
    return (
        f"logits (N, B, T, V) = {tuple(result.logits.shape)}; get_loss returns {result.loss.item():.4f}, {told}. "
        f"The loss of the batch, each token counted once, is {result.batched_loss.item():.4f}."
    )


LESSON = Lesson(
    slug="qa_model",
    title="The notes' QAModel",
    truth=__doc__,
    Params=Params,
    run=run,
    snippet=snippet,
    caption=caption,
    tolerance=1e-4,  # the corrected class decodes with a cache, the snippet by generate
    predictions=(
        Prediction(
            question="self.model gives (1, 3, 60) for each of 2 items. Which shape has torch.stack(logits)?",
            choices=("(2, 3, 60)", "(2, 1, 3, 60)", "(6, 60)"),
            answer=1,
            why="stack makes a new dimension: the 1 of each item stays, so logits are (N, 1, T, V). cat would give (N, T, V).",
            proof="str(tuple(torch.stack([torch.zeros(1, 3, 60), torch.zeros(1, 3, 60)]).shape))",
        ),
        Prediction(
            question="Without labels output.loss is None, and try: self.loss.append(output.loss) except: pass. What happens?",
            choices=("the except skips it", "TypeError, a line later", "the loss is 0"),
            answer=1,
            why="Appending None raises nothing, so the except never runs; torch.stack then finds None in the list.",
            proof="__import__('unittest').TestCase().assertRaises(TypeError, torch.stack, [None]) or 'TypeError, a line later'",
            show={"target": STARTED},
        ),
        Prediction(
            question="Two answers: 2 tokens with a mean loss of 3.0, 6 tokens with 1.0. What is the loss of the batch?",
            choices=("1.5", "2.0", "4.0"),
            answer=0,
            why="Cross-entropy is the mean over tokens: (2 · 3.0 + 6 · 1.0) / 8. The mean of the two means would be 2.0.",
            proof="torch.cat([torch.full((2,), 3.0), torch.full((6,), 1.0)]).mean().item()",
            show={"answers": PADDED, "answer": "Berlin"},
        ),
        Prediction(
            question="Answers of 2 and 3 tokens: what does torch.stack make of logits (1, 2, V) and (1, 3, V)?",
            choices=("(2, 1, 3, V), padded", "RuntimeError", "(5, V)"),
            answer=1,
            why="stack needs equal shapes and never pads; nor does cat along dim 0.",
            proof="__import__('unittest').TestCase().assertRaises("
            "RuntimeError, torch.stack, [torch.zeros(1, 2, 9), torch.zeros(1, 3, 9)]) or 'RuntimeError'",
            show={"answers": DIFFERENT},
        ),
        Prediction(
            question="forward keeps self.loss: 1.0 for your batch, then 5.0 for another. What does get_loss(logits, your_batch) return?",
            choices=("1.0", "3.0", "5.0"),
            answer=2,
            why="It looks at neither argument: self.loss is what the last forward left there, whoever called it.",
            proof="(lambda m: (m(1.0), m(5.0), m.get_loss())[2])(type('M', (nn.Module,), {'forward': lambda self, x: "
            "setattr(self, 'loss', x), 'get_loss': lambda self: self.loss})())",
            show={"forward": AGAIN, "answer": "Berlin"},
        ),
    ),
    traps=(
        Trap(
            name="No labels",
            sentence="output.loss is None, and None is appended without an error; the next torch.stack raises it.",
            source="https://github.com/Jumpat/SegAnyGAussians/issues/110",
            params={"target": STARTED},
        ),
        Trap(
            name="Neither labels nor decoder_input_ids",
            sentence="The decoder has nothing to read, and the message speaks of input_ids, which were given.",
            source="https://github.com/huggingface/transformers/issues/3626",
            params={"target": NEITHER},
        ),
        Trap(
            name="Answers of different length",
            sentence="Each item has as many logits as its answer has tokens; torch.stack needs the same for all.",
            source="https://github.com/RobertLuo1/NeurIPS2023_SOC/issues/2",
            params={"answers": DIFFERENT},
        ),
        Trap(
            name="Items that are not dicts",
            sentence="default_collate makes one dict of the list of dicts; the loop over it meets its keys, which are strings.",
            source="https://github.com/suolyer/PyTorch_BERT_Pipeline_IE/issues/3",
            params={"items": COLLATED},
        ),
        Trap(
            name="Mean of means",
            sentence="A wrong short answer weighs as much as a long right one; the loss of the batch counts every token once.",
            source="https://github.com/huggingface/transformers/pull/34191",
            params={"answers": PADDED, "answer": "Berlin"},
        ),
        Trap(
            name="A head without .logits",
            sentence="A span head returns start_logits and end_logits; there is no .logits to append.",
            source="https://github.com/veselink1/sponsorml-ytcaptions/issues/1",
            params={"head": SPANS},
        ),
    ),
    button="Ask",
    instant=("batch_size", "target", "answers", "items", "forward", "head"),
    examples=(
        Example("A capital", {"question": "What is the capital of Canada?", "answer": "Ottawa"}),
        Example("A symbol", {"question": "What is the chemical symbol of gold?", "answer": "Au"}),
        Example("A continent", {"question": "Which continent is Kenya in?", "answer": "Africa"}),
        Example(
            "An answer of two words",
            {"question": "What currency does Japan use?", "answer": "Japanese yen", "answers": PADDED},
        ),
        Example("A wrong label", {"answer": "Berlin"}),
        Example("A word that the model does not know", {"question": "What is the capital of Zorgonia?"}),
    ),
)
