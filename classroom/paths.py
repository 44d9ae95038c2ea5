"""Workshops of 45, 90 and 180 minutes: which questions in which order, how long, what to say and what to show."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One part of a workshop. `question` and `check` say what the room does in it; both empty, the teacher talks."""

    minutes: int
    title: str
    say: str
    show: str  # on the projector; of a question: once torch has answered it
    hint: str = ""  # of a question: what to say if less than 35 % are right
    question: str = ""
    check: str = ""  # check_before or check_after


@dataclass(frozen=True)
class Path:
    minutes: int
    about: str
    steps: tuple[Step, ...]


def _asks(minutes: int, name: str, title: str, say: str, hint: str, show: str) -> Step:
    return Step(minutes, title, say, show, hint, name)


WELCOME = Step(
    4,
    "Join the room",
    "Open the address on your phone, or point the camera at the code. Nobody is asked for a name. Nothing here is graded: "
    "PyTorch itself decides who is right.",
    "The projector with the code. Go on when the number of those who joined stands still.",
)
BEFORE = Step(
    10,
    "The check before",
    "Ten questions, each at your own pace. Guess where you do not know: the same ideas come back at the end.",
    "The projector shows how many have begun. No answer is shown.",
    check="check_before",
)
AFTER = Step(
    10,
    "The check after",
    "Ten questions again, other ones about the same ideas. Afterwards each of you sees what was right.",
    "Open the answers at the end: the projector shows what the class gained.",
    check="check_after",
)
BREAK = Step(
    15, "Break", "Fifteen minutes. The room stays open, and so do your pages.", "The code, for who comes later."
)
THREE_CALLS = _asks(
    8,
    "dropout.three_calls",
    "Dropout draws anew",
    "One layer, one input, three calls. Choose alone; talk later.",
    "What does this layer read besides x? Random numbers: who hands them out, and does he hand out the same ones twice?",
    "The dropped cells of the three outputs. Then set mode to eval: three times the same.",
)
FUNCTIONAL = _asks(
    8,
    "dropout.functional",
    "A function has no mode",
    "The same net, but its forward calls the function. model.eval() was called.",
    "eval() walks over the modules of a model and sets a flag on each. Is F.dropout a module?",
    "Set layer back to nn.Dropout: in eval mode one output is left.",
)
NEIGHBOUR = _asks(
    9,
    "batch_norm.neighbour",
    "Does a neighbour change your sample?",
    "Somebody adds 5 to the other samples of the batch. Yours is not touched. The layer is in eval mode.",
    "Where does the layer take its mean from in train mode? From this batch. And in eval mode? From a buffer.",
    "How far sample 0 moves in train mode, beside eval mode.",
)
RECORDS = _asks(
    8,
    "modes.eval_records",
    "eval() is not no_grad()",
    "Validation loops call both. Here only one of them was called.",
    "eval() sets one flag, training. Which of these layers has nothing left to compute when it is False?",
    "Set grad to no_grad: nothing is recorded.",
)
STATISTICS = _asks(
    8,
    "modes.statistics",
    "no_grad() is not eval()",
    "Now the other way round: no_grad() without eval().",
    "Who writes running_mean: the optimizer, or the forward pass itself?",
    "Set mode to eval: the statistics stay.",
)
FROZEN_NORM = _asks(
    9,
    "freeze.frozen_norm",
    "Frozen, and it moves",
    "All weights of stem and norm are frozen. The model trains on for three steps.",
    "requires_grad is asked of parameters. Is running_mean a parameter?",
    "The parameters of norm stay and its buffers move. norm.eval() would stop them, until the next model.train().",
)
ATTRIBUTE = _asks(
    7,
    "freeze.attribute",
    "A switch that does not exist",
    "One line, no error, in real code. What has it frozen?",
    "Python lets you set any attribute on an object. Which code would read this one?",
    "Set freeze to another way of freezing and compare the count.",
)
NEW_AXIS = _asks(
    7,
    "stack.new_axis",
    "Where the new axis goes",
    "Two vectors go in. How many axes come out?",
    "Count: x has one axis, and so has y. stack makes a new one. How long is it?",
    "Set dim to 1: the same numbers, in other places.",
)
RESHAPE = _asks(
    8,
    "stack.reshape",
    "Same shape, same numbers?",
    "Both lines give four rows of two. Shapes agree, so the code runs.",
    "Write x and y below each other. Read the eight numbers in order, two a row.",
    "The marked cells of out: 6 of 8 hold another number than in stack(dim=1).",
)
TENSOR_DATASET = _asks(
    8,
    "collate.tensor_dataset",
    "What a batch is",
    "The most common dataset there is, and its first batch.",
    "What is one sample of a TensorDataset, even of a single tensor? A tuple. What does collate make of tuples?",
    "One sample beside a batch: the tuple has become a list.",
)
COPIES = _asks(
    8,
    "iterable.copies",
    "Two workers, one stream",
    "A stream of 12 items, and two workers to make it faster.",
    "Each worker holds a copy of the dataset. Who tells it which part is its own?",
    "Set sharding to stride: each worker asks get_worker_info(), and each item comes once.",
)
LABELS = _asks(
    8,
    "padding.labels",
    "What the loss counts",
    "The inputs are padded with 0, and so are the labels.",
    "Which label does cross_entropy leave out unless you say otherwise?",
    "The loss with the padding counted beside the loss without it.",
)
PERFECT = _asks(
    8,
    "logits.perfect",
    "Perfect, and a loss all the same",
    "The model is certain and right. Its output goes through softmax first.",
    "cross_entropy takes logits. What does its own softmax make of 1, 0, 0?",
    "The ringed loss: softmax of [1, 0, 0] gives the right class 0.576, not 1.",
)
SILENT_LIST = _asks(
    8,
    "registration.silent_list",
    "A list that nobody sees",
    "A layer in a Python list, and one as an attribute. Then one step of SGD.",
    "What does the optimizer get? net.parameters(). Where does that look?",
    "Set slot to ModuleList: both layers move.",
)
T5 = _asks(
    8,
    "dropout_reset.t5",
    "All dropouts, or all modules?",
    "The loop visits every module and sets p to 0. The model is in train mode.",
    "Must a dropout be a module? A float and a function do the same.",
    "The dropouts that the loop did not meet.",
)
CLOSE = "What surprised you? Say it in one sentence to your neighbour. Every lesson is open to you, also tomorrow."
EXPLORE = Step(
    12,
    "Each on his own",
    "Open a lesson of today on your phone, break it with a trap, and show your neighbour.",
    "The map of all lessons: the bare address of this app.",
)

