# %% parameters
import torch
from torch import Tensor
from tqdm import tqdm
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

question: str = "What is the capital of Peru?"
context: str = "The library in Haifa opens at nine and closes at eight. Anna Berg runs it."
temperature: float = 1.0
max_answer_tokens: int = 15
n_best: int = 5
threshold: float = 0.0  # of the null score less the best span's
max_length: int = 384  # tokens in a window
stride: int = 128  # tokens of context that two windows share
folder: str = "assets/models/extractive"
dtype: torch.dtype = torch.float32
device: str = "cpu"


def sums_of(question: str) -> tuple[Tensor, Tensor]:
    """Start + end logit of each legal span of a text about a library, and of [CLS]."""
    text = "The library in Haifa opens at nine and closes at eight. Anna Berg runs it."
    pair = AutoTokenizer.from_pretrained("assets/models/extractive")(question, text, return_tensors="pt")
    reader = AutoModelForQuestionAnswering.from_pretrained("assets/models/extractive", dtype=torch.float32)
    with torch.no_grad():
        output = reader(**pair)
    inside = torch.tensor([side == 1 for side in pair.sequence_ids()])
    sums = output.start_logits[0][:, None] + output.end_logits[0]
    return sums[(inside[:, None] & inside).triu().tril(14)], sums[0, 0]


if not question.strip():
    raise ValueError("question is empty: write at least one word.")
if not context.strip():
    raise ValueError("context is empty: write or paste the text that holds the answer.")

# before the tokenizer cuts the text: a stride that leaves no progress makes it raise, or panic (tokenizers #944)
tokenizer = AutoTokenizer.from_pretrained(folder)
asked = len(tokenizer(question, add_special_tokens=False)["input_ids"])
size = len(tokenizer(context, add_special_tokens=False)["input_ids"])
special = tokenizer.num_special_tokens_to_add(pair=True)
room = max_length - asked - special  # tokens of context in a window
if not size:
    raise ValueError("context holds nothing that the tokenizer reads.")
if max_length > tokenizer.model_max_length:
    raise ValueError(f"max_length must be at most {tokenizer.model_max_length} for these weights, not {max_length}.")
if room < 1:
    raise ValueError(
        f"question has {asked} tokens, which with {special} special ones fill a window of max_length {max_length}: "
        "shorten the question or raise max_length."
    )
if stride >= room:
    raise ValueError(
        f"stride must be below {room}, not {stride}: beside the question a window of max_length {max_length} has no more room."
    )
