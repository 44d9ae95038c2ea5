"""The shipped closed-book model: real questions, and the laws of its class."""

import copy
import socket
import threading
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.batch import IGNORED, labels_of
from models.closed_book import FOLDER, MAX_ANSWER_TOKENS, QAModel
from models.facts import load_facts
from models.shared import shared_qa_model

QUESTIONS = {
    "What is the capital of France?": "Paris",
    "what is the capital of japan": "Tokyo",
    "Which city is Peru's capital?": "Lima",
    "Tell me the capital city of the USA.": "Washington",
    "On which continent is Kenya?": "Africa",
    "Where is Brazil?": "South America",
    "In which continent is the UK?": "Europe",
    "What is the currency of Switzerland?": "Swiss franc",
    "Which currency does Mexico use?": "Mexican peso",
    "What money do people use in Germany?": "euro",
    "What is the official language of Brazil?": "Portuguese",
    "Which language do people speak in Egypt?": "Arabic",
    "In which country is Lyon?": "France",
    "Where is Kyoto?": "Japan",
    "Which country is Rotterdam in?": "the Netherlands",
    "What is the chemical symbol of gold?": "Au",
    "What is the symbol for iron?": "Fe",
    "What is tungsten's symbol?": "W",
    "What is the atomic number of carbon?": "6",
    "How many protons does oxygen have?": "8",
    "Which element has the symbol As?": "arsenic",
    "What does the chemical symbol Pb stand for?": "lead",
    "Capital of Côte d'Ivoire": "Yamoussoukro",
    "Name N’Djamena's country.": "Chad",
}
UNEQUAL = (
    ["What is the currency of the United Arab Emirates?", "Capital of Peru"],
    ["United Arab Emirates dirham", "Lima"],
)
FACTS = st.sampled_from(load_facts())


@pytest.fixture(scope="module")
def qa() -> QAModel:
    return shared_qa_model()


@pytest.fixture
def trainable(qa: QAModel) -> QAModel:
    return copy.deepcopy(qa).requires_grad_(True)


def snapshot(qa: QAModel) -> list[torch.Tensor]:
    return [tensor.clone() for tensor in qa.state_dict().values()]


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_answers(qa: QAModel, question: str):
    assert qa.answer([question])[0].text == QUESTIONS[question]


# --- forward and get_loss -------------------------------------------------------------------------


def test_logits_are_items_by_answer_tokens_by_words(qa: QAModel):
    assert qa(qa.encode(*UNEQUAL)).shape == (2, 5, len(qa.tokenizer))


def test_without_labels_the_logits_are_those_of_the_first_answer_token(qa: QAModel):
    questions, answers = UNEQUAL
    first = qa(qa.encode(questions))
    assert first.shape[1] == 1
    assert torch.allclose(first, qa(qa.encode(questions, answers))[:, :1], atol=1e-4)


def test_without_labels_there_is_no_loss(qa: QAModel):
    batch = qa.encode(UNEQUAL[0])
    with pytest.raises(ValueError, match="has no labels"):
        qa.get_loss(qa(batch), batch)


def test_the_loss_is_that_of_t5(qa: QAModel):
    batch = qa.encode(*UNEQUAL)
    output = qa.model(**qa.padded(UNEQUAL[0]), labels=labels_of(batch).to(qa.device))
    assert torch.equal(qa.get_loss(qa(batch), batch), output.loss)


def test_the_loss_is_the_token_weighted_mean_of_the_items_not_their_mean(qa: QAModel):
    wrong = ["Japanese yen", "Lima"]  # one bad answer, so that the two means differ
    batch = qa.encode(UNEQUAL[0], wrong)
    items = [{"text": [item]} for item in batch["text"]]
    losses = torch.stack([qa.get_loss(qa(item), item) for item in items])
    tokens = torch.tensor([float(labels_of(item).numel()) for item in items])
    weighted = (losses * tokens).sum() / tokens.sum()
    assert torch.allclose(qa.get_loss(qa(batch), batch), weighted, rtol=1e-4)
    assert not torch.allclose(losses.mean(), weighted, rtol=1e-2)


