"""From the start of the process to the first HTTP 200, against a minimal Gradio app that also imports torch."""

from benchmarks.report import interleaved, ratio
from benchmarks.server import MINIMAL_WITH_TORCH, OURS, serving

ROUNDS = 5


def seconds(*command: str) -> float:
    with serving(*command) as server:
        return server.seconds


def main() -> None:
    taken = interleaved(ROUNDS, {"ours": lambda: seconds(*OURS), "floor": lambda: seconds(*MINIMAL_WITH_TORCH)})
    ratio("process start to first HTTP 200", taken["ours"], taken["floor"], "s", goal=1.2)


if __name__ == "__main__":
    main()
