"""The HTTP endpoint of an FAQ assistant, by real requests to a local server."""

import http.client
import json
import threading
from contextlib import contextmanager

import pytest

from core.ask.faq_entries import add_entries
from core.ask.faq_files import Settings, save_settings
from core.ask.faq_log import read_log
from core.ask.faq_replier import corpus_replier, file_replier
from core.ask.faq_server import MAX_BODY, FaqServer, is_loopback, main, parse_arguments, read_secret
from core.ask.faq_service import Threshold, assistant_file
from core.errors import InputError, PlanisphereError
from core.secret import Secret
from tests.core.ask.test_faq_service import THRESHOLD, calibrated, query  # noqa: F401

JSON = {"Content-Type": "application/json"}
KNOWN, FOREIGN = "How to change my password today?", "Who invented the telescope?"


def arguments(query, *more):  # noqa: F811
    return parse_arguments(["--corpus", "FAQ", "--workspace", query.corpus.folder, *more])


@contextmanager
def serving(replier, token=None):
    server = FaqServer(replier, "127.0.0.1", 0, token)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def request(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection.request(method, path, content, JSON if headers is None else headers)
    response = connection.getresponse()
    assert response.headers["Content-Type"] == "application/json"
    value = json.loads(response.read())
    connection.close()
    return response.status, value


def test_it_replies_refuses_and_logs(query):  # noqa: F811
    with serving(corpus_replier(arguments(query, "--min-precision", "0.9"), None)) as port:
        status, reply = request(port, "POST", "/reply", {"question": KNOWN})
        assert status == 200
        assert (reply["answer"], reply["refused"]) == ("password", False)
        assert reply["confidence"] >= reply["threshold"]
        assert len(reply["nearest"]) == 3
        status, refused = request(port, "POST", "/reply", {"question": FOREIGN})
        assert (status, refused["answer"], refused["refused"]) == (200, None, True)
        add_entries(query.columns, [FOREIGN], "Hans Lipperhey")  # on the page, meanwhile
        assert request(port, "POST", "/reply", {"question": FOREIGN})[1]["nearest"][0]["answer"] == "Hans Lipperhey"
        status, health = request(port, "GET", "/health")
        assert (status, health["status"], health["questions"]) == (200, "ok", 181)
    logged = read_log(query.columns)
    assert [(one.reply.source, one.reply.outcome) for one in logged[:2]] == [("http", "answered"), ("http", "refused")]
    assert logged[0].reply.reply == reply["id"]


def test_bad_requests_get_an_error_and_a_remedy(query):  # noqa: F811
    question = {"question": KNOWN}
    cases = [
        (404, "GET", "/other", None, None),
        (405, "GET", "/reply", None, None),
        (405, "POST", "/health", question, None),
        (405, "DELETE", "/reply", None, None),
        (415, "POST", "/reply", question, {"Content-Type": "text/plain"}),
        (400, "POST", "/reply", b"{", None),
        (400, "POST", "/reply", b"[" * 20_000, None),
        (400, "POST", "/reply", b'{"question": "\xff"}', None),
        (400, "POST", "/reply", [KNOWN], None),
        (400, "POST", "/reply", {"question": 3}, None),
        (400, "POST", "/reply", {"question": " "}, None),
        (413, "POST", "/reply", {"question": "x" * 2_001}, None),
        (413, "POST", "/reply", b"x" * (MAX_BODY + 1), None),
        (403, "POST", "/reply", question, JSON | {"Host": "evil.example:80"}),
    ]
    with serving(corpus_replier(arguments(query), None)) as port:
        for status, method, path, body, headers in cases:
            found, value = request(port, method, path, body, headers)
            assert found == status, (path, body)
            assert value["error"]["message"]
            assert value["error"]["remedy"]
        assert request(port, "POST", "/reply", {"question": "lone \ud800 surrogate"})[0] == 200
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.putrequest("POST", "/reply")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders(b"0\r\n\r\n")
        assert connection.getresponse().status == 411
        connection.close()


def test_with_a_token_every_request_needs_it(query, tmp_path):  # noqa: F811
    path = tmp_path / "token"
    path.write_text("  s3cret\n", encoding="utf-8")
    with serving(corpus_replier(arguments(query), None), read_secret(str(path))) as port:
        for headers in (JSON, JSON | {"Authorization": "Bearer other"}, JSON | {"Authorization": "s3cret"}):
            status, value = request(port, "POST", "/reply", {"question": KNOWN}, headers)
            assert status == 401
            assert "s3cret" not in json.dumps(value)
        allowed = JSON | {"Authorization": "Bearer s3cret", "Host": "faq.example.com"}
        assert request(port, "POST", "/reply", {"question": KNOWN}, allowed)[0] == 200
        assert request(port, "GET", "/health", None, {})[0] == 401


class Broken:
    name = "broken"

    def reply(self, question):
        raise PlanisphereError("The disk is full.", "Free some space.")

    def health(self):
        raise ZeroDivisionError("secret detail")


def test_failures_are_explained_without_details():
    with serving(Broken()) as port:
        assert request(port, "POST", "/reply", {"question": KNOWN})[0] == 503
        status, value = request(port, "GET", "/health")
        assert status == 500
        assert "secret" not in json.dumps(value)


def test_it_serves_a_file(query, tmp_path):  # noqa: F811
    path = tmp_path / "assistant.faq"
    path.write_bytes(assistant_file(query, THRESHOLD))
    with serving(file_replier(parse_arguments(["--file", str(path)]), None)) as port:
        assert request(port, "POST", "/reply", {"question": KNOWN})[1]["answer"] == "password"
    assert file_replier(parse_arguments(["--file", str(path), "--threshold", "1"]), None).reply(KNOWN)["refused"]
    with pytest.raises(InputError):
        file_replier(parse_arguments(["--file", str(tmp_path / "missing")]), None)


def test_it_uses_the_settings_of_the_page(query):  # noqa: F811
    save_settings(query.corpus, Settings("text", "answer", query.model.key, 0.8, 0.5))
    replier = corpus_replier(arguments(query), None)
    assert replier.threshold == Threshold(0.8, 0.5)
    assert corpus_replier(arguments(query, "--min-precision", "0.9"), None).threshold == Threshold(0.9)


def test_what_can_not_be_served_is_explained(query, tmp_path, capsys):  # noqa: F811
    for more in (["--corpus", "Other"], ["--model", "other"], ["--question", "answer", "--answer", "text"]):
        assert main(["--corpus", "FAQ", "--workspace", query.corpus.folder, *more]) == 2
        assert capsys.readouterr().err.strip()
    assert main([*("--corpus", "FAQ", "--workspace", query.corpus.folder), "--host", "0.0.0.0"]) == 2
    assert "--token-file" in capsys.readouterr().err
    (tmp_path / "empty").write_text("", encoding="utf-8")
    for path in (tmp_path / "empty", tmp_path / "missing"):
        with pytest.raises(InputError):
            read_secret(str(path))
    with serving(Broken()) as port, pytest.raises(InputError):
        FaqServer(Broken(), "127.0.0.1", port)
    with pytest.raises(InputError):
        FaqServer(Broken(), "127.0.0.1", 99_999, Secret("x"))
    assert is_loopback("::1")
    assert not is_loopback("example.com")