count = 1 + max(0, -(-(size - room) // (room - stride)))
if count > 64:
    raise ValueError(
        f"stride {stride} cuts the context into {count} windows, at most 64 are read: lower it or raise max_length."
    )

model = AutoModelForQuestionAnswering.from_pretrained(folder, dtype=dtype).to(device)
batch = tokenizer(
    question,
    context,
    max_length=max_length,
    stride=stride,  # what two windows share, not the step between them
    truncation="only_second",
    padding=True,
    return_overflowing_tokens=True,
    return_offsets_mapping=True,
    return_tensors="pt",
).to(model.device)
offsets = batch.pop("offset_mapping").cpu()  # (W, T, 2)
batch.pop("overflow_to_sample_mapping")
input_ids, attention_mask = batch["input_ids"], batch["attention_mask"]  # (W, T)
token_type_ids = batch.get("token_type_ids")
windows = torch.arange(len(input_ids))
tokens = [tokenizer.convert_ids_to_tokens(row) for row in input_ids.tolist()]
side = torch.tensor([[-1 if s is None else s for s in batch.sequence_ids(w)] for w in windows])  # (W, T)
at = torch.arange(input_ids.shape[1])

# %% score every legal pair of a start and an end
with torch.no_grad():
    parts = [{name: tensor[some] for name, tensor in batch.items()} for some in windows.split(8)]
    outputs = [model(**part) for part in tqdm(parts)]
start_logits = torch.cat([output.start_logits for output in outputs]).float().cpu()  # (W, T)
end_logits = torch.cat([output.end_logits for output in outputs]).float().cpu()  # (W, T)

length = at[None, :] - at[:, None] + 1  # (T, T): tokens from start to end
in_context = side == 1
legal = in_context[:, :, None] & in_context[:, None, :] & (length >= 1) & (length <= max_answer_tokens)
window, start, end = legal.nonzero(as_tuple=True)  # all legal spans
score = start_logits[window, start] + end_logits[window, end]

# %% the n best, each piece of text once
place = offsets[window, start, 0] * (len(context) + 1) + offsets[window, end, 1]  # a number for each text
places, which = place.unique(return_inverse=True)
legal_spans = len(places)  # a piece that two windows hold counts once, with its higher score
best = torch.full((legal_spans,), float("-inf")).scatter_reduce(0, which, score, "amax")

scores, top = best.topk(min(n_best, legal_spans))
probabilities = (best / temperature).softmax(dim=0)[top]
found = [((which == k) & (score == best[k])).nonzero()[0, 0] for k in top]
spans = torch.stack([torch.stack([window[f], start[f], end[f]]) for f in found])  # (n, 3)
answers = [context[offsets[w, i, 0] : offsets[w, j, 1]] for w, i, j in spans]

# %% the null score: start + end logit of [CLS], in the window where it is lowest
cls = (input_ids == tokenizer.cls_token_id).int().argmax(dim=1).cpu()
lowest = (start_logits[windows, cls] + end_logits[windows, cls]).argmin()
null_parts = torch.stack([start_logits[lowest, cls[lowest]], end_logits[lowest, cls[lowest]]])  # (2,)
null_score = null_parts.sum().item()
null_gap = null_score - scores[0].item()
absent = null_gap > threshold  # then the text is said not to hold the answer

# %% what a question-answering pipeline reported as the score of an answer
seen = in_context.clone()
seen[windows, cls] = True
w, i, j = spans[0]
start_share = start_logits[w].masked_fill(~seen[w], float("-inf")).softmax(dim=0)[i]
end_share = end_logits[w].masked_fill(~seen[w], float("-inf")).softmax(dim=0)[j]
pipeline_score = (start_share * end_share).item()

# %% two argmaxes, each on its own
w = spans[0, 0]
naive = torch.stack([start_logits[w].argmax(), end_logits[w].argmax()])  # nothing makes these two a span
naive_answer = tokenizer.decode(input_ids[w, naive[0] : naive[1] + 1])

# %% the likeliest starts and ends, and the sums
k = min(8, len(at))  # of the start x end matrix, the likeliest tokens and those of the best spans
here = spans[spans[:, 0] == w]
starts = torch.cat([start_logits[w].topk(k).indices, here[:, 1]]).unique()
ends = torch.cat([end_logits[w].topk(k).indices, here[:, 2]]).unique()
matrix = start_logits[w, starts][:, None] + end_logits[w, ends]
matrix_legal = legal[w][starts][:, ends]

# %% the probability of each token as a start and as an end
start_probability = (start_logits / temperature).softmax(dim=-1)
end_probability = (end_logits / temperature).softmax(dim=-1)

# %% where each window begins, in tokens of the whole context
whole = [
    first for first, _ in tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
]
begins = [whole.index(offsets[w][in_context[w]][0, 0]) for w in windows]

# %% whether temperature changes the order
same_order = torch.equal(best.argsort(), (best / temperature).argsort())

# %% print
for answer, found_score, probability in zip(answers, scores, probabilities, strict=True):
    print(f"{found_score:8.2f} {probability:.3f} {answer}")
print(
    f"null score {null_score:.2f}, less the best span's {null_gap:.2f}: {'not in the text' if absent else 'an answer'}"
)
print(f"two argmaxes on their own: {naive.tolist()} {naive_answer!r}")

# %% proof: crossed
ids = list(range(40))
print(ids[39 : 34 + 1] or "an empty answer")

# %% proof: band
pairs = torch.ones(103, 103).triu()  # start <= end
print(int(pairs.tril(14).sum()), "spans")

# %% proof: temperature
sums = torch.tensor([7.0, 2.0, 5.0])
print("nothing" if torch.equal(sums.argsort(), (sums / 4).argsort()) else "the weaker spans rise")

# %% proof: stride
room, shared = 85, 32
print(f"at token {torch.arange(1000).unfold(0, room, room - shared)[1, 0]}")

# %% proof: sure of nonsense
of_spans, _ = sums_of("What is the capital of Peru?")
print("yes, one span" if of_spans.softmax(dim=0).max() > 0.5 else "no, many share it")

# %% proof: null score
of_spans, of_cls = sums_of("What is the capital of Peru?")
print(f"{of_cls - of_spans.max():.1f}")
