"""A room as the pages get it: what everybody may know, and what its teacher knows besides."""

from typing import Any

from classroom.bank import Bank, Question
from classroom.check import FORMS, Summary
from classroom.phases import ANSWERS, CHECKS, LOBBY, REVEAL
from classroom.room import Room

FEW, MANY = 0.35, 0.70  # of a class: below, explain; between, discuss; above, go on


def for_all(room: Room, bank: Bank, checked: Summary | None) -> dict[str, Any]:
    """No page before the reveal learns more than the question and how many have voted, unless the teacher shows the bars."""
    question = _on_screen(room, bank)
    state: dict[str, Any] = {
        "code": room.code,
        "ends": room.ends,
        "phase": room.phase,
        "number": room.number,
        "round": room.round,
        "joined": room.joined,
        "voted": sum(room.tally.get((room.number, room.round), {}).values()),
        "bars": room.bars,
    }
    if question:
        state["question"] = asked(question)
        if room.phase == REVEAL:
            state |= {**_tallies(room, question), **_answer(question), "moves": _moves(room, question)}
        elif room.bars:
            state |= _tallies(room, question)
    if room.phase in CHECKS:
        state |= {
            "checked": room.checked.get(room.phase, 0),
            "forms": [[asked(bank[name]) for name in form] for form in FORMS],
        }
    if room.phase == ANSWERS and checked:
        state["forms"] = [[{**asked(bank[name]), **_answer(bank[name])} for name in form] for form in FORMS]
        state["check"] = summarised(checked)
    return state


def for_teacher(room: Room, bank: Bank, checked: Summary | None) -> dict[str, Any]:
    """Besides, at all times: the votes, the right choice, what to do with such a vote, and which questions were asked."""
    state = for_all(room, bank, checked)
    state |= {"path": room.path, "asked": room.asked, "answersShown": room.answers, "taken": list(room.checked)}
    question = _on_screen(room, bank)
    if question:
        state |= {**_tallies(room, question), **_answer(question), "advice": _advice(room, question)}
    return state


def _on_screen(room: Room, bank: Bank) -> Question | None:
    between = room.phase in (LOBBY, ANSWERS, *CHECKS) or not room.asked
    return None if between else bank.get(room.asked[-1])  # a newer app may have no such question any more


def asked(question: Question) -> dict[str, Any]:
    """A question without its answer."""
    texts = [choice.text for choice in question.choices]
    return {"name": question.name, "lesson": question.lesson, "text": question.text, "choices": texts}


def _answer(question: Question) -> dict[str, Any]:
    replies = [choice.reply for choice in question.choices]
    return {"right": question.right, "replies": replies, "link": question.link}


def _tallies(room: Room, question: Question) -> dict[str, Any]:
    return {"tallies": [room.counts(round_, len(question.choices)) for round_ in (1, 2)]}


def _moves(room: Room, question: Question) -> dict[str, int]:
    """Learners who voted twice, by whether they were right."""
    found = {"wrongRight": 0, "rightWrong": 0, "rightRight": 0, "wrongWrong": 0}
    for (before, after), learners in room.moves.get(room.number, {}).items():
        first, second = (choice == question.right for choice in (before, after))
        found[("right" if first else "wrong") + ("Right" if second else "Wrong")] += learners
    return found


def _advice(room: Room, question: Question) -> str:
    """The rule of thumb of peer instruction, once nobody votes any more."""
    counts = room.counts(room.round or 1, len(question.choices))
    if room.phase not in ("closed", "closed_again") or not sum(counts):
        return ""
    share = counts[question.right] / sum(counts)
    said = f"{100 * share:.0f} % are right. "
    if room.phase == "closed_again":
        return said + "Show what torch returns, and say why the others were believed."
    if share < FEW:
        return said + "Few: give the hint, let them discuss, and vote again."
    if share <= MANY:
        return said + "Let each convince a neighbour who chose something else, then vote again."
    return said + "Most: show what torch returns, and go on."


def summarised(checked: Summary) -> dict[str, Any]:
    items = [{"name": item.question, "before": item.before, "after": item.after} for item in checked.items]
    numbers = {name: getattr(checked, name) for name in ("learners", "before", "after", "gain")}
    return {**numbers, "items": items}
