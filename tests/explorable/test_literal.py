"""A text is one literal on one line, whoever reads the line."""

import pytest

from explorable.literal import literal
from explorable.parsing import value_of


@pytest.mark.parametrize(
    "hidden", ["\u2028", "\u2029", "\x85", "\x7f", "\u202e", "\u2066", "\u200f", "\u061c", "\n", "\r", "\x0b", "\x0c"]
)
def test_what_ends_a_line_or_is_not_seen_is_an_escape(hidden):
    text = f'x{hidden}# %%{hidden}import os"'
    shown = literal(text)
    assert value_of(shown) == text
    assert len(shown.splitlines()) == 1 and hidden not in shown
