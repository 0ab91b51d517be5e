"""The Embed page: what a model will take, starting it, and the reasons it can't run."""

import shutil

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.models.base import ServerState
from core.models.minilm import model_folder
from core.models.openai_embedder import PROBE_TEXT
from core.models.registry import find_spec, load_embedder, resolve
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles
from core.vectors.cache import VectorCache
from core.vectors.contact_report import contact_state
from core.vectors.embedding import collect_vectors, embed, embed_with_server, plan_batches
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
    assert table["Checks"].tolist() == ["passed"]


def test_starting_a_model_embeds_the_corpus(corpus, app, home):
    info, _ = corpus
    at = open_page(app)
    static = next(option for option in at.multiselect(key="models").options if "static" in option)
    at.multiselect(key="models").set_value([]).run()
    at.multiselect(key="models").select(static).run()
    assert not at.exception
    next(button for button in at.button if button.label == "Start").click().run()
    wait_until(lambda: len(Workspace(home).models(info.digest)) >= 2, lambda: visible_text(at))


def test_a_multilingual_model_is_suggested_for_chinese_texts_and_added_by_a_click(home, app):
    texts = [f"我的订单 {number} 还没有到，请帮我查一下。" for number in range(12)] + ["The lamp works well today."] * 8
    table = pd.DataFrame({"text": texts})
    Workspace(home).save_corpus(build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="two").corpus)
    at = open_page(app)
    assert not at.exception
    (button,) = [button for button in at.button if str(button.key).startswith("suggest-")]
    button.click().run()
    assert not at.exception
    spec = find_spec("multilingual-e5-small")
    assert spec.key in at.multiselect(key="models").value
    assert not [button for button in at.button if str(button.key).startswith("suggest-")]


def test_openai_without_a_key_asks_for_one(corpus, app):
    at = open_page(app)
    openai = next(option for option in at.multiselect(key="models").options if "3-small" in option)
    at.multiselect(key="models").set_value([]).run()
    at.multiselect(key="models").select(openai).run()
    assert not at.exception
    assert "API key" in visible_text(at)
    plan = at.dataframe[0].value
    assert plan["To embed"].tolist() == [60]
    assert "$" in plan["Price"][0]  # before a key is entered
    assert at.button(key="embed_start").disabled
    assert not [field for field in at.number_input if "limit" in field.key]


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


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/v1", "http://no-such-host.invalid/v1", "localhost:8000", "ftp://a"]
)
def test_a_wrong_address_is_refused(corpus, app, address):
    at = add_server(app, address)
    assert at.error
    assert "planisphere.added_models" not in at.session_state
    assert "cached" not in visible_text(at)


@pytest.mark.slow
def test_a_folder_is_added_by_loading_it(corpus, app):
    at = open_page(app)
    at.text_input(key="add_name").set_value(str(model_folder()))
    next(button for button in at.button if button.label == "Add").click().run()
    assert not at.exception
    assert not at.error
    assert len(at.multiselect(key="models").value) == 2


def embed_with(server, home, info):
    """The corpus embedded with a server's model: its spec."""
    spec = resolve(ModelSpec("openai", "letters", base_url=server.url))
    return embed(Workspace(home).load_corpus(info.digest), load_embedder(spec), Workspace(home)).model


def test_failed_checks_are_shown(corpus, app, home):
    server = EmbeddingServer()  # takes any name
    spec = embed_with(server, home, corpus[0])
    server.close()
    at = open_page(app)
    assert not at.exception
    assert any("letters" in warning.value and "name" in warning.value for warning in at.warning)
    table = at.dataframe[-1].value.set_index("Model")["Checks"]
    assert table[spec.label].endswith("failed")


def test_a_model_that_changed_can_be_added_as_a_new_one(corpus, app, home):
    server = EmbeddingServer()
    spec = embed_with(server, home, corpus[0])
    VectorCache.of(home, spec).set_facts(changed=1.8e9)
    at = open_page(app)
    assert any("2027-01-15" in error.value for error in at.error)
    at.button(key=f"new_version-{spec.key}").click().run()
    assert not at.exception
    assert any("version 2" in option for option in at.multiselect(key="models").options)
    assert len(at.multiselect(key="models").value) == 2
    server.close()