PATHS = {
    "45": Path(
        45,
        "Train, eval, no_grad, frozen: four questions about what each switch changes.",
        (WELCOME, THREE_CALLS, NEIGHBOUR, STATISTICS, FROZEN_NORM, Step(7, "Close", CLOSE, "The map of all lessons.")),
    ),
    "90": Path(
        90,
        "The same in depth: seven questions, and a check before and after that shows what the class has learned.",
        (
            WELCOME, BEFORE, THREE_CALLS, FUNCTIONAL, NEIGHBOUR, RECORDS, STATISTICS, FROZEN_NORM, ATTRIBUTE, AFTER,
            Step(9, "Close", CLOSE, "What the class gained, then the map of all lessons."),
        ),
    ),
    "180": Path(
        180,
        "From dropout to a loss: fifteen questions in three blocks, with a break and the check before and after.",
        (
            WELCOME, BEFORE, THREE_CALLS, FUNCTIONAL, NEIGHBOUR, RECORDS, STATISTICS,
            NEW_AXIS, RESHAPE, TENSOR_DATASET, COPIES, BREAK,
            LABELS, PERFECT, SILENT_LIST, FROZEN_NORM, ATTRIBUTE, T5, AFTER, EXPLORE,
            Step(9, "Close", CLOSE, "What the class gained, then the map of all lessons."),
        ),
    ),
}  # fmt: skip
