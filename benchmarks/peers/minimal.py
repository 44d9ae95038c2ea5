"""The floor: a Gradio app with one slider and one gr.HTML whose text is constant, launched with Gradio's defaults."""

import gradio as gr


def constant(p: float) -> str:
    """The slider's value is in an attribute, so that the arrival of an answer can be seen."""
    return f"<p data-p='{p}'>constant</p>"


def build() -> gr.Blocks:
    with gr.Blocks(title="Minimal") as demo:
        slider = gr.Slider(0, 1, 0.5, step=0.05, label="p")
        html = gr.HTML(constant(0.5), elem_id="out")
        slider.change(constant, slider, html, api_name="constant")
    return demo


if __name__ == "__main__":
    build().launch()
