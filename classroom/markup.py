"""Sentences of the bank as HTML."""

from xml.sax.saxutils import escape


def html(text: str) -> str:
    """What stands between backticks is code, everything else is text."""
    return "".join(f"<code>{escape(part)}</code>" if i % 2 else escape(part) for i, part in enumerate(text.split("`")))


def link(address: str, text: str) -> str:
    quoted = escape(address, {'"': "&quot;"})
    return f'<p><a href="{quoted}">{escape(text)}</a></p>'
