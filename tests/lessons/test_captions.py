"""Captions are plain English at every corner of every lesson."""

import re

from tests.corners import at_every_corner, result_at

ENDS_IN_S = {"is", "was", "has", "less", "pass", "class", "loss", "bias", "axis", "its", "this", "does", "as", "us"}
NEVER = (r"-0\.0+\b(?!\d)", r"\bevery other\b", r"\bthe notes\b", r"\b0 of them\b", r"  ", r" \.", r"\bNone of 0\b")


@at_every_corner
def test_a_caption_is_plain_english(lesson, params):
    caption = lesson.caption(params, result_at(lesson.slug, params))
    for words in re.findall(r"(?<![\d.,^-])\b1 ([a-z]+s)\b", caption):
        assert words in ENDS_IN_S, f"1 {words}: {caption}"
    for never in NEVER:
        assert not re.search(never, caption), f"{never}: {caption}"
    assert re.match(r"[^a-z]|torch |[a-z_]+[.(]|[\w-]+/[\w.-]+ ", caption), (
        f"a sentence begins with a capital, or a name of torch or of the Hub: {caption}"
    )
    error = getattr(result_at(lesson.slug, params), "error", None)
    assert caption.rstrip()[-1] in ".?!:" or error and caption.endswith(error), caption
