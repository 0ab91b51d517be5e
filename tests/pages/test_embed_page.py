"""The Embed page: what a model will take, starting it, and the reasons it can't run."""

import pytest

from core.models.openai_embedder import PROBE_TEXT
from core.store import Workspace
from tests.embedding_server import DIMENSIONS, EmbeddingServer
from tests.waiting import wait_until

PAGE = "pages/data/embed.py"


def open_page(app):
    return app.run().switch_page(PAGE).run()


def visible_text(at) -> str:
    elements = [*at.markdown, *at.caption, *at.info, *at.error, *at.warning, *at.title, *at.subheader]
    return "\n".join(str(element.value) for element in elements)


def test_without_a_corpus_it_says_what_to_do(app):
    at = open_page(app)
    assert not at.exception
    assert "no corpus" in visible_text(at)


def test_an_embedded_model_is_shown_with_its_facts(corpus, app):
    at = open_page(app)
    assert not at.exception, at.exception
    assert "Embedded" in visible_text(at)
    table = at.dataframe[-1].value
    assert table["Model"].tolist() == ["lexical baseline"]
    assert table["Dimensions"].tolist() == [384]


def test_starting_a_model_embeds_the_corpus(corpus, app, home):
    info, _ = corpus
    at = open_page(app)
    static = next(option for option in at.multiselect(key="models").options if "static" in option)
    at.multiselect(key="models").set_value([]).run()
    at.multiselect(key="models").select(static).run()
    assert not at.exception
    next(button for button in at.button if button.label == "Start").click().run()
    wait_until(lambda: len(Workspace(home).models(info.digest)) >= 2, lambda: visible_text(at))


def test_openai_without_a_key_asks_for_one(corpus, app):
    at = open_page(app)
    openai = next(option for option in at.multiselect(key="models").options if "3-small" in option)
    at.multiselect(key="models").set_value([]).run()
    at.multiselect(key="models").select(openai).run()
    assert not at.exception
    assert "API key" in visible_text(at)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "fields"), [("Sentence transformer", {"add_name": "no-such/model"})])
def test_a_model_that_does_not_exist_is_refused_with_a_reason(corpus, app, kind, fields):
    at = open_page(app)
    for key, value in fields.items():
        at.text_input(key=key).set_value(value)
    next(button for button in at.button if button.label == "Add").click().run()
    assert not at.exception
    assert at.error
    assert "Traceback" not in visible_text(at)


def test_a_prepared_file_stays_on_offer_for_what_it_was_prepared(corpus, app):
    at = open_page(app)
    at.button(key="export_prepare").click().run()
    assert not at.exception
    assert at.get("download_button")
    at.run()
    assert at.get("download_button")
    at.selectbox(key="export_format").set_value("npy").run()
    assert not at.get("download_button")
    at.selectbox(key="export_format").set_value("parquet").run()
    assert at.get("download_button")


def add_server(app, url: str, name: str = "letters"):
    at = open_page(app)
    at.segmented_control(key="add_kind").set_value("OpenAI-compatible server").run()
    at.text_input(key="add_url").set_value(url)
    at.text_input(key="add_server_model").set_value(name)
    next(button for button in at.button if button.label == "Add").click().run()
    assert not at.exception
    return at


def test_a_server_is_asked_once_when_it_is_added_and_one_that_is_not_there_is_refused(corpus, app):
    server = EmbeddingServer()
    at = add_server(app, server.url)
    assert not at.error
    assert f"letters · {DIMENSIONS}d" in at.multiselect(key="models").options
    assert server.asked[PROBE_TEXT] == 1
    server.close()
    at = add_server(app, server.url, "other")
    assert at.error
    assert not any("other" in option for option in at.multiselect(key="models").options)
