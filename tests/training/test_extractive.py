"""A training run can be interrupted, resumed, repeated and told to finish; what it ships loads."""

import argparse
import json

import pytest
import torch

from models.extractive import Extractive
from tests.models.tiny import WORDS, network, tokenizer
from training import evaluate, extractive
from training import network as network_module
from training.extractive import Run
from training.held_out import split
from training.reader import Reader
from training.squad import read

WORD_LIST = " ".join(WORDS)


class Interrupted(Exception):
    """Someone pulled the plug."""


def file(name: str, articles: int) -> dict:
    """Articles that ask for every word of a shuffled list."""
    data = []
    for number in range(articles):
        words = WORDS[number % 7 :] + WORDS[: number % 7]
        context = f"{' '.join(words)} . {number} . the end ."
        qas = [
            {
                "id": f"{name}-{number}-{word}",
                "question": f"where is {word} ?",
                "answers": [{"text": word, "answer_start": context.index(word)}],
            }
            for word in words[:6]
        ]
        data.append({"title": f"{name} {number}", "paragraphs": [{"context": context, "qas": qas}]})
    return {"version": "1.1", "data": data}


@pytest.fixture
def args(tmp_path, monkeypatch):
    """The arguments of a run on two small files, with a tiny network in place of the encoder."""
    monkeypatch.setattr(extractive, "build", lambda begin, dropout, device: (network(), tokenizer()))
    data = tmp_path / "data"
    data.mkdir()
    for name in ("one", "two"):
        (data / f"{name}.json").write_text(json.dumps(file(name, 9)))
    return argparse.Namespace(
        data=data,
        out=tmp_path / "out",
        begin=None,
        unanswerable=0.0,
        checkpoints=tmp_path / "checkpoints",
        steps=12,
        warmup=1,
        minutes=float("inf"),
        more=0,
        cooldown=0.5,
        learning_rate=1e-3,
        tokens=200,
        dropout=0.1,
        seed=3,
        save_every=1e9,
        score_every=5,
    )


def trained(args: argparse.Namespace) -> Run:
    run = Run(args)
    run.resume()
    run.train()
    return run


def same(one: Run, other: Run) -> bool:
    pairs = zip(one.model.parameters(), other.model.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_an_interrupted_run_ends_with_the_very_weights_of_a_whole_one(args, monkeypatch, tmp_path):
    whole = trained(args)
    args.checkpoints = tmp_path / "again"

    def pull_the_plug(run, bar):
        if run.progress.step == 7:
            run.save()
            raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(Run, "show", pull_the_plug)
        with pytest.raises(Interrupted):
            trained(args)
    resumed = trained(args)
    assert resumed.progress.step == whole.progress.step == 12
    assert same(whole, resumed)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(args, tmp_path):
    runs = []
    for place, seed in enumerate((3, 3, 4)):
        args.seed, args.checkpoints = seed, tmp_path / str(place)
        runs.append(trained(args))
    assert same(runs[0], runs[1]) and not same(runs[0], runs[2])


def test_a_run_whose_time_is_up_cools_down_at_once(args):
    args.steps, args.minutes = 100_000, 1e-9
    run = trained(args)
    assert run.progress.step < 10 and run.schedule.share(run.progress.step) == 0


def test_a_run_told_to_finish_cools_down_within_the_steps_it_is_given(args, monkeypatch):
    monkeypatch.setattr(extractive, "FINISH_STEPS", 4)
    args.steps = 100_000
    args.checkpoints.mkdir()
    (args.checkpoints / "finish").touch()
    assert trained(args).progress.step == 4
    assert not (args.checkpoints / "finish").exists()


def test_a_finished_run_can_be_given_more_steps_that_end_at_zero_again(args):
    trained(args)
    args.more = 5
    run = trained(args)
    assert run.progress.step == 17 and run.schedule.share(17) == 0
    assert run.schedule.share(12) == 0.5


def test_a_run_begins_where_a_shipped_folder_ends(args, tmp_path):
    trained(args).ship()
    model, read = network_module.build(args.out, 0.3, torch.device("cpu"))
    shipped = Extractive.load(args.out, torch.device("cpu")).model
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), shipped.parameters(), strict=True))
    assert model.dtype == torch.float32 and model.config.hidden_dropout_prob == 0.3
    assert read("where is the cat ?")["input_ids"] == tokenizer()("where is the cat ?")["input_ids"]


def test_a_run_learns_to_answer_with_cls_where_it_is_asked_to(args, tmp_path):
    """With nearly all questions unanswerable the null score rises above the spans; with none it falls."""
    gaps = {}
    for share in (0.0, 0.95):
        args.unanswerable, args.steps, args.checkpoints = share, 60, tmp_path / str(share)
        run = trained(args)
        model = Extractive(run.model.eval(), run.tokenizer)
        pairs = [(q.question, q.context) for q in run.held_out]
        gaps[share] = sum(answer.null_gap for answer in Reader(model).answer_many(pairs)) / len(pairs)
    assert gaps[0.95] > 0 > gaps[0.0]


def test_no_article_is_on_both_sides(args):
    train, held_out = split(args.data)
    assert len(train) + len(held_out) == 2 * 9 * 6
    assert not {q.title for q in train} & {q.title for q in held_out}
    assert {q.title.split()[0] for q in held_out} == {"one", "two"}


def test_comments_by_many_people_under_one_title_are_split_by_text(args):
    for path in args.data.iterdir():
        one_title = file(path.stem, 9)
        for article in one_title["data"]:
            article["title"] = "comments"
        path.write_text(json.dumps(one_title))
    train, held_out = split(args.data)
    assert held_out and not {q.context for q in train} & {q.context for q in held_out}


def test_what_is_shipped_is_float16_and_is_scored_by_evaluate(args, monkeypatch, capsys):
    trained(args).ship()
    assert Extractive.load(args.out).model.dtype == torch.float32
    held_out = args.checkpoints / "held_out.json"
    monkeypatch.setattr("sys.argv", ["evaluate", str(args.out), str(held_out), "--threads", "1"])
    evaluate.main()
    printed = capsys.readouterr().out.split()
    assert printed[:2] == ["questions", str(len(split(args.data)[1]))]
    assert 0 <= float(printed[3]) <= 100 and printed[4:6] == ["exact", "match"]


def test_where_the_file_holds_questions_without_an_answer_two_areas_are_printed(args, monkeypatch, capsys):
    run = trained(args)
    run.ship()
    cut = args.checkpoints / "held_out_cut.json"
    half = sum(not q.answers for q in read(cut))
    monkeypatch.setattr("sys.argv", ["evaluate", str(args.out), str(cut), "--threads", "1"])
    evaluate.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["questions", str(half)] and lines[3] == f"without an answer: {half}"
    assert all(0 <= float(line.rpartition(" ")[2]) <= 1 for line in lines[4:]) and len(lines) == 6


def test_the_area_is_how_often_one_is_higher_and_a_tie_counts_half():
    assert evaluate.area([2.0, 3.0], [1.0]) == 1 and evaluate.area([1.0], [2.0]) == 0
    assert evaluate.area([1.0, 1.0], [1.0]) == 0.5
    assert evaluate.area([0.0, 2.0], [1.0, -1.0]) == 0.75
