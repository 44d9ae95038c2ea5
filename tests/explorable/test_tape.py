"""The tape holds the operators that torch dispatched, line by line."""

import linecache
import subprocess
import sys

import torch

from explorable.tape import OperatorTape
from lessons.dropout import LESSON as DROPOUT
from tests.explorable import taped

ADD, RELU, NORM = "y = doubled(x)", "y = y.relu()", "return nn.functional.layer_norm(y, torch.Size([2]))"


def tape_of(function) -> dict[str, dict[str, int]]:
    with OperatorTape(taped.__file__) as tape:
        function(torch.arange(2.0))
    return {source(taped.__file__, number): dict(operators) for number, operators in tape.by_line.items() if number}


def source(path: str, number: int) -> str:
    return linecache.getline(path, number).strip()


def test_an_operator_is_counted_at_the_line_of_compute_that_caused_it():
    assert tape_of(taped.compute)[ADD] == {"aten.add.Tensor": 1}
    assert tape_of(taped.compute)[RELU] == {"aten.relu.default": 3}


def test_operators_inside_torch_count_for_the_line_that_called_them():
    assert tape_of(taped.compute)[NORM] == {"aten.native_layer_norm.default": 1}


def test_lines_stand_in_the_order_in_which_they_ran_and_idle_lines_are_not_there():
    assert list(tape_of(taped.compute)) == [ADD, RELU, NORM]


def test_operators_of_other_files_are_not_on_the_tape():
    assert tape_of(lambda x: x + x) == {}


def test_the_tape_changes_no_number():
    with OperatorTape(taped.__file__):
        recorded = taped.compute(torch.arange(2.0))
    assert torch.equal(recorded, taped.compute(torch.arange(2.0)))


def test_dropout_draws_random_numbers_in_train_mode_and_none_in_eval_mode():
    def passes(mode: str) -> str:
        params = DROPOUT.Params(mode=mode)
        with DROPOUT.program.tape(params) as tape:
            DROPOUT.run(params)
        ran = [
            cell.ran[at]
            for cell in DROPOUT.program.cells(params, tape.by_line)
            for at in cell.ran
            if "range(passes)" in cell.lines[at]
        ]
        return " ".join(name for operators in ran for name, _ in operators)

    assert "bernoulli" in passes("train")
    assert "bernoulli" not in passes("eval")


def test_a_tape_does_not_load_the_compiler():
    """torch._dynamo takes seconds to import, and the app starts with a tape."""
    code = "import sys; from lessons.dropout import LESSON, Params\nwith LESSON.program.tape(Params()): LESSON.run(Params())\n"
    subprocess.run([sys.executable, "-c", code + "assert 'torch._dynamo' not in sys.modules"], check=True)
