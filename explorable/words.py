"""Numbers and counts as sentences say them: one helper each, so that no caption says "1 batches" or "-0.00"."""

import math
from collections.abc import Sequence

FEW = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 batch`, `3 batches`, `no batch`: the number with its noun; the plural of most nouns need not be given."""
    return f"{number or 'no'} {noun if number in (0, 1) else plural or plural_of(noun)}"


def plural_of(noun: str) -> str:
    """The plural of an English noun that has a regular one, or is spoken like epoch."""
    if noun.endswith("epoch"):
        return f"{noun}s"
    if noun.endswith(("s", "x", "z", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def one_of(number: int, singular: str, plural: str) -> str:
    """The word that agrees with the number: `one_of(n, "is", "are")`."""
    return singular if number == 1 else plural


def number(value: float, digits: int = 3) -> str:
    """A number of at most `digits` decimals, as Python prints it: `2.0`, `0.333`, `nan`; below that `less than 0.001`.

    Zero has no sign, and what is not zero never reads as zero. Nor does what is not 1 read as 1: it has as many more decimals as tell
    them apart, `0.9999`.
    """
    if not math.isfinite(value) or isinstance(value, int):
        return str(value)
    while abs(round(value, digits)) == 1 != abs(value):
        digits += 1
    rounded = round(value, digits)
    if rounded == 0 and value != 0:
        return f"less than {10**-digits:.{digits}f}" if value > 0 else f"above {-(10**-digits):.{digits}f}"
    return f"{rounded + 0.0:,}" if abs(rounded) < 1e6 else f"{value:.3g}"


def percent(share: float) -> str:
    """A share from 0 to 1 as a whole percentage; only all is `100 %`, and only nothing `0 %`."""
    whole = round(100 * share)
    if whole == 0 and share > 0:
        return "less than 1 %"
    return "more than 99 %" if whole == 100 and share < 1 else f"{whole} %"


def listing(words: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def spelled(number: int) -> str:
    """A small count in letters, as a sentence begins with it."""
    return FEW[number] if 0 <= number < len(FEW) else str(number)
