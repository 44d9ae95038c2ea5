"""The memory that glibc keeps for threads: what one thread has let go is to be had by the others."""

import ctypes
import sys
from contextlib import suppress

M_ARENA_MAX = -8  # of malloc.h
ARENAS = 2


def share_arenas() -> None:
    """For a process that has no other threads yet; other systems are left as they are.

    glibc would give up to 8 arenas a core, each to some of the threads, and an arena gives nothing back while its top is in
    use: with the 40 and more threads that answer visitors, what each ever needed at most adds up.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)
