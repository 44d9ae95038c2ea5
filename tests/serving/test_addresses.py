"""A host is a host, and a query goes on only where something reads it."""

import pytest

from serving.addresses import is_host, read_query


@pytest.mark.parametrize(
    "host", [b"localhost", b"127.0.0.1:7860", b"[::1]:80", b"user-space.hf.space", b"a_b.example.", b" b.example"]
)
def test_names_and_addresses_are_hosts(host):
    assert is_host(host)


@pytest.mark.parametrize(
    "host", [b"", b"a b", b"a:port", b"a:99999", b"<script>", b"a/b", b"a@b", b"[::1", b"\xff", b"a..b", b"a:1:2"]
)
def test_nothing_else_is(host):
    assert not is_host(host)


@pytest.mark.parametrize("path", ["", "/", "/config", "/gradio_api/call/dropout", "/explorables/x/style.css"])
def test_the_query_of_a_link_is_for_the_pages_own_script(path):
    assert read_query(path, b"lesson=dropout&page=nope&deep_link=x&all_endpoints=1") == b""


def test_the_endpoints_are_described_anew_for_each_caller():
    assert read_query("/gradio_api/info", b"all_endpoints=1&page=nope") == b"page=endpoints"


def test_news_are_asked_for_with_one_session():
    assert read_query("/gradio_api/queue/data", b"session_hash=abc-1&more=x") == b"session_hash=abc-1"
    for wrong in (b"", b"session_hash=", b"session_hash=a%20b", b"session_hash=a&session_hash=b", b"session_hash=%ed"):
        assert read_query("/gradio_api/queue/data", wrong) is None
