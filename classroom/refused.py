"""What a room answers to what it does not do: a status and one sentence."""


class Refused(Exception):
    """`status` is that of the HTTP answer, the message its one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def no_room() -> Refused:
    return Refused(404, "There is no room with this code. Codes end after 12 hours, or when the teacher ends the room.")
