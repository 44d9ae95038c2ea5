"""The check: two parallel forms, one before and the other after, and what a class has learned between them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean

from classroom.bank import Bank
from classroom.phases import AFTER, BEFORE

PAIRS = (  # one idea a line; who meets the left question before meets the right one after, or the other way round
    ("dropout.survivor", "dropout.eval_object"),
    ("batch_norm.first_value", "batch_norm.unbiased"),
    ("modes.sticky", "modes.returns_input"),
    ("normalization.batch_means", "normalization.layer_means"),
    ("stack.last_axis", "stack.middle_axis"),
    ("collate.floats", "collate.lists"),
    ("padding.module", "padding.function"),
    ("logits.constant", "logits.log_probs"),
    ("registration.list_to", "registration.buffer"),
    ("freeze.prompt", "freeze.zeros"),
)
FORMS = (tuple(pair[0] for pair in PAIRS), tuple(pair[1] for pair in PAIRS))
Answer = tuple[str, str, str, int]  # phase, learner, question, choice


def form_of(form: int, phase: str) -> tuple[str, ...]:
    """The questions for a learner who is given `form` before, and the other one after."""
    return FORMS[form if phase == BEFORE else 1 - form]


@dataclass(frozen=True)
class Item:
    """One question of the check: how many answered it, and how many of them rightly, before and after."""

    question: str
    before: tuple[int, int]  # right, answered
    after: tuple[int, int]


@dataclass(frozen=True)
class Summary:
    """What a class knew; shares run from 0 to 1 and count a question without an answer as wrong."""

    learners: tuple[int, int, int]  # who took the check before, after, both
    before: float | None  # mean share of right answers, of those who took both; None if nobody did
    after: float | None
    gain: float | None  # (after - before) / (1 - before); None where there was nothing to gain
    items: tuple[Item, ...]


def summary(answers: Iterable[Answer], bank: Bank) -> Summary:
    right: dict[str, dict[str, int]] = {BEFORE: defaultdict(int), AFTER: defaultdict(int)}  # phase -> learner -> right
    items: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])  # (phase, question) -> right, answered
    for phase, learner, question, choice in answers:
        if question not in bank:
            continue  # an older app asked it
        hit = choice == bank[question].right
        right[phase][learner] += hit
        items[phase, question][0] += hit
        items[phase, question][1] += 1
    both = right[BEFORE].keys() & right[AFTER].keys()
    before, after = (
        mean(right[phase][one] for one in both) / len(PAIRS) if both else None for phase in (BEFORE, AFTER)
    )
    return Summary(
        (len(right[BEFORE]), len(right[AFTER]), len(both)),
        before,
        after,
        gain(before, after),
        tuple(Item(name, _pair(items[BEFORE, name]), _pair(items[AFTER, name])) for pair in PAIRS for name in pair),
    )


def gain(before: float | None, after: float | None) -> float | None:
    """The normalised gain: of what the class did not know before, the share that it knows after."""
    if before is None or after is None or before == 1:
        return None
    return (after - before) / (1 - before)


def _pair(counts: list[int]) -> tuple[int, int]:
    return counts[0], counts[1]
