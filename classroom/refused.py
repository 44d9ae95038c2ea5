"""What a room answers to what it does not do: a status and one sentence."""


class Refused(Exception):
    """`status` is that of the HTTP answer, the message its one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def not_in_it() -> Refused:
    return Refused(403, "You are not in this room; join it with its code.")


def no_room() -> Refused:
    return Refused(404, "There is no room with this code. Codes end after 12 hours, or when the teacher ends the room.")


def unreachable() -> Refused:
    return Refused(503, "The rooms cannot be reached now; try again in a moment.")
