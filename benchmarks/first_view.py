"""Bytes and requests of home with an empty cache, against a minimal Gradio app."""

from playwright.sync_api import Browser

from benchmarks.browser import chromium
from benchmarks.report import interleaved, ratio
from benchmarks.server import MINIMAL, OURS, serving

ROUNDS = 5
READY = "[data-page=home] #home textarea"


def traffic(browser: Browser, url: str, ready: str) -> tuple[int, int]:
    """(bytes on the wire, requests) until the page is quiet, in a browser context that has seen nothing yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    network = context.new_cdp_session(page)
    sizes: list[int] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    network.send("Network.enable")
    page.goto(url)
    page.wait_for_selector(ready)
    page.wait_for_timeout(1500)
    context.close()
    return sum(sizes), len(sizes)


def main() -> None:
    with serving(*OURS) as ours, serving(*MINIMAL) as minimal, chromium() as browser:
        for index, (figure, unit, scale) in enumerate([("bytes", "kB", 1000), ("requests", "", 1)]):
            taken = interleaved(
                ROUNDS,
                {
                    "ours": lambda i=index: traffic(browser, ours.url, READY)[i],  # type: ignore[misc]
                    "floor": lambda i=index: traffic(browser, minimal.url, "#out p")[i],  # type: ignore[misc]
                },
            )
            ratio(f"cold first view: {figure}", taken["ours"] / scale, taken["floor"] / scale, unit, goal=1.3)


if __name__ == "__main__":
    main()
