"""The arithmetic of normalisation with its real numbers, as the notes of a cell say it."""


def term(value: float) -> str:
    """A number as it stands inside a formula: negative ones in brackets."""
    return f"{value:.4f}" if value >= 0 else f"({value:.4f})"


def standardised(x: float, mean: float, var: float, eps: float, *, names: tuple[str, str] = ("mean", "var")) -> str:
    """`(x - mean) / √(var + eps) = (5.1234 - 4.5000) / √(2.0000 + 1e-05)`, without its result."""
    return f"(x - {names[0]}) / √({names[1]} + eps) = ({x:.4f} - {term(mean)}) / √({var:.4f} + {eps:g})"


def affine(weight: float, bias: float, y: float) -> str:
    """The end of a formula: ` × weight + bias = y`."""
    return f" × {term(weight)} + {term(bias)} = {y:+.4f}"
