"""The one look of every plotly chart: transparent, without a template, in the page's colours."""

from pathlib import Path
from typing import Any

import plotly
import plotly.graph_objects as go

PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"  # the library the chart view loads

LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def lines(
    x: list[float],
    series: dict[str, list[float]],
    *,
    x_title: str,
    y_title: str,
    laws: dict[str, list[float]] | None = None,
    **layout: Any,
) -> go.Figure:
    """Curves over x; `laws` are drawn dashed, in the colour of the series at the same position."""
    chart = go.Figure(layout={"template": "none"})
    for index, (name, y) in enumerate(series.items()):
        chart.add_scatter(x=x, y=y, name=name, mode="lines", line={"color": LINES[index], "width": 2})
    for index, (name, y) in enumerate((laws or {}).items()):
        dash = {"color": LINES[index], "width": 1.5, "dash": "dash"}
        chart.add_scatter(x=x, y=y, name=name, mode="lines", line=dash)
    return chart.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 52, "r": 12, "t": 8, "b": 40},
        xaxis={"title": {"text": x_title}},
        yaxis={"title": {"text": y_title}},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        uirevision="keep",
        **layout,
    )
