"""Judgments: nothing that was written is lost, versions never change, and files survive a round trip."""

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
import pytrec_eval

from core.corpus import judgments
from core.corpus.judgment_files import export_judgments, import_judgments, is_binary, read_query_texts
from core.corpus.judgments import Judgment, add_judgments, grade_row, grading_state, load_judgments, undo_judgment
from core.corpus.qrels import FROM_ONE
from core.corpus.staging import stage
from core.errors import InputError, StorageError
from core.store import Workspace
from core.types import Corpus, CorpusRef, Roles

ROWS = 40


@pytest.fixture
def corpus(tmp_path):
    texts = [f"text {row}" for row in range(ROWS)]
    table = pd.DataFrame({"text": texts, "id": [f"d{row}" for row in range(ROWS)], "twice": ["x", "y"] * (ROWS // 2)})
    info = Workspace(tmp_path).save_corpus(Corpus("c", table, texts, Roles("{text}"), "a" * 16))
    return CorpusRef(str(tmp_path), info.digest)


def grades(corpus, version=None):
    return load_judgments(corpus, version).grades()


def test_grades_of_most_annotators_count_and_of_ties_the_latest(corpus):
    votes = [("q", 1, "a", 0), ("q", 1, "b", 2), ("q", 2, "a", 1), ("q", 2, "b", 1), ("q", 2, "c", 2)]
    add_judgments(corpus, [Judgment(query, row, grade, name) for query, row, name, grade in votes])
    before = load_judgments(corpus).version
    assert grades(corpus) == {"q": {1: 2, 2: 1}}
    grade_row(corpus, "  q\n", 1, 1, "b", "ask")
    assert grades(corpus) == {"q": {1: 1, 2: 1}}
    assert grades(corpus, before) == {"q": {1: 2, 2: 1}}
    assert load_judgments(corpus).grades("c") == {"q": {2: 2}}
    assert load_judgments(corpus).annotators() == {"a": 2, "b": 2, "c": 1}


def test_undo_restores_the_grade_before(corpus):
    for grade in (0, 2):
        grade_row(corpus, "q", 3, grade, "a", "search")
    grade_row(corpus, "other", 4, 1, "a", "pool")
    assert undo_judgment(corpus, "a", query="q") == (3,)
    assert grades(corpus) == {"q": {3: 0}, "other": {4: 1}}
    assert undo_judgment(corpus, "a", source="search") == (3,)
    assert undo_judgment(corpus, "a", query="q") == ()
    assert not grading_state(corpus, "q", [3], "a").can_undo
    assert undo_judgment(corpus, "a") == (4,)
    assert grades(corpus) == {}


def test_writers_at_the_same_time_lose_nothing_and_cut_lines_are_skipped(corpus):
    names = [f"annotator {number}" for number in range(6)]

    def write(name):
        for row in range(ROWS):
            grade_row(corpus, "q", row, row % 3, name, "pool")

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(write, names))
    path = judgments._path(corpus)
    with path.open("ab") as file:
        file.write(b'{"query": "q", "row": 1, "gr')
    grade_row(corpus, "q", 0, 2, "late", "pool")
    log = load_judgments(corpus)
    assert log.annotators() == dict.fromkeys(names, ROWS) | {"late": 1}
    assert log.damaged == 1
    with pytest.raises(StorageError):
        load_judgments(corpus, "other-10")


@pytest.mark.parametrize(
    "judgment",
    [Judgment("q", ROWS, 1, "a"), Judgment("q", -1, 1, "a"), Judgment("q", 0, 3, "a"), Judgment("q", 0, 1, " ")],
)
def test_unusable_judgments_are_refused(corpus, judgment):
    with pytest.raises(InputError) as error:
        add_judgments(corpus, [judgment])
    assert error.value.remedy
    assert not load_judgments(corpus).events


def test_state_of_a_grader(corpus):
    grade_row(corpus, "q", 3, 2, "a", "search")
    state = grading_state(corpus, "q", [3, 4], "b")
    assert (state.texts, state.grades, state.can_undo) == (("text 3", "text 4"), {}, False)
    with pytest.raises(InputError):
        grading_state(corpus, " ", [1], "a")


@pytest.mark.parametrize("file_format", ["trec", "beir"])
@pytest.mark.parametrize("column", [FROM_ONE, "id"])
def test_files_of_judgments_survive_a_round_trip(corpus, file_format, column):
    given = {"why\tso": {0: 2, 5: 0, 6: 1}, "où est-ce?": {7: 2}}
    add_judgments(
        corpus, [Judgment(judgments.one_line(q), r, g, "a") for q, rows in given.items() for r, g in rows.items()]
    )
    expected = grades(corpus)
    data = export_judgments(corpus, file_format, column)
    while undo_judgment(corpus, "a"):
        pass
    assert grades(corpus) == {}
    staged = (stage(corpus.folder, "judgments.zip", data),)
    assert not is_binary(corpus.folder, staged)
    imported = import_judgments(corpus, staged, "imported", column)
    assert (imported.judgments, imported.queries, imported.problems) == (4, 2, ())
    assert grades(corpus) == expected
    assert len(undo_judgment(corpus, "imported")) == 4
    assert grades(corpus) == {}


def test_trec_qrels_are_read_by_trec_eval(corpus):
    add_judgments(corpus, [Judgment("q", row, grade, "a") for row, grade in ((0, 2), (1, 0), (2, 1))])
    with zipfile.ZipFile(io.BytesIO(export_judgments(corpus, "trec"))) as archive:
        qrel = pytrec_eval.parse_qrel(io.StringIO(archive.read("qrels.tsv").decode()))
    assert qrel == {"q1": {"1": 2, "2": 0, "3": 1}}


def test_problems_of_an_import_name_file_and_line(corpus):
    qrels = b"query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\tmissing\t1\nq9\td2\t1\n"
    queries = b'{"_id": "q1", "text": "what?"}\n'
    staged = (stage(corpus.folder, "test.tsv", qrels), stage(corpus.folder, "queries.jsonl", queries))
    assert is_binary(corpus.folder, staged)
    imported = import_judgments(corpus, staged, "a", "id", binary=True)
    assert grades(corpus) == {"what?": {1: 2}}
    assert len(imported.problems) == 2
    assert all(part in imported.problems[0] for part in ("test.tsv", "line 3", "missing"))
    assert "line 4" in imported.problems[1]
    for files, column in ((staged, FROM_ONE), (staged[:1], "id"), (staged[1:], "id"), (staged, "nowhere")):
        with pytest.raises(InputError):
            import_judgments(corpus, files, "a", column)
    with pytest.raises(InputError):
        export_judgments(corpus, "trec", "twice")


def test_queries_that_cannot_be_read_name_the_line():
    assert read_query_texts("q.tsv", b"1\tone\n\n2\ttwo  words\n") == {"1": "one", "2": "two words"}
    for data in (b"1\tone\nno tab\n", b'{"_id": 1}\n', b"{broken\n"):
        with pytest.raises(InputError):
            read_query_texts("q.tsv", data)
