"""Names of groups on the Clusters page: edited by hand, and asked of a chat server."""

import pytest
import streamlit as st

from core.clusters.methods import ClusterParams
from core.clusters.names import edited_names
from core.clusters.service import default_clusters, keyword_names
from core.store import Workspace
from core.types import CorpusRef
from tests.chat_server import ChatServer
from tests.waiting import wait_until

PAGE = "pages/explore/clusters.py"
MODEL = "Use a language model"
KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def server():
    made = ChatServer()
    yield made
    made.close()


def open_names(app, **fields):
    """The page with the dialog open. A test's run draws the whole page, so that the dialog must be opened each time."""
    at = app.run().switch_page(PAGE).run()
    assert not at.exception, at.exception
    for key, value in fields.items():
        at.session_state[key] = value
    return again(at)


def again(at, *buttons):
    """The dialog drawn anew, with buttons of it pressed."""
    for key in ("naming", *buttons):
        at.button(key=key).click()
    at.run()
    assert not at.exception, at.exception
    return at


def words(at) -> str:
    shown = [*at.markdown, *at.caption, *at.info, *at.error, *at.warning, *at.title, *at.subheader, *at.text]
    return "\n".join(str(element.value) for element in shown)


def given(home, corpus) -> dict[int, str]:
    info, model = corpus
    return edited_names(Workspace(home), info.digest, model, ClusterParams())


def test_names_are_edited_by_hand(corpus, app, home, monkeypatch):
    info, model = corpus
    typed = {0: "Mine"}

    def data_editor(table, **_):
        return table.assign(name=[typed.get(label, name) for label, name in table["name"].items()])

    monkeypatch.setattr(st, "data_editor", data_editor)
    at = open_names(app)
    own = keyword_names(CorpusRef(str(home), info.digest), model, ClusterParams())
    assert at.button(key="names_reset").disabled
    again(at, "names_save")
    assert given(home, corpus) == {0: "Mine"}
    assert default_clusters(CorpusRef(str(home), info.digest), model).names == ("Mine", *own[1:])
    assert "Mine" in words(at)

    typed[1] = "mine"
    again(again(at), "names_save")
    assert "Clusters 1 and 2 have the same name" in words(at).replace("\\", "")
    assert given(home, corpus) == {0: "Mine"}

    typed.clear()
    again(again(at), "names_reset")
    assert given(home, corpus) == {}
    assert default_clusters(CorpusRef(str(home), info.digest), model).names == own


def test_a_chat_server_names_the_groups(corpus, app, home, server):
    at = open_names(app, naming_mode=MODEL)
    assert "OpenAI needs an API key" in words(at)
    assert at.button(key="naming_start").disabled

    at.session_state["chat_url"] = "not an address"
    again(at)
    assert "must be an http or https URL" in words(at).replace("\\", "")

    at.session_state["chat_url"] = server.url
    again(at)
    at.text_input(key=f"chat_model-{server.place}").set_value("small")
    at.text_input(key=f"chat_key-{server.place}").set_value(KEY)
    again(at)
    told = words(at).replace("\\", "")
    assert "5 representative texts" in told
    assert f"the server at {server.place}" in told
    assert "in your own network" in told
    assert "input tokens" in told
    assert "My " in told  # what is sent of the first group
    assert not server.bodies
    again(at, "naming_start")

    groups = len(keyword_names(CorpusRef(str(home), corpus[0].digest), corpus[1], ClusterParams()))
    wait_until(lambda: len(given(home, corpus)) >= groups, lambda: words(at))
    assert server.bodies[0]["model"] == "small"
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert not [path for path in home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    at.run()
    assert "About My" in words(at)


def test_what_leaves_this_machine_is_agreed_to_first(corpus, app):
    at = open_names(app, naming_mode=MODEL, **{"api_key-OPENAI_API_KEY": KEY})
    assert at.button(key="naming_start").disabled
    assert "The data leaves this machine" in words(at)
    agree = next(box for box in at.checkbox if box.label.startswith("I agree"))
    agree.check()
    again(at)
    assert not at.button(key="naming_start").disabled
