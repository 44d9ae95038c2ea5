"""Sentences of a lesson as HTML."""

from markupsafe import Markup


def rich(text: str) -> Markup:
    """Text with `code` between backticks; everything else in it is text."""
    parts = (
        Markup("<code>{}</code>" if index % 2 else "{}").format(part) for index, part in enumerate(text.split("`"))
    )
    return Markup("").join(parts)
