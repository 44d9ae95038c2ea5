"""`make bench`: every module here that has a `main()`, one line a figure. `make bench ONLY=paint` runs one of them."""

import sys
from importlib import import_module
from pathlib import Path


def main() -> None:
    named = sys.argv[1:] or sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__main__")
    for name in named:
        module = import_module(f"benchmarks.{name}")
        if hasattr(module, "main"):
            print(f"\n{(module.__doc__ or name).splitlines()[0]}", flush=True)
            module.main()


if __name__ == "__main__":
    main()
