"""The log grows by a line a second at most, and says what it left out."""

import logging

from serving.logs import OneASecond


def test_one_line_a_second_and_how_many_were_left_out(caplog):
    now = [0.0]
    logger = logging.getLogger("tests.bounded")
    logger.addFilter(OneASecond(lambda: now[0]))
    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            logger.warning("Invalid HTTP request received.")
        now[0] = 1.0
        logger.warning("Invalid HTTP request from %s.", "somebody")
    assert caplog.messages == [
        "Invalid HTTP request received.", "Invalid HTTP request from somebody. (999 more were left out)",
    ]  # fmt: skip
