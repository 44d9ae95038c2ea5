"""What is taken away over HTTP: the file of the state that the page shows, and one sentence for what is none."""

import json

import pytest

from tests.components.served import served


@pytest.fixture(scope="module")
def client():
    with served() as client:
        yield client


def take(client, name, **body):
    return client.post(f"explorables/take/{name}", json=body)


def test_a_notebook_holds_the_parameters_as_set_and_the_link_back(client):
    answer = take(client, "dropout.ipynb", params={"p": 0.3, "seed": 5}, q="survivor")
    assert answer.headers["content-disposition"] == 'attachment; filename="dropout.ipynb"'
    cells = json.loads(answer.text)["cells"]
    text = "".join("".join(cell["source"]) for cell in cells)
    assert "p = 0.3  #" in text and "seed = 5" in text
    assert f"{str(client.base_url).rstrip('/')}/?lesson=dropout&p=0.3&seed=5&q=survivor" in text
    assert "torch.full((99,), 3.0)" in "".join(cells[-1]["source"])  # the proof of the question that is asked


def test_a_program_that_ends_with_an_error_is_taken_up_to_it(client):
    code = take(client, "own_data.py", params={"data": "", "format": "lines"}).text
    assert 'raise ValueError("The text is empty.")' in code and "%% a DataLoader makes" not in code
    assert "it is what the lesson shows here" in code


def test_rows_that_the_page_does_not_show_are_taken_along(client):
    rows = "x\n" + "".join(f"{n}\n" for n in range(900))
    code = take(client, "own_data.py", params={"data": rows}).text
    assert f"{json.dumps(rows)}.encode())" in code and code.index("write_bytes") < code.index("# %% parameters")


@pytest.mark.parametrize("name", ["nothing.ipynb", "dropout.exe"])
def test_there_is_no_other_file(client, name):
    assert take(client, name, params={}).status_code == 404


def test_a_value_out_of_range_is_named(client):
    answer = take(client, "dropout.py", params={"p": 2})
    assert answer.status_code == 400 and answer.text.startswith("p must be a number from 0.0 to 1.0")


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"params": 1}', b'{"params": {}, "q": 1}'])
def test_what_is_no_request_is_refused(client, body):
    answer = client.post("explorables/take/dropout.py", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
