"""What the closed-book model reads in training: every fact in every wording, a little disturbed."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from models.facts import Fact, Template, load_aliases, load_facts, load_templates

LOWER_FIRST_SHARE = 0.1  # "what is the capital of France?"
LOWER_ALL_SHARE = 0.25  # "what is the capital of france?"
NO_MARK_SHARE = 0.1  # "What is the capital of France"
UNKNOWN_SHARE = 0.05  # of the filler words, replaced by <unk>: a visitor's words may be unknown
FILLER_RELATIONS = 6  # a word in the templates of so many relations does not tell them apart


def lower_all(question: str, fact: Fact) -> str:
    """The question in lower case; a chemical symbol keeps its case, which is all it has."""
    if fact.relation != "element":
        return question.lower()
    return fact.subject.join(part.lower() for part in question.split(fact.subject))


def lower_first(question: str, fact: Fact) -> str:
    """The question with a small first letter, unless it begins with the subject."""
    if question.lower().startswith(fact.subject.lower()):
        return question
    return question[0].lower() + question[1:]


@dataclass(frozen=True)
class QuestionBook:
    """The facts with the wordings and the names that may be used for each."""

    facts: tuple[Fact, ...]
    templates: dict[str, tuple[Template, ...]]  # by relation
    aliases: dict[str, tuple[str, ...]]  # by name

    def draw(self, fact: Fact, rng: random.Random) -> str:
        """One question about `fact`: wording, name, case and closing mark by chance."""
        subject = rng.choice((fact.subject, *self.aliases.get(fact.subject, ())))
        question = rng.choice(self.templates[fact.relation]).ask(subject)
        if rng.random() < NO_MARK_SHARE:
            question = question.rstrip("?.")
        case = rng.random()
        if case < LOWER_ALL_SHARE:
            return lower_all(question, fact)
        return lower_first(question, fact) if case < LOWER_ALL_SHARE + LOWER_FIRST_SHARE else question

    def every_text(self) -> set[str]:
        """All texts that the vocabulary must cover: questions in each case, names and answers."""
        texts = {fact.answer for fact in self.facts}
        for fact in self.facts:
            for subject in (fact.subject, *self.aliases.get(fact.subject, ())):
                questions = [t.ask(subject) for t in self.templates[fact.relation]]
                texts |= {subject, *questions}
                texts |= {lower_all(q, fact) for q in questions}
                texts |= {lower_first(q, fact) for q in questions}
        return texts


def question_book(use: str = "train") -> QuestionBook:
    """The project's facts with the templates of one use."""
    templates: dict[str, list[Template]] = defaultdict(list)
    for template in load_templates():
        if template.use == use:
            templates[template.relation].append(template)
    aliases: dict[str, list[str]] = defaultdict(list)
    for name, alias in load_aliases():
        aliases[name].append(alias)
    return QuestionBook(
        load_facts(),
        {relation: tuple(group) for relation, group in templates.items()},
        {name: tuple(group) for name, group in aliases.items()},
    )


def filler_ids(book: QuestionBook, tokenizer: PreTrainedTokenizerBase) -> Tensor:
    """Ids of the words that appear in the templates of most relations ("What", "the", ...)."""
    relations: dict[int, set[str]] = defaultdict(set)
    for relation, group in book.templates.items():
        for template in group:
            text = template.template.replace("{s}", "")
            for id_ in set(tokenizer(text).input_ids) - set(tokenizer.all_special_ids):
                relations[id_].add(relation)
    common = [id_ for id_, seen in relations.items() if len(seen) >= FILLER_RELATIONS]
    return torch.tensor(sorted(common))


def forget_fillers(input_ids: Tensor, fillers: Tensor, unk: int, generator: torch.Generator) -> Tensor:
    """`input_ids` (B, S) with some of the filler words replaced by `<unk>`."""
    chance = torch.rand(input_ids.shape, generator=generator)
    return input_ids.masked_fill(torch.isin(input_ids, fillers) & (chance < UNKNOWN_SHARE), unk)


def every_question(book: QuestionBook) -> list[tuple[Fact, str]]:
    """Each fact in each wording of the book, undisturbed: what exact match is measured on."""
    return [(fact, t.ask(fact.subject)) for fact in book.facts for t in book.templates[fact.relation]]


def draw_batch(book: QuestionBook, facts: Sequence[Fact], rng: random.Random) -> list[str]:
    """One question for each of `facts`."""
    return [book.draw(fact, rng) for fact in facts]
