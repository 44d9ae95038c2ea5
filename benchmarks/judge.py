"""Sends a hostile request and says what is wrong with the answer: a 5xx, a break, a refusal that is not one sentence."""

import json
import re
from typing import Any

import httpx

from benchmarks.hostile_requests import Attack

LONGEST = 600  # letters of a sentence
NO_JSON = re.compile(
    rb"\bNaN\b|\bInfinity\b"
)  # a body with them may be refused as a whole, before any field is looked at


def faults(http: httpx.Client, attack: Attack) -> list[str]:
    """What is wrong with the app's answer, each with the door and what was sent there."""
    try:
        headers = [(name.encode(), value) for name, value in attack.headers]
        answer = http.request(attack.method, attack.path, content=attack.body, headers=headers)
        if attack.listen and answer.status_code == 200 and "event_id" in answer.text:
            answer = http.get(attack.listen.format(event_id=answer.json()["event_id"]))
    except httpx.HTTPError as broken:
        return [_complaint(attack, f"the answer breaks off ({type(broken).__name__})")]
    if answer.status_code >= 500:
        return [_complaint(attack, f"{answer.status_code} {answer.text[:80]}")]
    return [_complaint(attack, wrong) for wrong in _wrong(attack, answer)]


def _wrong(attack: Attack, answer: httpx.Response) -> list[str]:
    said = refusal(answer)
    if said is None:
        return ["it is answered, not refused"] if attack.refused else []
    if not attack.worded:
        return []
    if not is_sentence(said):
        return [f"the refusal is not one sentence: {said[:120]!r}"]
    names = () if NO_JSON.search(attack.body) else attack.names
    if names and not any(name in said for name in names):
        return [f"the refusal names none of {names}: {said[:120]!r}"]
    return []


def _complaint(attack: Attack, wrong: str) -> str:
    sent = attack.headers if attack.door == "a header" else attack.body[:120]
    return f"{attack.door}: {attack.method} {attack.path[:80]} with {sent!r}: {wrong}"


def is_sentence(said: str) -> bool:
    """Whether it begins and ends as one, stands in one line, and holds no second one."""
    return bool(re.fullmatch(r"\S.+\.", said)) and len(said) <= LONGEST and not re.search(r"\. [A-Z]|Traceback", said)


def refusal(answer: httpx.Response) -> str | None:
    """The words of a refusal, empty if there are none; None if the answer is none."""
    if "event-stream" in answer.headers.get("content-type", ""):
        return _refusal_in_a_stream(answer.text)
    try:
        given: Any = answer.json()
    except ValueError:
        given = answer.text
    if answer.status_code >= 400:
        return _words(given)
    return _words(given) if isinstance(given, dict) and "problem" in given else None


def _words(given: Any) -> str:
    """The sentence in any of the forms in which Gradio and the app send one."""
    if isinstance(given, dict):
        given = next((given[key] for key in ("problem", "error", "detail", "message") if given.get(key)), "")
    return given if isinstance(given, str) else ""


def _refusal_in_a_stream(text: str) -> str | None:
    failed = "event: error" in text
    said = [json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: ")]
    for message in reversed(said):
        if failed:
            return _words(message)
        if isinstance(message, dict) and "problem" in message:
            return _words(message)
        if isinstance(message, dict) and message.get("success") is False:
            return _words(message.get("output") or message)
    return None
