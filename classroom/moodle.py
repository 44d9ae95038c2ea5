"""The bank as the XML that Moodle imports."""

from itertools import groupby
from xml.sax.saxutils import escape

from classroom.bank import Bank, Question
from classroom.markup import html, link


def as_moodle(bank: Bank, site: str) -> str:
    """`site` is the address of the app, to which each explanation leads."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>', "<quiz>"]
    for (chapter, lesson), questions in groupby(bank.values(), lambda one: (one.chapter, one.lesson)):
        path = "/".join(["$course$/top/Torch Explorables", *(part.replace("/", "//") for part in (chapter, lesson))])
        parts.append(f'<question type="category"><category>{_text(path)}</category></question>')
        parts += [_question(question, site) for question in questions]
    return "\n".join([*parts, "</quiz>"]) + "\n"


def _question(question: Question, site: str) -> str:
    lead = link(f"{site}?{question.link}", "See torch answer it")
    answers = "".join(
        f'<answer fraction="{100 if index == question.right else 0}" format="html">{_text(html(choice.text))}'
        f'<feedback format="html">{_text(html(choice.reply))}</feedback></answer>'
        for index, choice in enumerate(question.choices)
    )
    return (
        f'<question type="multichoice"><name>{_text(question.name)}</name>'
        f'<questiontext format="html">{_text(html(question.text))}</questiontext>'
        f'<generalfeedback format="html">{_text(lead)}</generalfeedback>'
        "<defaultgrade>1</defaultgrade><penalty>0</penalty><single>true</single>"
        f"<shuffleanswers>true</shuffleanswers><answernumbering>abc</answernumbering>{answers}</question>"
    )


def _text(text: str) -> str:
    return f"<text>{escape(text)}</text>"
