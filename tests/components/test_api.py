"""Every lesson is an endpoint with the names, types, defaults and ranges of its Params."""

import json
import re
from dataclasses import fields

import pytest
from gradio.components.api_component import Api
from gradio.state_holder import SessionState
from gradio_client import Client
from gradio_client.exceptions import AppError

from components.answer import lesson_of
from components.frozen import Frozen
from components.server import launch_settings
from components.site import LESSONS, build
from explorable.params import accepts, to_query
from tests.corners import CHEAP, quick


@pytest.fixture(scope="module")
def client():
    demo = build()
    demo.queue()
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **launch_settings())
    yield Client(url, verbose=False)
    demo.close()


@pytest.mark.parametrize("slug", LESSONS)
def test_an_endpoint_documents_its_params(client, slug):
    described = client.view_api(return_format="dict")["named_endpoints"][f"/{slug}"]["parameters"]
    params = fields(lesson_of(slug).Params)
    assert [one["parameter_name"] for one in described] == [param.name for param in params]
    assert [one["parameter_default"] for one in described] == [param.default for param in params]
    assert all(accepts(param) in one["type"]["description"] for one, param in zip(described, params, strict=True))


@pytest.mark.parametrize("slug", LESSONS)
def test_an_endpoint_answers_with_caption_code_link_and_the_numbers_of_the_result(client, slug):
    lesson, asked = lesson_of(slug), CHEAP.get(slug, {})
    params = quick(lesson)
    answer, result = client.predict(**asked, api_name=f"/{slug}"), lesson.run(params)
    said = answer["caption"], lesson.caption(params, result)
    if lesson.measured:  # no second run repeats the numbers
        said = tuple(re.sub(r"\d[\d.]*", "#", caption) for caption in said)
    assert said[0] == said[1]
    assert answer["link"] == to_query(slug, params)
    assert answer["numbers"].keys() == vars(result).keys()
    assert answer["code"] == lesson.snippet(params)


def test_keywords_carry_the_names_of_params(client):
    answer = client.predict(p=0.3, mode="eval", api_name="/dropout")
    assert answer["params"]["p"] == 0.3 and answer["params"]["mode"] == "eval"
    assert answer["link"] == "lesson=dropout&p=0.3&mode=eval"


@pytest.mark.parametrize("bad", [{"p": 3}, {"p": "x"}, {"p": None}, {"mode": "no"}, {"seed": 1.5}, {"passes": 10**12}])
def test_a_bad_argument_gets_one_sentence_with_its_name_and_range(client, bad):
    [(name, _)] = bad.items()
    param = next(field for field in fields(lesson_of("dropout").Params) if field.name == name)
    with pytest.raises(AppError, match=f"^{name} must be {accepts(param)}, not .*\\.$"):
        client.predict(**bad, api_name="/dropout")


def test_the_page_carries_one_description_of_a_parameter_and_visitors_share_it():
    blocks = build()
    parameters = {block._id for function in blocks.fns.values() for block in function.inputs if type(block) is Api}
    sent = [block for block in blocks.get_config_file()["components"] if block["id"] in parameters]
    assert len(sent) == sum(len(fields(lesson_of(slug).Params)) for slug in LESSONS)
    for block in sent:
        about = block["api_info_as_input"]["description"]
        assert json.dumps(block).count(json.dumps(about)) == 2  # once for people, once for gradio_client
    config = blocks.default_config
    again = [config.config_for_block(key, [], block) for key, block in config.blocks.items()]
    shared = {block["id"]: block["props"] for block in again}
    assert all(shared[block["id"]] is block["props"] and isinstance(block["props"], Frozen) for block in sent)


def test_what_a_session_was_called_with_is_in_no_other_session():
    blocks = build()
    parameter = next(block for block in blocks.fns.values() for block in block.inputs if type(block) is Api)
    one, other = SessionState(blocks), SessionState(blocks)
    one._update_value_in_config(parameter._id, "TOPSECRET")
    assert "TOPSECRET" not in json.dumps([list(other.components), list(SessionState(blocks).components)])
    assert "TOPSECRET" not in json.dumps(blocks.get_config_file())
