"""The bank as GIFT, which Moodle, Canvas and others read."""

from classroom.bank import Bank, Question
from classroom.markup import html, link

MEANS_SOMETHING = "~=#{}:\\"


def as_gift(bank: Bank, site: str) -> str:
    """`site` is the address of the app, to which each explanation leads."""
    return "\n\n".join(_question(question, site) for question in bank.values()) + "\n"


def _question(question: Question, site: str) -> str:
    answers = "\n".join(
        f"\t{'=' if index == question.right else '~'}{_text(html(choice.text))}#{_text(html(choice.reply))}"
        for index, choice in enumerate(question.choices)
    )
    lead = link(f"{site}?{question.link}", "See torch answer it")
    chapter, lesson = (part.replace("/", "//") for part in (question.chapter, question.lesson))
    return (
        f"$CATEGORY: Torch Explorables/{chapter}/{lesson}\n\n"
        f"::{_text(question.name)}::[html]{_text(html(question.text))}{{\n{answers}\n\t####{_text(lead)}\n}}"
    )


def _text(text: str) -> str:
    return "".join("\\" + letter if letter in MEANS_SOMETHING else letter for letter in text.replace("\n", " "))
