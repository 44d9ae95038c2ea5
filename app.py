"""Torch Explorables: run `python app.py` and open http://127.0.0.1:7860."""

import os
import sys

from serving.arenas import share_arenas
from serving.ending import ENDING
from serving.port import port_from_environment

if __name__ == "__main__":
    port = port_from_environment()
    share_arenas()  # before the first thread
    ENDING.listen()  # before the imports, which take seconds

# Read by Gradio when it is imported: no analytics, and no statistics rebuilt at every event.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000")

from components.start import check  # noqa: E402

if __name__ == "__main__":
    check()  # before the lessons are imported, of which some read variables too

from components.end import end  # noqa: E402
from components.server import launch_settings  # noqa: E402
from components.site import build  # noqa: E402
from components.warm import warm  # noqa: E402
from serving.connections import bound_connections  # noqa: E402
from serving.logs import bound_logs  # noqa: E402
from serving.variables import is_to_warm  # noqa: E402

demo = build()
demo.queue(default_concurrency_limit=4, max_size=256, status_update_rate=5)

if __name__ == "__main__":
    sys.setswitchinterval(0.0001)  # seconds, of 0.005: a thread that computes lets the others answer sooner
    ENDING.serve()
    demo.launch(prevent_thread_lock=True, server_port=port, **launch_settings())
    bound_connections(demo.server.config)
    bound_logs()
    if is_to_warm():
        warm()
    ENDING.wait()
    end(demo)
