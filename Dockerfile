# docker build -t torch-explorables .                               for a CPU
# docker build -t torch-explorables --build-arg TORCH=cu128 .       for a CUDA GPU: any index of download.pytorch.org/whl
# docker run --read-only --tmpfs /tmp -p 7860:7860 torch-explorables
# Any of Python 3.10 to 3.14; this one is the Space's.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS packages
ARG TORCH=cpu
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt .
RUN grep '^torch' requirements.txt > torch.txt \
    && pip install --index-url https://download.pytorch.org/whl/${TORCH} -r torch.txt \
    && pip install -r requirements.txt \
    && pip uninstall --yes pip

FROM python:${PYTHON}-slim
COPY --from=packages /venv /venv
WORKDIR /app
COPY app.py .
COPY assets/ assets/
COPY classroom/ classroom/
COPY components/ components/
COPY explorable/ explorable/
COPY figures/ figures/
COPY lessons/ lessons/
COPY models/ models/
COPY programs/ programs/
COPY serving/ serving/
RUN /venv/bin/python -m compileall -q . && useradd --uid 1000 --no-create-home --home-dir /tmp visitor
USER 1000
# Whatever is written goes to /tmp: models that a visitor fetches from the Hub, Gradio's own temporary files.
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 HOME=/tmp HF_HOME=/tmp/huggingface GRADIO_TEMP_DIR=/tmp/gradio \
    GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["python", "app.py"]
