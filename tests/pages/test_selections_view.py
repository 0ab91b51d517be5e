"""The popover of kept selections: keep, show, rename, combine, export, delete, and what it says when it can't."""

import inspect
from pathlib import Path

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from core.corpus.selections import save_selection, saved_selections, selection_rows
from core.store import Workspace
from tests.pages.test_embed_page import visible_text
from tests.waiting import WAIT


def script() -> None:
    """A page with the popover alone; what is selected are the rows of the number field."""
    import streamlit as st

    from core.corpus.selections import save_selection
    from pages.shared import session
    from pages.shared.selections import view

    info = session.workspace().corpora()[0]
    selected = st.number_input("Rows", 0, 100, 0, key="selected")

    def current(name):
        return save_selection(session.workspace(), info.digest, name, range(int(selected)))

    chosen = view.show_selections(info, current if selected else None)
    st.text(f"shown: {chosen.name if chosen else '-'}")


@pytest.fixture
def at(corpus) -> AppTest:
    config.set_option("runner.enforceSerializableSessionState", False)
    # workers read the main script anew, under another name, when they start: only its functions then
    code = f"{inspect.getsource(script)}\nif __name__ == '__main__':\n    script()\n"
    return AppTest.from_string(code, default_timeout=WAIT)


@pytest.fixture
def kept(corpus, home):
    """Low: rows 0 to 39. High: rows 30 to 59, the newest."""
    workspace, digest = Workspace(home), corpus[0].digest
    return [
        save_selection(workspace, digest, name, rows) for name, rows in (("Low", range(40)), ("High", range(30, 60)))
    ]


def names(home, corpus) -> list[str]:
    return [selection.name for selection in saved_selections(Workspace(home), corpus[0].digest)]


def open_part(at, part):
    at.run()
    return at.segmented_control(key="selection_part").set_value(part).run()


def test_without_any_it_says_what_to_do(at):
    at.run()
    assert not at.exception
    assert "No saved selections yet" in visible_text(at)
    assert at.text_input(key="selection_name").disabled
    assert at.button(key="selection_save").disabled


def test_what_is_selected_is_kept_under_its_name(at, home, corpus):
    at.run()
    at.number_input(key="selected").set_value(7).run()
    at.text_input(key="selection_name").set_value("First *seven*")
    at.button(key="selection_save").click().run()
    assert not at.exception, at.exception
    (saved,) = saved_selections(Workspace(home), corpus[0].digest)
    assert (saved.name, saved.rows) == ("First *seven*", 7)
    assert r"\*seven\*\: 7 rows" in at.toast[0].value
    assert at.text_input(key="selection_name").value == ""
    assert at.selectbox(key="selection_chosen").options == ["First *seven* (7)"]


@pytest.mark.parametrize(("name", "message"), [("", "needs a name"), ("low", "already"), ("Again", "already saved")])
def test_what_cannot_be_kept_is_explained(at, kept, home, corpus, name, message):
    at.run()
    at.number_input(key="selected").set_value(40).run()
    at.text_input(key="selection_name").set_value(name)
    at.button(key="selection_save").click().run()
    assert not at.exception
    assert message in at.error[0].value
    assert names(home, corpus) == ["High", "Low"]
    assert at.text_input(key="selection_name").value == name


def test_the_one_asked_for_is_shown_once(at, kept):
    at.run()
    at.selectbox(key="selection_chosen").set_value(kept[0].key).run()
    assert at.text[0].value == "shown: -"
    at.button(key="selection_show").click().run()
    assert at.text[0].value == "shown: Low"
    assert at.run().text[0].value == "shown: -"


def test_a_selection_gets_another_name(at, kept, home, corpus):
    open_part(at, "rename")
    at.text_input(key=f"selection_rename_{kept[1].key}").set_value("low")
    at.button(key="selection_rename_yes").click().run()
    assert "already" in at.error[0].value
    at.text_input(key=f"selection_rename_{kept[1].key}").set_value("Upper")
    at.button(key="selection_rename_yes").click().run()
    assert not at.exception
    assert names(home, corpus) == ["Upper", "Low"]
    assert at.selectbox(key="selection_chosen").value == kept[1].key


def test_a_selection_is_deleted_when_that_is_confirmed(at, kept, home, corpus):
    open_part(at, "delete")
    assert "**High** will be deleted permanently" in visible_text(at)
    assert names(home, corpus) == ["High", "Low"]
    at.button(key="selection_delete_yes").click().run()
    assert not at.exception
    assert names(home, corpus) == ["Low"]
    assert at.selectbox(key="selection_chosen").value == kept[0].key


@pytest.mark.parametrize(
    ("operation", "name", "rows"),
    [
        ("and", "High and Low", range(30, 40)),
        ("or", "High or Low", range(60)),
        ("without", "High without Low", range(40, 60)),
        ("not", "not High", range(30)),
    ],
)
def test_two_are_combined(at, kept, home, corpus, operation, name, rows):
    open_part(at, "combine")
    at.segmented_control(key="selection_operation").set_value(operation).run()
    assert f"Result: {len(rows)} rows of 60" in visible_text(at)
    at.button(key="selection_combine_yes").click().run()
    assert not at.exception, at.exception
    workspace, digest = Workspace(home), corpus[0].digest
    made = saved_selections(workspace, digest)[0]
    assert made.name == name
    assert selection_rows(workspace, digest, made.key).tolist() == list(rows)
    assert at.selectbox(key="selection_chosen").value == made.key


def test_a_result_without_rows_is_not_kept(at, corpus, home):
    workspace = Workspace(home)
    for name, row in (("A", 1), ("B", 2)):
        save_selection(workspace, corpus[0].digest, name, [row])
    open_part(at, "combine")
    assert "The result has no rows" in visible_text(at)
    assert at.button(key="selection_combine_yes").disabled


def test_one_alone_can_only_be_turned_around(at, corpus, home):
    save_selection(Workspace(home), corpus[0].digest, "A", [1])
    open_part(at, "combine")
    assert not at.exception
    assert "needs two selections" in visible_text(at)
    at.segmented_control(key="selection_operation").set_value("not").run()
    assert "Result: 59 rows of 60" in visible_text(at)


def test_files_are_offered(at, kept):
    open_part(at, "export")
    assert not at.exception
    assert [button.label for button in at.get("download_button")] == ["CSV", "Parquet"]
    at.radio(key="selection_export").set_value("columns").run()
    assert not at.exception


def test_a_selection_that_went_meanwhile_is_explained(at, kept, home, corpus):
    open_part(at, "combine")
    for file in Path(home).rglob("rows.npy"):
        if file.parent.parent.name == "selections":
            file.write_bytes(b"")
    at.segmented_control(key="selection_operation").set_value("or").run()
    assert not at.exception
    assert "can't be read" in at.error[0].value.replace("\\", "")