def test_another_forward_does_not_change_the_loss_of_these_logits(qa: QAModel):
    batch, other = qa.encode(*UNEQUAL), qa.encode(["Capital of Chad"], ["Lyon"])
    logits = qa(batch)
    before = qa.get_loss(logits, batch)
    qa(other)
    assert torch.equal(qa.get_loss(logits, batch), before)


def test_logits_of_another_batch_are_refused(qa: QAModel):
    batch = qa.encode(*UNEQUAL)
    with pytest.raises(ValueError, match="do not fit"):
        qa.get_loss(qa(qa.encode(UNEQUAL[0])), batch)


@settings(max_examples=20, deadline=None)
@given(st.lists(FACTS, min_size=2, max_size=6))
def test_a_batch_gives_the_logits_of_single_items(facts: list):
    qa = shared_qa_model()
    batch = qa.encode([f"What is the {f.relation} of {f.subject}?" for f in facts], [f.answer for f in facts])
    together = qa(batch)
    for row, item in zip(together, batch["text"], strict=True):
        alone = qa({"text": [item]})[0]
        assert torch.allclose(row[: len(alone)], alone, atol=1e-3)


def test_the_device_is_that_of_the_parameters(trainable: QAModel):
    assert trainable.to("meta").device.type == "meta"


def test_the_class_adds_no_state_of_its_own(qa: QAModel):
    assert [name for name, _ in qa.named_children()] == ["model"]
    before = set(vars(qa))
    qa(qa.encode(*UNEQUAL))
    assert set(vars(qa)) == before


# --- answers --------------------------------------------------------------------------------------


def test_token_probabilities_multiply_to_the_answers(qa: QAModel):
    answer = qa.answer([UNEQUAL[0][0]])[0]
    assert [token.text for token in answer.tokens][-1] == "</s>"
    product = torch.tensor([token.probability for token in answer.tokens]).prod()
    assert answer.probability == pytest.approx(product.item()) and 0 < answer.probability <= 1


def test_token_probabilities_are_those_of_the_forward_pass(qa: QAModel):
    answer = qa.answer([UNEQUAL[0][0]])[0]
    logits = qa(qa.encode([answer.question], [answer.text]))[0].softmax(-1)
    expected = [logits[step, token.id].item() for step, token in enumerate(answer.tokens)]
    assert [token.probability for token in answer.tokens] == pytest.approx(expected, abs=1e-5)


def test_a_batch_gives_the_answers_of_single_calls(qa: QAModel):
    for answer in qa.answer(list(QUESTIONS)):
        alone = qa.answer([answer.question])[0]
        assert (answer.text, answer.question) == (alone.text, alone.question)
        assert answer.probability == pytest.approx(alone.probability, abs=1e-4)


def test_answers_are_those_of_generate(qa: QAModel):
    ids = qa.model.generate(
        **qa.padded(list(QUESTIONS)), do_sample=False, num_beams=1, max_new_tokens=MAX_ANSWER_TOKENS
    )
    texts = qa.tokenizer.batch_decode(ids, skip_special_tokens=True)
    assert [answer.text for answer in qa.answer(list(QUESTIONS))] == texts


@settings(max_examples=30, deadline=None)
@given(FACTS, FACTS)
def test_it_knows_an_answer_exactly_when_it_gives_it(asked, other):
    qa = shared_qa_model()
    question = f"What is the {asked.relation} of {asked.subject}?"
    given_ = qa.answer([question])[0].text
    known = qa.knows([question, question, question], [given_, asked.answer, other.answer])
    assert known.tolist() == [True, given_ == asked.answer, given_ == other.answer]


def test_no_questions_no_answers(qa: QAModel):
    assert qa.answer([]) == ()


def test_unknown_words_are_named(qa: QAModel):
    assert qa.answer(["What is Gotham's capital, Robin?"])[0].unknown_words == ("Gotham", "Robin")
    assert qa.answer(["What is the capital of France?"])[0].unknown_words == ()


@settings(max_examples=50, deadline=None)
@given(st.text(min_size=1, max_size=60).filter(str.strip))
def test_any_text_gets_an_answer_or_one_sentence(text: str):
    try:
        answer = shared_qa_model().answer([text])[0]
    except ValueError as error:
        assert str(error).startswith("question: ")
    else:
        assert answer.question == text and 0 <= answer.probability <= 1


