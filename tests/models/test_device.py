"""Where models run."""

import pytest
import torch

from models.device import VARIABLE, choose_device, dtype_on


@pytest.fixture
def machine(monkeypatch):
    """A machine that claims to have what the test says."""

    def claim(cuda: int = 0, mps: bool = False, wanted: str = "") -> torch.device:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setenv(VARIABLE, wanted)
        return choose_device()

    return claim


def test_cuda_comes_before_mps_and_mps_before_the_cpu(machine):
    assert machine(cuda=1, mps=True).type == "cuda"
    assert machine(mps=True).type == "mps"
    assert machine().type == "cpu"


def test_the_operator_decides(machine):
    assert machine(cuda=2, wanted="cpu") == torch.device("cpu")
    assert machine(cuda=2, wanted=" CUDA:1 ") == torch.device("cuda:1")


@pytest.mark.parametrize("wanted", ["cuda", "tpu", "cpu:x", "cpu:1"])
def test_a_device_that_is_not_there_is_named_with_those_that_are(machine, wanted):
    with pytest.raises(ValueError, match=f"{VARIABLE} is '{wanted}'"):
        machine(wanted=wanted)


def test_the_index_of_a_gpu_is_checked(machine):
    with pytest.raises(ValueError, match="the highest index is 1"):
        machine(cuda=2, wanted="cuda:2")


def test_numbers_are_float32_on_a_cpu_and_half_as_wide_on_a_gpu():
    assert dtype_on(torch.device("cpu")) is torch.float32
    assert dtype_on(torch.device("cuda")) is torch.float16
