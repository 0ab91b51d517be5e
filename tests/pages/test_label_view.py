"""The Label view: creating a column, labeling by buttons, undo, groups, the audit sample, and what is refused."""

import pytest

from core.classify.label_answers import Answer, record
from core.classify.label_state import audit_order, labeled_rows
from core.corpus.annotations import column_version, label_columns, read_log
from core.corpus.codebook import Codebook, LabelDefinition, column_folder, create_column, load_codebook
from core.corpus.selections import save_selection
from core.store import Workspace
from pages.shared.classify.label_settings import ONE, SIMILAR
from pages.shared.classify.label_setup import COLUMN, SELECTION
from tests.pages.classify_steps import fine, make, open_page
from tests.pages.conftest import SUBJECTS

LABELS = tuple(LabelDefinition(name, f"about a {name}") for name in SUBJECTS)


def keys(at, prefix):
    """Keys of the buttons that begin so, in the order they are drawn."""
    return [button.key for button in at.button if str(button.key).startswith(prefix)]


def shown_row(at) -> int:
    return int(keys(at, "label_skip-")[0].partition("-")[2])


def press(at, number):
    row = shown_row(at)
    assert not at.button(key=f"label_{row}-{number}").disabled
    at.button(key=f"label_{row}-{number}").click().run()
    return row


def edit(at):
    return next(area for area in at.text_area if area.key.startswith("label_edit-"))


def log(corpus, column="topic"):
    return read_log(corpus.folder, corpus.digest, column, column_version(corpus, column))


@pytest.fixture
def corpus(home):
    corpus = make(home)
    create_column(corpus, Codebook("topic", LABELS))
    return corpus


def test_a_column_is_created_and_rows_are_labeled_skipped_and_undone(home, app):
    corpus = make(home)
    at = open_page(app, "Label")
    assert "New label column" in fine(at)
    at.text_input(key="label_new_name").set_value("topic")
    at.text_input(key="label_annotator").set_value("Ann")
    at.text_area(key="label_new_labels").set_value("lamp: about lamps\nteapot\nother")
    at.button(key="label_create").click().run()
    assert load_codebook(corpus, "topic").names == ("lamp", "teapot", "other")
    assert "0 of 90 rows labeled" in " ".join([fine(at), *(bar.text for bar in at.get("progress"))])
    first = press(at, 2)
    assert log(corpus).labels()[first] == "teapot"
    second = shown_row(at)
    assert second != first
    at.text_input(key=f"label_comment-{second}").set_value("not sure").run()
    assert press(at, 1) == second
    third = shown_row(at)
    at.button(key=f"label_skip-{third}").click().run()
    fourth = shown_row(at)
    events = log(corpus).events
    assert [(event.row, event.annotator) for event in events[:1]] == [(first, "Ann")]
    assert [event.comment for event in events if event.row == second] == ["not sure"]
    assert events[-1].skipped
    at.button(key="label_undo").click().run()
    assert shown_row(at) == third
    at.button(key="label_undo").click().run()
    assert shown_row(at) == second
    assert list(log(corpus).labels()) == [first]
    assert fourth not in log(corpus).labels()


