"""Answers that nobody fetches: Gradio keeps those of its queue until their session is read, however many there are."""

from typing import Any

from starlette._utils import get_route_path
from starlette.types import ASGIApp, Receive, Scope, Send

PATHS = ("/gradio_api/queue/join", "/gradio_api/call/")
MOST = 300  # messages of all sessions together


class BoundUnread:
    """Lets go of the session with the most unread answers whenever there are too many; `app.get_blocks()` is Gradio's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and get_route_path(scope).startswith(PATHS):
            queue = scope["app"].get_blocks()._queue
            bound(queue.pending_messages_per_session)
            forget(queue.pending_event_ids_session, queue.pending_messages_per_session)
        await self.app(scope, receive, send)


def bound(pending: dict[str, Any], most: int = MOST) -> None:
    """`pending`: the queue of messages of each session."""
    unread = {session: messages.qsize() for session, messages in pending.items()}
    while sum(unread.values()) > most:
        longest = max(unread, key=lambda session: unread[session])
        del unread[longest], pending[longest]


def forget(events: dict[str, Any], pending: dict[str, Any], most: int = 2 * MOST) -> None:
    """Once there are many, `events` of a session lose what they hold of sessions that `pending` no longer has."""
    if len(events) > most:
        for session in [session for session in events if session not in pending]:
            del events[session]
