"""The one look of every plotly chart: transparent, without a template, in the page's colours.

Charts are plain dicts that plotly.js reads. plotly.py's objects check every property and take 30 ms a chart to do it; a test
gives each chart to `go.Figure`, so it is checked all the same.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

_plotly = find_spec("plotly")
assert _plotly is not None and _plotly.origin is not None
PLOTLY_JS = Path(_plotly.origin).parent / "package_data" / "plotly.min.js"  # the library the chart view loads

LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def lines(
    x: list[float],
    series: dict[str, list[float]],
    *,
    x_title: str,
    y_title: str,
    laws: dict[str, list[float]] | None = None,
    **layout: Any,
) -> dict[str, Any]:
    """Curves over x; `laws` are drawn dashed, in the colour of the series at the same position."""
    solid = [_curve(x, y, name, {"color": LINES[i], "width": 2}) for i, (name, y) in enumerate(series.items())]
    dashed = [
        _curve(x, y, name, {"color": LINES[i], "width": 1.5, "dash": "dash"})
        for i, (name, y) in enumerate((laws or {}).items())
    ]
    return {"data": solid + dashed, "layout": {**look(x_title, y_title), **layout}}


def look(x_title: str, y_title: str) -> dict[str, Any]:
    """The layout that all charts share."""
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 52, "r": 12, "t": 8, "b": 40},
        "xaxis": {"title": {"text": x_title}},
        "yaxis": {"title": {"text": y_title}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "uirevision": "keep",
    }


def _curve(x: list[float], y: list[float], name: str, line: dict[str, Any]) -> dict[str, Any]:
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "name": name, "line": line}


def dots(x: list[float], y: list[float], name: str, color: str) -> dict[str, Any]:
    """Single observations beside a curve: append to the chart's data."""
    marker = {"color": color, "size": 5, "opacity": 0.45}
    return {"type": "scatter", "mode": "markers", "x": x, "y": y, "name": name, "marker": marker, "showlegend": False}
