"""A visitor's regex, refused where compiling it would fill the memory: the timeout of the regex package begins after that."""

import re
from math import prod

from explorable.params import BadParam

MOST = 1000


def checked(pattern: str) -> str:
    """The pattern itself; raises BadParam where its counts in braces multiply to more than MOST."""
    counts = [
        max(map(int, re.findall(r"\d+", braces)), default=1) for braces in re.findall(r"\{([^{}]{0,40})", pattern)
    ]
    if prod(count or 1 for count in counts) > MOST:
        raise BadParam(
            f"pattern may repeat by counts in braces that multiply to at most {MOST:,}, such as {{30}} in {{30}}."
        )
    return pattern
