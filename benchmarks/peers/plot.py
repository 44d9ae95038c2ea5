"""The peer of a lesson's picture: the same Result and the same panels as one plotly figure in a gr.Plot.

It answers with the picture alone, without caption, code or operators, and every panel is one trace.
"""

import json
from importlib import import_module
from typing import Any

import gradio as gr
import plotly.graph_objects as go
import torch
from plotly.subplots import make_subplots

from explorable.params import read

SCALE = [[0, "#d55e00"], [0.5, "#ffffff"], [1, "#0072b2"]]


def picture(asked: str) -> go.Figure:
    """asked: JSON with slug, params and tick."""
    wanted = json.loads(asked)
    lesson = import_module(f"lessons.{wanted['slug']}").LESSON
    params = read(lesson.Params, wanted["params"])
    drawn = import_module(f"figures.{lesson.slug}").draw(params, lesson.run(params))
    traces = [[trace(panel) for panel in row] for row in drawn["rows"]]
    width = max(map(len, traces))
    kinds = [
        [{"type": "domain" if t.type == "table" else "xy"} for t in row] + [None] * (width - len(row)) for row in traces
    ]
    plot = make_subplots(len(traces), width, specs=kinds)
    for row, line in enumerate(traces, 1):
        for column, one in enumerate(line, 1):
            plot.add_trace(one, row, column)
    return plot.update_layout(template="none", meta=wanted["tick"], showlegend=False)


def trace(panel: dict[str, Any]) -> Any:
    if panel["view"] in ("grid", "cube"):
        cells = table_of(panel["values"])
        return go.Heatmap(
            z=cells,
            texttemplate="%{z:.2f}",
            colorscale=SCALE,
            zmin=-panel["limit"],
            zmax=panel["limit"],
            showscale=False,
        )
    if panel["view"] == "bars":
        return go.Bar(y=panel["labels"], x=panel["values"], orientation="h")
    rows = panel.get("rows", [[panel.get("text", "")]])
    return go.Table(
        header={"values": panel.get("columns", [""])},
        cells={"values": [list(map(str, c)) for c in zip(*rows, strict=False)]},
    )


def table_of(nested: Any) -> list[list[Any]]:
    """Rows of cells; leading dims are folded into rows, and what is no number is an empty cell."""
    if not isinstance(nested, list):
        return [[nested if isinstance(nested, (int, float)) else None]]
    if not any(isinstance(item, list) for item in nested):
        return [[item if isinstance(item, (int, float)) else None for item in nested]]
    return [row for item in nested for row in table_of(item)]


def build() -> gr.Blocks:
    with gr.Blocks(title="Plot") as demo:
        asked = gr.Textbox(label="asked", elem_id="asked")
        plot = gr.Plot()
        asked.change(picture, asked, plot)
    return demo


if __name__ == "__main__":
    torch.set_num_threads(1)
    build().launch()
