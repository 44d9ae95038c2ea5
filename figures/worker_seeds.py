"""What each batch drew, and in which worker; batches with equal numbers have one colour."""

from figures.cells import Cell, cells_of
from figures.panels import Error, Facts, Figure, Grid, Operator, Panel, Table, described, figure, veiled
from lessons.worker_seeds import Params, Result, batches_agree, epochs_agree


def draw(params: Params, result: Result) -> Figure:
    init = f"worker_init_fn={params.worker_init_fn}" if params.worker_init_fn == "None" else params.worker_init_fn
    call = Operator(f"DataLoader(num_workers={params.num_workers})", init if params.num_workers else "no worker")
    if result.error:
        where = 'DataLoader(..., collate_fn=lambda items: ..., multiprocessing_context="spawn")'
        if params.start == "spawn, unguarded":
            where = "worker.start(), at the top level of train.py"
        said = Facts([("error", "iter(loader)", "it raises")])
        raised = Error("loader", result.error, where=where, key="@error")
        return figure(hero=[[_dataset(params), call, veiled(raised)], [veiled(said)]])
    return figure(
        hero=[[_dataset(params), call], [veiled(_drawn(result), cells=True)], [_facts(result)]],
        more=[[_epoch(result, 0), _epoch(result, 1)], [_seeds(result)]],
    )


def _dataset(params: Params) -> Panel:
    draws = "self.generator.randrange(1000)" if params.source == "kept generator" else "torch.randint(1000, ())"
    rows = [["__init__", "self.generator = random.Random(0)"], ["__getitem__", draws]]
    return Table("dataset", ["method", "does"], rows, breaks=True)


def _drawn(result: Result) -> Panel:
    """One cell a batch, below its number and the worker that loaded it: its two numbers; below each batch that of the second epoch."""
    assert result.numbers is not None and result.worker is not None
    kinds: dict[tuple[int, ...], int] = {}

    def cell(epoch: int, at: int, drawn: list[int]) -> Cell:
        kind, who = kinds.setdefault(tuple(drawn), len(kinds)), _reader(result.worker[at])  # type: ignore[index]
        ringed = ["@epochs"] * (epoch == 1) + ["@batches"] * (epoch == 0 and at < 2)
        note = f"epoch {epoch}, batch {at}, from {who}: {drawn[0]} and {drawn[1]}"
        return Cell(f"{drawn[0]}, {drawn[1]}", note, [f"kind-{kind}", *ringed], mark="card", group=kind)

    cells = [
        [cell(epoch, at, drawn) for at, drawn in enumerate(row)] for epoch, row in enumerate(result.numbers.tolist())
    ]
    return Grid(
        "what each batch drew", cells, tensor=described("numbers", result.numbers, ("epoch", "batch", "sample")), limit=1e9,
        row_labels=["epoch 0", "epoch 1"], label_width=58, row_dim=None, col_dim=None,
        col_groups=[(f"batch {at}", 1) for at in range(4)],
        col_labels=[_reader(who) for who in result.worker], wide=True, badge="one colour: the same numbers",
    )  # fmt: skip


def _reader(who: int) -> str:
    return f"worker {who}" if who >= 0 else "loop"


def _epoch(result: Result, epoch: int) -> Panel:
    """One column a batch: its worker above, its two numbers below; batches with equal numbers share a colour."""
    assert result.numbers is not None and result.worker is not None
    batches = [tuple(batch) for batch in result.numbers.flatten(0, 1).tolist()]
    kinds = list(dict.fromkeys(batches))
    shown = result.numbers[epoch].T
    own = [kinds.index(batch) for batch in batches[4 * epoch : 4 * epoch + 4]]
    names = [f"w{who}" if who >= 0 else "loop" for who in result.worker]
    cells = cells_of(
        shown,
        key=lambda _, row, at: f"kind-{own[at]}",
        mark="card",
        group=lambda _, row, at: own[at],
        note=lambda number, row, at: f"epoch {epoch}, batch {at}, from {names[at]}: {number}",
    )
    return Grid(
        f"numbers[{epoch}].T", cells, tensor=described(f"numbers[{epoch}].T", shown, ("sample", "batch")), limit=1e9, digits=0,
        signed=False, row_dim=None, col_dim=0, col_labels=[f"{name} b{at}" for at, name in enumerate(names)], row_labels=["", ""],
        badge=f"epoch {epoch}",
    )  # fmt: skip


def _facts(result: Result) -> Panel:
    assert result.worker is not None
    first, second = result.worker[:2]  # with several workers they load the first batches in turn
    items = [
        (
            "batches",
            f"compared with worker {first}, worker {second} draws"
            if second > first
            else "compared with batch 0, batch 1 gets",
            "the same numbers" if batches_agree(result) else "other numbers",
        ),
        ("epochs", "the second epoch gets", "the same numbers again" if epochs_agree(result) else "new numbers"),
        ("different", "different numbers of 16", str(result.different)),
    ]
    return veiled(Facts(items))


def _seeds(result: Result) -> Panel:
    assert result.seeds is not None and result.worker is not None
    rows = [
        [f"batch {at}", "the loop" if who < 0 else f"worker {who}", *(str(epoch[at]) for epoch in result.seeds)]
        for at, who in enumerate(result.worker)
    ]
    when = "when it started the workers, which it keeps," if result.seeds[0] == result.seeds[1] else "for this epoch"
    note = (
        f"In a worker it is the base seed that the loader drew {when} + the worker's id."
        if max(result.worker) >= 0
        else "The loader seeds only workers, and here are none: the loop keeps its own seed."
    )
    return Table(
        "torch.initial_seed() where a batch is loaded",
        ["batch", "by", "epoch 0", "epoch 1"],
        rows,
        note=note,
        wide=True,
    )