def test_the_fifth_row_is_of_the_audit_sample_and_suggestions_follow_the_labels(corpus, app):
    held_out = audit_order(corpus, load_codebook(corpus, "topic"), 90)
    rows = [row for row in range(90) if row not in held_out and row % 30 < 10]  # of two subjects
    for row in (*rows[:2], *rows[-2:]):
        record(corpus, "topic", Answer("Ann", (row,), SUBJECTS[row % 30 // 5], copies=False))
    at = open_page(app, "Label")
    assert at.text_input(key="label_annotator").value == "Ann"
    assert "audit sample: drawn" in fine(at)
    assert not any("%" in at.button(key=key).label for key in keys(at, f"label_{shown_row(at)}-"))
    row = press(at, 1)
    assert labeled_rows(corpus, "topic", column_version(corpus, "topic")).audit.tolist() == [row]
    assert "audit sample: drawn" not in fine(at)
    assert "trained on" in fine(at)
    assert any("%" in at.button(key=key).label for key in keys(at, f"label_{shown_row(at)}-"))


def test_similar_rows_are_labeled_together_but_for_those_that_were_cleared(corpus, app):
    at = open_page(app, "Label")
    at.segmented_control(key="label_mode").set_value(SIMILAR).run()
    rows = [int(key.partition("-")[2]) for key in keys(at, "label_check-")]
    assert len(rows) > 2
    at.button(key=f"label_check-{rows[1]}").click().run()
    at.button(key=f"label_group_{rows[0]}-3").click().run()
    assert log(corpus).labels() == dict.fromkeys([rows[0], *rows[2:]], SUBJECTS[2])
    at.button(key="label_undo").click().run()
    assert log(corpus).labels() == {}
    at.segmented_control(key="label_mode").set_value(ONE).run()
    assert keys(at, "label_skip-")


def test_a_column_and_a_selection_are_starts(home, app):
    corpus = make(home, {"subject": [name if i % 2 else None for i, name in enumerate(list(SUBJECTS) * 15)]})
    save_selection(Workspace(corpus.folder), corpus.digest, "some rows", range(6))
    at = open_page(app, "Label")
    at.text_input(key="label_new_name").set_value("topic")
    at.segmented_control(key="label_start").set_value(COLUMN).run()
    assert at.selectbox(key="label_source").value == "subject"
    at.button(key="label_create").click().run()
    assert len(log(corpus).labels()) == 45
    assert "trained on" in fine(at)
    at.selectbox(key="label_column").set_value("").run()
    at.text_input(key="label_new_name").set_value("mood")
    at.segmented_control(key="label_start").set_value(SELECTION).run()
    at.text_area(key="label_new_labels").set_value("good\nbad").run()
    at.text_input(key="label_selection_label").set_value("good").run()
    at.button(key="label_create").click().run()
    assert log(corpus, "mood").labels() == dict.fromkeys(range(6), "good")


@pytest.mark.parametrize(("name", "labels"), [("subject", "a\nb"), ("", "a\nb"), ("topic", "a"), ("topic", "a\nA")])
def test_what_cannot_be_created_is_explained(home, app, name, labels):
    corpus = make(home)
    at = open_page(app, "Label")
    at.text_input(key="label_new_name").set_value(name)
    at.text_area(key="label_new_labels").set_value(labels)
    at.button(key="label_create").click().run()
    assert not at.exception
    assert len(at.error) == 1
    assert label_columns(corpus.folder, corpus.digest) == ()


def test_a_scheme_may_have_more_labels_than_zero_shot_classification(home, app):
    corpus = make(home)
    at = open_page(app, "Label")
    at.text_input(key="label_new_name").set_value("topic")
    at.text_area(key="label_new_labels").set_value("\n".join(f"label {n}" for n in range(150)))
    at.button(key="label_create").click().run()
    assert not at.error
    assert len(load_codebook(corpus, "topic").names) == 150


def test_two_annotators_are_compared(corpus, app):
    for annotator, shift in (("Ann", 0), ("Bob", 1)):
        for row in range(8):
            label = SUBJECTS[(row + shift * (row == 3)) % 6]
            record(corpus, "topic", Answer(annotator, (row,), label, copies=False))
    at = open_page(app, "Label")
    at.toggle(key="label_agreement").set_value(True).run()
    text = fine(at)
    assert "Krippendorff's alpha" in text
    assert "1 disagreement" in text
    tables = [frame.value for frame in at.dataframe]
    assert tables[0]["rows"].tolist() == [8]
    assert tables[1]["Row"].tolist() == [4]


def test_more_labels_than_keys_are_in_a_list_and_damaged_lines_are_reported(home, app):
    corpus = make(home)
    create_column(corpus, Codebook("topic", tuple(LabelDefinition(f"*label* {n}") for n in range(12))))
    with (column_folder(corpus.folder, corpus.digest, "topic") / "events.jsonl").open("wb") as file:
        file.write(b'{"row": 1, "lab')
    at = open_page(app, "Label")
    row = shown_row(at)
    assert len(keys(at, f"label_{row}-")) == 9
    at.selectbox(key=f"label_other-{row}").set_value("*label* 11").run()
    assert log(corpus).labels() == {row: "*label* 11"}
    assert any("1 line" in str(warning.value) for warning in at.warning)


def test_labels_can_be_added_but_not_removed_while_rows_have_them(corpus, app):
    record(corpus, "topic", Answer("Ann", (1,), "lamp"))
    at = open_page(app, "Label")
    edit(at).set_value("lamp: changed\nnew").run()
    at.button(key="label_edit_save").click().run()
    assert load_codebook(corpus, "topic").names == ("lamp", "new")
    edit(at).set_value("new\nother").run()
    at.button(key="label_edit_save").click().run()
    assert len(at.error) == 1
    assert load_codebook(corpus, "topic").names == ("lamp", "new")
    at.text_input(key="label_rename_new-topic").set_value("light").run()
    at.button(key="label_rename").click().run()
    assert load_codebook(corpus, "topic").names == ("light", "new")
    assert log(corpus).labels() == {1: "light"}
    at.checkbox(key="label_delete_confirm topic").set_value(True).run()
    at.button(key="label_delete").click().run()
    assert label_columns(corpus.folder, corpus.digest) == ()
    assert "New label column" in fine(at)
