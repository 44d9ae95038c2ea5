"""What stands around everything, Gradio's own middleware included."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from serving.forwarded import Forwarded
from serving.headers import embedders_from_environment
from serving.origins import Origins
from serving.same_for_all import SameForAll, files


@asynccontextmanager
async def outermost(app: Starlette) -> AsyncIterator[None]:
    """A lifespan that puts it there, before the first request; Gradio puts its own CORS and compression around `middleware`.

    A file that is kept costs nothing further in: it takes the headers along that it got there the first time.
    """
    assert app.middleware_stack is not None  # built to pass this lifespan on
    app.middleware_stack = Forwarded(Origins(SameForAll(app.middleware_stack, files), embedders_from_environment()))
    yield
