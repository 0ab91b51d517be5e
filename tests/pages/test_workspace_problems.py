"""Pages of a workspace that can't be written, is damaged, or is changed by others: they say so, and go on."""

import shutil
from types import SimpleNamespace

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests

from core.store import Workspace
from pages.shared import web_server
from tests.pages.test_embed_page import visible_text

DATA, SEARCH = "pages/data/corpus.py", "pages/explore/search.py"


def test_a_new_workspace_that_cannot_be_written_still_has_a_data_page(tmp_path, home, app, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("a file, not a folder")
    monkeypatch.setenv("PLANISPHERE_HOME", str(blocked / "home"))
    at = app.run()
    assert not at.exception
    assert len(at.error) == 1
    assert at.get("file_uploader")


def test_a_corpus_deleted_elsewhere_is_announced_until_that_is_seen(corpus, home, app):
    info, _ = corpus
    at = app.run()
    assert not at.warning
    shutil.copytree(home / "corpora" / info.digest, home / "corpora" / ("f" * 16))
    _rename_folder(home, "f" * 16)
    Workspace(home).delete(info.digest)
    at = at.switch_page(SEARCH).run()
    assert not at.exception
    assert info.name in str(at.warning[0].value)
    at = at.run()
    assert at.warning
    at = at.button(key="lost_corpus_seen").click().run()
    assert not at.warning


def _rename_folder(home, digest: str) -> None:
    """Make the copied folder a corpus of its own."""
    from core.files import read_json, write_json

    path = home / "corpora" / digest / "meta.json"
    write_json(path, read_json(path) | {"digest": digest, "name": "Another"})


def test_a_damaged_corpus_is_listed_and_restored(corpus, home, app):
    info, _ = corpus
    meta = home / "corpora" / info.digest / "meta.json"
    meta.write_bytes(meta.read_bytes()[:-30])
    at = app.run()
    assert not at.exception
    assert at.button(key=f"delete-{info.digest}")
    at = at.button(key=f"restore-{info.digest}").click().run()
    assert not at.exception
    assert Workspace(home).info(info.digest).name == info.name
    assert not [button for button in at.button if button.key == f"restore-{info.digest}"]


def test_damaged_vectors_are_named_and_can_be_computed_again(corpus, home, app):
    info, spec = corpus
    file = next((home / "corpora" / info.digest / "vectors").rglob("rows.npy"))
    data = bytearray(file.read_bytes())
    data[-5] ^= 4
    file.write_bytes(data)
    at = app.run().switch_page("pages/data/embed.py").run()
    assert not at.exception
    assert spec.label in str(at.sidebar.warning[0].value)
    assert "lready embedded" not in visible_text(at)


def test_of_dropped_sessions_the_oldest_of_too_many_and_those_of_long_ago_are_closed():
    count = web_server.MAX_DROPPED_SESSIONS + 3
    since = {f"s{i}": float(i) for i in range(count)}
    assert set(web_server.expired_sessions(since, float(count))) == {"s0", "s1", "s2"}
    late = count + web_server.MAX_DROPPED_SECONDS
    assert set(web_server.expired_sessions(since, late)) == set(since)


def test_encoded_tokens_are_decoded_and_the_missing_one_is_named():
    token = "2|0a1b2c3d|00112233445566778899aabbccddeeff|1790000000"
    once = token.replace("|", "%7C")

    def scope(cookie: str, header: str) -> dict:
        headers = [(b"cookie", f"a=b; _streamlit_xsrf={cookie}; c=%7C".encode())] if cookie else [(b"cookie", b"a=b")]
        headers += [(b"x-xsrftoken", header.encode())] if header else []
        return {"type": "http", "method": "PUT", "path": "/", "headers": headers}

    for cookie, header in (
        (once, once),
        (token, once),
        (once.replace("%", "%25"), once.lower()),
        (f'"{token}"', token),
    ):
        sent = scope(cookie, header)
        web_server.decode_tokens(sent)
        assert web_server.refusal(sent) == "", (cookie, header)
        assert b"c=%7C" in dict(sent["headers"])[b"cookie"]
    assert "X-Xsrftoken" in web_server.refusal(scope(token, ""))
    assert "_streamlit_xsrf" in web_server.refusal(scope("", token))
    assert "differ" in web_server.refusal(scope(token, token.replace("ff|", "fe|")))


def test_a_timer_skips_a_run_whose_end_is_not_sent_yet(monkeypatch):
    requested: list[ClientState | None] = []
    monkeypatch.setattr(AppSession, "request_rerun", lambda session, state: requested.append(state))
    web_server.delay_timers()
    running, ended = ScriptRequests(), ScriptRequests()
    ended.request_stop()
    timer, click = ClientState(fragment_id="a", is_auto_rerun=True), ClientState(fragment_id="a")
    for runner in (None, SimpleNamespace(_requests=running), SimpleNamespace(_requests=ended)):
        for state in (timer, click, None):
            AppSession.request_rerun(SimpleNamespace(_scriptrunner=runner), state)
    assert requested == [timer, click, None, timer, click, None, click, None]
