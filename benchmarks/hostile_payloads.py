"""Hostile requests over all doors: what they break off, bring down or change for who comes after."""

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from benchmarks.hostile_requests import DOORS, Endpoint, attacks, survey
from benchmarks.judge import faults
from benchmarks.report import none
from benchmarks.server import OURS, serving
from components.answer import lesson_of

REQUESTS = 20_000
SEED = 12
PAGES = (
    "/",
    "/config",
    "/gradio_api/info",
    "/gradio_api/info?all_endpoints=true",
    "/gradio_api/openapi.json",
    "/theme.css",
    "/traps/",
    "/python",
    "/sitemap.xml",
    "/teach",
    "/teach/45",
    "/teach/bank.json",
    "/room/",
)


@dataclass
class Toll:
    """What a siege has cost, each with the door it came through."""

    requests: int = 0
    faults: list[str] = field(default_factory=list)
    changed_pages: list[str] = field(default_factory=list)
    changed_answers: list[str] = field(default_factory=list)
    tracebacks: int = 0

    def by_door(self) -> str:
        """The faults in words: for each door how many, and the first three."""
        of = {door: [fault for fault in self.faults if fault.startswith(f"{door}: ")] for door in DOORS}
        return "\n".join(f"{len(found)} {door}\n  " + "\n  ".join(found[:3]) for door, found in of.items() if found)


def siege(url: str, log: Path, count: int, seed: int = SEED) -> Toll:
    """Send `count` requests, door after door, and compare what everybody is sent before and after each door."""
    toll = Toll()
    limits = httpx.Limits(max_keepalive_connections=0)  # a broken connection belongs to the request that broke it
    with httpx.Client(base_url=url, timeout=120, limits=limits, headers={"accept-encoding": "identity"}) as http:
        endpoints = survey(http)
        answers(http, endpoints)  # a model that is built on first use is in the operators of the first answer
        answered, pages = answers(http, endpoints), sent(http)
        for place, door in enumerate(DOORS):
            share = len(range(place, count, len(DOORS)))
            for attack in attacks(door, endpoints, seed, share):
                toll.faults += faults(http, attack)
            toll.requests += share
            before, pages = pages, sent(http)
            toll.changed_pages += [f"{door}: {path}" for path in PAGES if pages[path] != before[path]]
        after = answers(http, endpoints)
    toll.changed_answers = [name for name in answered if after[name] != answered[name]]
    toll.tracebacks = log.read_text(errors="replace").count("Traceback (most recent call last)")
    return toll


def sent(http: httpx.Client) -> dict[str, bytes]:
    """The bytes of everything that is the same for all visitors."""
    return {path: http.get(path).content for path in PAGES}


def answers(http: httpx.Client, endpoints: list[Endpoint]) -> dict[str, Any]:
    """Each lesson as it opens, and each endpoint's answer to its defaults where that takes no run of seconds."""
    found = {}
    for endpoint in endpoints:
        found[f"the lesson {endpoint.slug}"] = _opened(http, endpoint)
        if not endpoint.button and not lesson_of(endpoint.slug).measured:
            found[f"the endpoint /{endpoint.slug}"] = _answered(http, endpoint)
    return found


def _opened(http: httpx.Client, endpoint: Endpoint) -> Any:
    return http.get(f"/explorables/ask/any/{endpoint.slug}", params={"lesson": endpoint.slug}).text


def _answered(http: httpx.Client, endpoint: Endpoint) -> Any:
    defaults = [json.loads(value) for value in endpoint.defaults.values()]
    answer = http.post(f"/gradio_api/run/{endpoint.slug}", json={"data": defaults})
    return answer.json()["data"] if answer.is_success else answer.text


def main() -> None:
    with TemporaryDirectory() as folder, serving(*OURS, log=(log := Path(folder) / "log")) as ours:
        toll = siege(ours.url, log, REQUESTS)
    print(f"{toll.requests} requests, seed {SEED}")
    kinds = Counter(
        "5xx" if ": 5" in fault else "broken" if "breaks off" in fault else "words" for fault in toll.faults
    )
    none("answers of 5xx", kinds["5xx"])
    none("answers that break off", kinds["broken"])
    none("refusals that are not one sentence naming the field", kinds["words"])
    none("tracebacks in the log", toll.tracebacks)
    none("doors through which the page was changed", len(toll.changed_pages))
    none("lessons and endpoints that answer otherwise than before", len(toll.changed_answers))
    print(toll.by_door(), file=sys.stderr)


if __name__ == "__main__":
    main()