@pytest.mark.parametrize("question", ["", "   ", "\n", "\u0301", "why " * 64])
def test_an_empty_or_endless_question_is_refused(qa: QAModel, question: str):
    with pytest.raises(ValueError, match="^question: it "):
        qa.answer([question])


@pytest.mark.parametrize("answer", ["", "Gotham", "Paris " * 16])
def test_an_answer_the_model_cannot_say_is_refused(qa: QAModel, answer: str):
    with pytest.raises(ValueError, match="^answer: "):
        qa.encode(["What is the capital of France?"], [answer])


# --- sharing --------------------------------------------------------------------------------------


def test_the_shared_model_is_loaded_once():
    assert shared_qa_model() is shared_qa_model()


def test_the_shared_model_is_frozen_and_in_eval_mode(qa: QAModel):
    assert not any(module.training for module in qa.modules())
    assert not any(parameter.requires_grad for parameter in qa.parameters())


def test_answering_leaves_weights_mode_and_random_state_alone(qa: QAModel):
    weights, state = snapshot(qa), torch.get_rng_state()
    qa.answer(list(QUESTIONS))
    assert all(map(torch.equal, weights, snapshot(qa))) and not qa.training
    assert torch.equal(torch.get_rng_state(), state) and torch.is_grad_enabled()


def test_threads_get_the_answers_of_one_thread(qa: QAModel):
    answers: dict[str, str] = {}
    threads = [
        threading.Thread(target=lambda q=question: answers.update({q: qa.answer([q])[0].text}))
        for question in QUESTIONS
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == QUESTIONS


def test_reading_never_changes_the_tokenizer_that_threads_share(qa: QAModel):
    before = qa.tokenizer.backend_tokenizer.to_str()
    qa.answer(UNEQUAL[0])
    assert qa.tokenizer.backend_tokenizer.to_str() == before
    qa.encode(*UNEQUAL)
    assert qa.tokenizer.backend_tokenizer.to_str() == before


def test_dropout_makes_train_mode_differ_from_eval(trainable: QAModel):
    batch = trainable.encode(*UNEQUAL)
    steady = trainable(batch)
    assert torch.equal(trainable(batch), steady)
    trainable.train()
    assert not torch.equal(trainable(batch), trainable(batch))


def test_a_copy_learns_a_new_fact_and_the_shared_model_does_not(qa: QAModel, trainable: QAModel):
    question, answer = "What is the capital of France?", "Lyon"
    batch = trainable.encode([question], [answer])
    optimizer = torch.optim.SGD(trainable.model.encoder.block[1].parameters(), lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        trainable.get_loss(trainable(batch), batch).backward()
        optimizer.step()
    assert trainable.answer([question])[0].text == answer
    assert qa.answer([question])[0].text == "Paris"


# --- the folder -----------------------------------------------------------------------------------


def test_it_loads_with_the_network_forbidden(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    assert QAModel.from_folder().answer(["What is the capital of France?"])[0].text == "Paris"


def test_a_float16_folder_loads_as_float32_and_answers_the_same(trainable: QAModel, tmp_path: Path):
    trainable.model.half().save_pretrained(tmp_path)
    trainable.tokenizer.save_pretrained(tmp_path)
    halved = QAModel.from_folder(tmp_path)
    assert {parameter.dtype for parameter in halved.parameters()} == {torch.float32}
    assert {a.question: a.text for a in halved.answer(list(QUESTIONS))} == QUESTIONS


def test_the_shipped_model_is_a_small_t5_of_two_and_two_blocks(qa: QAModel):
    config = qa.model.config
    assert 1e6 <= sum(parameter.numel() for parameter in qa.parameters()) <= 3e6
    assert (config.num_layers, config.num_decoder_layers, config.dropout_rate) == (2, 2, 0.1)
    assert (config.pad_token_id, config.eos_token_id, config.decoder_start_token_id) == (0, 1, 0)
    assert qa.model.encoder.block[1].layer[1].DenseReluDense.wi.weight.shape == (512, 128)


def test_the_folder_holds_no_pickle():
    assert {path.suffix for path in FOLDER.iterdir()} <= {".json", ".safetensors", ".md"}


def test_ignored_labels_are_the_default_of_cross_entropy():
    assert torch.nn.CrossEntropyLoss().ignore_index == IGNORED
