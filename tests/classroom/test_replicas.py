"""A room whose people are on two replicas, of which some are killed: each acknowledged vote counts once, and is seen by all."""

import os
import random
import shutil
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from benchmarks.server import free_port
from classroom.schema import METADATA
from tests.classroom.samples import NAMES, store_in, walk
from tests.classroom.servers import ROOT, Replica, postgresql

HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
LEARNERS, CHANGES = 16, 3
HTTP = httpx.Client(timeout=10)
BUSY = (429, 502, 503, 504)


@pytest.fixture(scope="module", autouse=True)
def connections():
    yield
    HTTP.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rooms")
    if request.param == "sqlite":
        yield str(folder / "rooms.sqlite3")
    else:
        with postgresql(folder) as address:
            yield address


@pytest.fixture
def replicas(place):
    both = [Replica(place), Replica(place)]  # started at once: both find no tables
    try:
        for replica in both:
            replica.wait()
        yield both
    finally:
        for replica in both:
            replica.kill()


def insist(urls, method: str, path: str, word: str = "", body=None):
    """As the pages do: asked again until there is an answer, of whichever replica."""
    for attempt in range(200):
        try:
            said = {
                "headers": {
                    "authorization": f"Bearer {word or None}",
                    "x-view": "teacher" if method == "GET" else "all",
                }
            }
            answer = HTTP.request(method, f"{urls[attempt % len(urls)]}{path}", json=body, **said)
            if answer.status_code not in BUSY:
                return answer
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"no answer to {path}")


class Class_:
    """A room that is led and voted in over HTTP, each request to a replica drawn at random."""

    def __init__(self, urls, draw: random.Random) -> None:
        self.urls, self.draw = urls, draw
        self.room = self.ask("POST", "/room/open", body={"path": ""}).json()
        self.at = f"/room/{self.room['code']}"
        self.number, self.phase = 0, "lobby"

    def ask(self, method, path, word="", body=None):
        return insist(self.draw.sample(self.urls, len(self.urls)), method, path, word, body)

    def join(self) -> str:
        return self.ask("POST", f"{self.at}/join", body={"learner": ""}).json()["learner"]

    def move(self, to: str) -> None:
        said = {"number": self.number, "phase": self.phase, "to": to, "question": NAMES[0] if to == "vote" else ""}
        assert self.ask("POST", f"{self.at}/move", self.room["secret"], said).status_code == 200
        self.number, self.phase = self.number + (to == "vote"), to

    def vote(self, learner: str, choice: int, round_: int = 1) -> int:
        said = {"number": self.number, "round": round_, "choice": choice}
        return self.ask("POST", f"{self.at}/vote", learner, said).status_code

    def tally(self, url: str) -> list[int]:
        """Of the first vote, once this replica tells that the room is where it was led; what it tells may be 0.2 s old."""
        while (told := insist([url], "GET", f"{self.at}/state", self.room["secret"]).json())["phase"] != self.phase:
            time.sleep(0.05)
        return told["tallies"][0]


def votes_of(class_: Class_, learner: str, seed: int) -> int:
    """Several choices one after the other, as one person makes them; the one that was acknowledged last."""
    draw = random.Random(seed)
    choices = [draw.randrange(3) for _ in range(CHANGES)]
    assert [class_.vote(learner, choice) for choice in choices] == [200] * CHANGES
    return choices[-1]


def test_replicas_are_killed_in_the_middle_of_a_vote_and_each_vote_counts_once(replicas):
    class_ = Class_([replica.url for replica in replicas], random.Random(1))
    learners = [class_.join() for _ in range(LEARNERS)]
    class_.move("vote")
    with ThreadPoolExecutor(8) as pool:
        voting = [pool.submit(votes_of, class_, learner, seed) for seed, learner in enumerate(learners)]
        for replica in replicas:
            while not any(vote.done() for vote in voting):
                time.sleep(0.01)
            replica.kill()
            replica.start()
            replica.wait()
        said = Counter(vote.result() for vote in voting)
    class_.move("closed")
    for replica in replicas:
        assert class_.tally(replica.url) == [said[choice] for choice in range(3)]
    assert class_.vote(learners[0], 0 if said[0] != LEARNERS else 1) in (200, 409)
    assert sum(class_.tally(replicas[0].url)) == LEARNERS


def test_what_one_replica_closes_no_other_one_counts_any_more(replicas):
    """Everybody votes while the teacher closes: whoever was told that a vote counts is counted, and nobody else."""
    class_ = Class_([replica.url for replica in replicas], random.Random(2))
    learners = [class_.join() for _ in range(LEARNERS)]
    class_.move("vote")
    go = threading.Barrier(9)

    def part(mine: list[str]) -> int:
        go.wait()
        return sum(class_.vote(learner, 2) == 200 for learner in mine)

    with ThreadPoolExecutor(8) as pool:
        counted = [pool.submit(part, learners[start::8]) for start in range(8)]
        go.wait()
        class_.move("closed")
        acknowledged = sum(one.result() for one in counted)
    assert [class_.tally(replica.url) for replica in replicas] == [[0, 0, acknowledged]] * 2


def test_the_tables_of_both_databases_are_the_same(place):
    store = store_in(place)
    code, secret = store.open("")
    learner = store.join(code)
    walk(store, code, secret, "vote")
    store.vote(code, learner, 1, 1, 0)
    store.count_hands(code, secret, 1, 1, [1, 2, 3])
    store.count_hands(code, secret, 1, 1, [1, 1, 1])
    walk(store, code, secret, "closed", "discuss", "vote_again")
    store.vote(code, learner, 1, 2, 1)
    room = store.read(code)
    assert room.counts(1, 3) == [2, 1, 1] and room.moves[1] == {(0, 1): 1}
    walk(store, code, secret, "closed_again", "reveal", "check_before")
    store.end(code, secret)
    with store.database.reading() as db:
        for table in METADATA.sorted_tables:
            assert not db.execute(table.select().where(table.columns[0] == code)).all()
    store.database.close()


@pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed")
def test_a_class_behind_the_proxy_goes_on_when_a_replica_dies(replicas):
    one, two = replicas
    url = f"http://127.0.0.1:{(port := free_port())}"
    addresses = {"REPLICA_ONE": one.url.removeprefix("http://"), "REPLICA_TWO": two.url.removeprefix("http://")}
    environment = {**os.environ, **addresses, "BIND": f"127.0.0.1:{port}"}
    with subprocess.Popen([HAPROXY, "-f", "deploy/haproxy.cfg"], cwd=ROOT, env=environment) as proxy:
        try:
            class_ = Class_([url], random.Random(3))
            learners = [class_.join() for _ in range(8)]
            class_.move("vote")
            assert [class_.vote(learner, 0) for learner in learners[:4]] == [200] * 4
            one.kill()
            assert [class_.vote(learner, 1) for learner in learners[2:]] == [200] * 6
            class_.move("closed")
            assert class_.tally(url) == class_.tally(two.url) == [2, 6, 0]
        finally:
            proxy.terminate()
