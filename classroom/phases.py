"""What a room goes through, and which step may follow which. The server asks here before anything moves."""

LOBBY = "lobby"
VOTE, CLOSED, DISCUSS, VOTE_AGAIN, CLOSED_AGAIN, REVEAL = (
    "vote", "closed", "discuss", "vote_again", "closed_again", "reveal",
)  # fmt: skip
BEFORE, AFTER, ANSWERS = "check_before", "check_after", "check_answers"

FOLLOWS = {
    LOBBY: (VOTE, BEFORE, AFTER),
    VOTE: (CLOSED,),
    CLOSED: (DISCUSS, REVEAL),  # above 70 % right there is little to discuss
    DISCUSS: (VOTE_AGAIN,),
    VOTE_AGAIN: (CLOSED_AGAIN,),
    CLOSED_AGAIN: (REVEAL,),
    REVEAL: (VOTE, LOBBY, BEFORE, AFTER),
    BEFORE: (LOBBY,),
    AFTER: (LOBBY, ANSWERS),
    ANSWERS: (LOBBY,),
}
ROUND = {VOTE: 1, CLOSED: 1, DISCUSS: 1, VOTE_AGAIN: 2, CLOSED_AGAIN: 2}  # whose votes are counted now
VOTING = {VOTE: 1, VOTE_AGAIN: 2}  # in which votes are taken, and for which round
CHECKS = (BEFORE, AFTER)
SAID = {
    LOBBY: "waits for the teacher",
    VOTE: "votes",
    CLOSED: "has closed its vote",
    DISCUSS: "discusses",
    VOTE_AGAIN: "votes again",
    CLOSED_AGAIN: "has closed its second vote",
    REVEAL: "sees what torch returns",
    BEFORE: "answers the check before",
    AFTER: "answers the check after",
    ANSWERS: "sees the answers of the check",
}