def test_a_model_of_an_earlier_version_is_checked_by_a_button(corpus, app, home):
    info, spec = corpus
    shutil.rmtree(home / "corpora" / info.digest / "contact")
    VectorCache.of(home, spec).path.unlink()
    at = open_page(app)
    assert at.dataframe[-1].value["Checks"].tolist() == ["not checked"]
    next(button for button in at.button if button.label == "Check models").click().run()
    assert not at.exception
    wait_until(lambda: contact_state(CorpusRef(str(home), info.digest), spec).summary == "passed")


REFUSED_ROWS = (4, 17)


@pytest.fixture
def failed(corpus, home):
    """A server that refuses two texts of the corpus, and its model, whose job has run."""
    info, _ = corpus
    texts = Workspace(home).load_corpus(info.digest).texts
    server = EmbeddingServer(refused=[texts[row] for row in REFUSED_ROWS])
    spec = ModelSpec("openai", "letters", base_url=server.url, dimensions=DIMENSIONS, probed=True)
    ref = CorpusRef(str(home), info.digest)
    positions = np.concatenate(plan_batches(ref, spec, None)[0])
    refused = embed_with_server(ref, spec, None, positions, ServerState()).refused
    assert collect_vectors(ref, spec, None, 58, 0.0, refused) == "58 of 60 rows embedded"
    yield info, spec, server
    server.close()


def test_failed_rows_are_listed_with_what_can_be_done(failed, app):
    _, spec, _ = failed
    at = open_page(app)
    assert not at.exception, at.exception
    assert "58 of 60 rows" in visible_text(at)
    table = next(frame.value for frame in at.dataframe if "Message" in frame.value)
    assert table["Row"].tolist() == [row + 1 for row in REFUSED_ROWS]
    assert table["Message"].str.contains("out of order").all()
    key = spec.key
    assert at.button(key=f"failed_retry_{key}").label == "Retry"
    assert any(button.proto.id.endswith(f"failed_csv_{key}") for button in at.get("download_button"))
    at.switch_page("pages/compare/scoreboard.py").run()  # where models are selected
    assert "58 of 60 rows" in visible_text(at)


def test_leaving_out_failed_rows_opens_a_corpus_that_costs_nothing(failed, app, home):
    info, spec, server = failed
    at, asked = open_page(app), sum(server.asked.values())
    at.button(key=f"failed_out_{spec.key}").click().run()
    assert not at.exception, at.exception
    copy = next(corpus for corpus in Workspace(home).corpora() if corpus.digest != info.digest)
    assert (copy.rows, at.session_state["corpus"]) == (58, copy.digest)
    assert "58 of 60 rows" in copy.name
    wait_until(lambda: Workspace(home).load_vectors(copy.digest, spec), lambda: visible_text(at))
    assert sum(server.asked.values()) == asked


def test_a_retry_embeds_the_failed_rows(failed, app, home):
    info, spec, server = failed
    at = open_page(app)
    server.refused = []
    at.button(key=f"failed_retry_{spec.key}").click().run()
    wait_until(lambda: Workspace(home).load_vectors(info.digest, spec), lambda: visible_text(at))
    at.run()
    assert not at.exception, at.exception
    assert "58 of 60 rows" not in visible_text(at)


def test_a_server_that_visitors_may_not_name_is_refused(corpus, app, monkeypatch):
    monkeypatch.setenv("PLANISPHERE_SERVERS", "https://llm.example.com/v1, 10.0.0.5:8000")
    server = EmbeddingServer()
    at = add_server(app, server.url)
    assert "PLANISPHERE" in visible_text(at)
    assert not any("letters" in option for option in at.multiselect(key="models").options)
    assert not server.asked
    server.close()
