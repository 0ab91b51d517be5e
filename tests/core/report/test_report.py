"""The report of a comparison: what it tells, that it is safe and whole, and that its code runs."""

import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt

from core.compression import index_sweep
from core.compression import service as curves
from core.compression.results import COMPRESSION, PARTS
from core.compression.service import LabelQuality, dimension_view
from core.corpus.build import read_corpus
from core.disagreement.results import COMPARISON, ComparisonQuery
from core.disagreement.service import pairwise_similarity
from core.errors import InputError
from core.models.checks import Check
from core.models.registry import load_embedder
from core.report import quality
from core.report.document import Code, Document, Heading, Paragraph, table, to_html, to_markdown
from core.report.facts import gather_facts
from core.report.recommendation import example_blocks
from core.report.reproduce import can_reembed
from core.report.scoreboard import score_table
from core.report.service import report_file
from core.report.svg import Axis, Mark, Series, heat_svg, interval_svg, lines_svg, pareto_svg, percent
from core.scoreboard.examples import ContrastingQueries, Example
from core.scoreboard.results import SCORES, ScoresQuery
from core.scoreboard.service import ScoreboardQuery, board
from core.scoreboard.task_tables import import_tables
from core.scoreboard.types import Task
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Vectors, unit_rows
from core.vectors.contact_report import CONTACT, ContactQuery
from core.vectors.contenders import Contender
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from tests.core.scoreboard.small_corpus import THINGS, bring, imported, texts_of

SPACE = "{http://www.w3.org/2000/svg}"
NASTY = 'Shop <script>alert(1)</script> **bold** [x](http://a.b) | "q" & `code`'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A corpus read from a file, scored with two contenders in two tasks: what is asked, and where the file lies."""
    folder = tmp_path_factory.mktemp("report")
    table = pd.DataFrame({"text": texts_of(), "thing": [*THINGS] * 4})
    table.to_csv(folder / "shop.csv", index=False)
    corpus = read_corpus(folder / "shop.csv", text="{text}", label="thing", name=NASTY)
    workspace = Workspace(folder / "home")
    workspace.save_corpus(corpus)
    spec = embed(corpus, load_embedder("lexical"), workspace).model
    contenders = (Contender(spec), Contender(spec, 32, "binary"))
    asked = ScoreboardQuery(
        CorpusRef(str(folder / "home"), corpus.digest), contenders, Task.of("labels", column="thing"), "precision_at_1"
    )
    for task in (asked.task, Task.of("known_item", generator="typos", sample=20, seed=0)):
        for contender in contenders:
            SCORES.get_or_compute(ScoresQuery(asked.corpus, contender, task))
    return asked, folder


@pytest.fixture(scope="module")
def noisy(made):
    """The same board with vectors that know the thing, with noise, in place of the smaller ones."""
    asked = made[0]
    rows = np.eye(30)[np.arange(40) % 10] * 4 + np.random.default_rng(1).normal(size=(40, 30))
    mine = imported(asked.corpus.folder, asked.corpus.digest, rows, "noisy")
    SCORES.get_or_compute(ScoresQuery(asked.corpus, mine, asked.task))
    return replace(asked, contenders=(asked.contenders[0], mine))


@pytest.fixture(scope="module")
def page(made):
    return report_file(made[0], "html").decode()


class Reader(HTMLParser):
    """The texts of a page, its tags, and what its attributes could fetch."""

    def __init__(self):
        super().__init__()
        self.words, self.tags, self.fetched = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.fetched += [value for name, value in attrs if name in ("src", "href", "xlink:href", "data", "action")]

    def handle_data(self, data):
        self.words.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    return reader, " ".join(" ".join(reader.words).split())


def test_it_tells_all_that_was_compared_and_how(made, page):
    asked = made[0]
    text = read(page)[1]
    found = board(asked).comparison
    for line in found.lines:
        assert f"{line.mean:.3f}" in text
        assert f"{line.low:.3f} to {line.high:.3f}" in text
    for words in (asked.corpus.digest, "seed 0", "40, 40 distinct texts",
                  "lexical baseline · first 32d · binary",
                  "Holm", "P@1", "V-measure", "Also:", "numpy", "Limitations", "shop.csv, CSV"):  # fmt: skip
        assert words in text, words
    assert "points" in text


def test_the_recommendation_comes_first_and_the_code_last(noisy):
    page = report_file(noisy, "html").decode()
    text = read(page)[1]
    order = [text.index(part) for part in ("Recommendation: use noisy", "Certainty:", "Cost:", "Scoreboard", "Examples",
             "Costs and speed", "Limitations", "Appendix: data", "Appendix: code")]  # fmt: skip
    assert order == sorted(order)
    assert page.rstrip().removesuffix("</html>").rstrip().removesuffix("</body>").rstrip().endswith("</code></pre>")
    subtitle = page.split('<p class="subtitle">')[1].split("</p>")[0]
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", subtitle)
    for part in (escape(NASTY), "40 rows", "40 of 40 queries", *(contender.label for contender in noisy.contenders)):
        assert part in subtitle
    assert page.index("<svg") < page.index("<h2>Examples")  # the chart is on the first page


def test_shares_of_resamples_add_up(made):
    facts = gather_facts(made[0])
    lines = facts.boards[0].comparison.lines
    thirds = [replace(line, share_best=share) for line, share in zip((*lines, lines[0]), (1 / 3,) * 3, strict=True)]
    three = replace(facts.boards[0], comparison=replace(facts.boards[0].comparison, lines=tuple(thirds)))
    assert [row[4] for row in score_table(facts, three).rows] == ["34%", "33%", "33%"]


def test_none_is_recommended_that_is_not_better_than_chance(page):
    text = read(page)[1]
    assert "Recommendation: none: no contender is significantly better than chance." in text
    assert "Cost:" not in text


def test_examples_have_texts_and_both_ranks(noisy):
    facts = gather_facts(noisy)
    assert [facts.contenders[at].label for at in (facts.compared.first, facts.compared.second)] == [
        "noisy", "lexical baseline",
    ]  # fmt: skip
    assert facts.examples.first > 0
    text = read(report_file(noisy, "html").decode())[1]
    counts = f"Of 40 queries, only noisy ranks a relevant row first for {facts.examples.first}"
    assert counts in text
    for example in (*facts.examples.first_examples, *facts.examples.second_examples):
        for part in (example.query[:100], example.relevant[:100], example.wrong[:100], f"[{example.label}]"):
            assert part in text
    nasty = Example(NASTY, f"{NASTY} {'long ' * 100}end", (1, 7), NASTY, "a", "b")
    several = ContrastingQueries(1, 0, 40, (nasty,), ())
    blocks = example_blocks(replace(facts, examples=several))
    page = to_html(Document("t", "s", tuple(blocks))).decode()
    assert "<script>" not in page
    assert ">1</td>" in page
    assert ">7</td>" in page
    assert "long end" not in page  # shortened
    assert "There are no such queries." in page


def test_times_are_measured_or_the_reason_is_given(made, page):
    asked = made[0]
    assert "not measured" not in page  # models that run here are measured for the report
    spec = ModelSpec("openai", "text-embedding-3-small", dimensions=12)
    rows = unit_rows(np.random.default_rng(2).normal(size=(40, 12)))
    facts = {"tokens": 800, "truncated": 0, "unseen_share": 0.0}
    Workspace(asked.corpus.folder).save_vectors(Vectors(rows, spec, asked.corpus.digest, facts))
    mine = imported(asked.corpus.folder, asked.corpus.digest, rows + 0.1, "mine")
    paid = Contender(spec)
    for contender in (paid, mine):
        SCORES.get_or_compute(ScoresQuery(asked.corpus, contender, asked.task))
    text = read(report_file(replace(asked, contenders=(asked.contenders[0], paid, mine)), "html").decode())[1]
    assert "speed is not measured, because every request to a paid service costs money." in text
    assert "mine: imported vectors have no model whose speed could be measured." in text
    assert "Price per 1M tokens" in text
    assert "$0.02" in text
    assert "$0.40" in text  # 20 tokens per text: of a million texts


def test_it_fetches_nothing_and_runs_no_script(page):
    reader = read(page)[0]
    assert reader.fetched == []
    assert not reader.tags & {"script", "link", "img", "iframe", "object"}
    assert "default-src 'none'" in page
    addresses = set(re.findall(r"https?://[^\"'\s<]+", page)) - {"http://www.w3.org/2000/svg"}
    assert addresses <= {"http://a.b)"}  # of the corpus' name, as words


def test_names_are_words_never_markup(made, page):
    reader, text = read(page)
    assert NASTY in text
    assert "b" not in reader.tags
    rendered = MarkdownIt("commonmark").enable("table").render(report_file(made[0], "markdown").decode())
    reader, text = read(rendered)
    assert NASTY in text.replace("\u2060", "")
    assert not reader.tags & {"script", "a", "img"}
    assert {"table", "h1", "pre"} <= reader.tags


def test_pictures_are_well_formed_and_place_what_they_show():
    marks = [Mark(f"<b>{i}</b>", x, x - 0.02, x + 0.03, i, cost) for i, (x, cost) in
             enumerate([(0.8, 100.0), (0.6, 1.0), (0.5, None)])]  # fmt: skip
    for svg in (interval_svg(marks, "P@1", 0.55), pareto_svg(marks, "P@1", "price")):
        root = ElementTree.fromstring(svg)
        assert "script" not in svg
        places = [float(dot.get("cx")) for dot in root.iter("{http://www.w3.org/2000/svg}circle")]
        assert places == sorted(places, reverse=True)
        assert len(set(places)) == len(places)
    assert len(re.findall("<circle", pareto_svg(marks, "P@1", "price"))) == 2  # no place without a cost
    assert "chance" in interval_svg(marks, "P@1", 0.55)
    assert "chance" not in interval_svg(marks, "P@1", 0.01)
    assert "nan" not in interval_svg([Mark("a", 1.0, 1.0, 1.0, 0)], "same")
    single = Mark("a", 1.0, float("nan"), float("nan"), 0, 2.0)  # of one query no interval is known
    assert "nan" not in interval_svg([single], "P@1")
    assert "nan" not in pareto_svg([single, marks[0]], "P@1", "price")
    assert "nan" not in pareto_svg([Mark("a", 1.0, 1.0, 1.0, 0, 0.0), Mark("b", 1.0, 1.0, 1.0, 0, 0.0)], "same", "free")


def test_the_code_runs_and_gives_the_same_board(made, page, monkeypatch, capsys):
    asked, folder = made
    monkeypatch.chdir(folder)
    code = report_file(asked, "markdown").decode().split("```python\n")[1].split("\n```")[0]
    assert asked.corpus.folder not in code  # no path of this machine
    exec(compile(code, "again", "exec"), {})  # the code a report shows
    printed = capsys.readouterr().out.splitlines()
    expected = [
        f"{line.mean:.4f} [{line.low:.4f}, {line.high:.4f}] best in {line.share_best:.2f} of resamples "
        f"{next(contender.label for contender in asked.contenders if contender.key == line.name)}"
        for line in board(asked).comparison.lines
    ]
    assert printed == expected
    (folder / "shop.csv").write_text("text,thing\nother,lamp\n")
    with pytest.raises(SystemExit, match="not the rows"):
        exec(compile(code, "again", "exec"), {})


def test_vectors_brought_in_are_taken_from_the_workspace(made, monkeypatch, capsys):
    asked = made[0]
    rows = np.random.default_rng(0).normal(size=(40, 12)) * 3
    mine = imported(asked.corpus.folder, asked.corpus.digest, rows)
    SCORES.get_or_compute(ScoresQuery(asked.corpus, mine, asked.task))
    both = ScoreboardQuery(asked.corpus, (asked.contenders[0], mine), asked.task, asked.metric)
    code = report_file(both, "markdown").decode().split("```python\n")[1].split("\n```")[0]
    monkeypatch.setattr("sys.argv", ["again.py", asked.corpus.folder])
    exec(compile(code, "again", "exec"), {})
    assert f"{board(both).comparison.lines[0].mean:.4f}" in capsys.readouterr().out


def test_what_else_was_measured_is_told(made, page, monkeypatch):
    asked = made[0]
    monkeypatch.setattr(index_sweep, "TIMED_QUERIES", 5)
    monkeypatch.setattr(quality, "SECONDS", np.inf)  # so that a busy machine leaves nothing out
    text = read(page)[1]
    for words in ("Compression:", "chance level", "Embedding diagnostics"):
        assert words not in text
    missing = text.split("Not included")[1]
    assert "open the Disagreement page" in missing
    assert "Diagnostics of lexical baseline and lexical baseline · first 32d · binary" in missing
    assert "Compression of lexical baseline and lexical baseline · first 32d:" in missing  # bits are what is measured
    for part in PARTS:
        query = curves.CompressedContender(asked.corpus, asked.contenders[0]).query(part)
        COMPRESSION.get_or_compute(query)
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(asked.corpus.folder, asked.corpus.digest), asked.contenders[0].model))
    COMPARISON.get_or_compute(ComparisonQuery(asked.corpus, asked.contenders))
    page = report_file(asked, "html").decode()
    text = read(page)[1]
    for words in ("binary, rescored 10x", "Share of a text's 10 nearest neighbors", "Effective dimensions", "elbow",
                  "recall@10", "PCA components", "seed 0"):  # fmt: skip
        assert words in text, words
    missing = text.split("Not included")[1]
    assert "Compression of lexical baseline · first 32d:" in missing
    assert "page" not in missing.split("Compression page")[0]  # nothing else is left
    overlap = pairwise_similarity(ComparisonQuery(asked.corpus, asked.contenders), "overlap", 10)
    assert f"share {overlap.values[0, 1]:.0%} of a text's 10 nearest neighbors." in text
    kept = dimension_view(curves.CompressedContender(asked.corpus, asked.contenders[0]), LabelQuality("thing"))
    markdown = report_file(asked, "markdown").decode()
    for curve in (kept.recall[0], kept.quality[1]):
        assert f"{curve.values[1]:.1%}" in markdown  # what the pictures draw, as numbers
    for picture in re.findall("<svg.*?</svg>", page):
        assert "nan" not in ElementTree.tostring(ElementTree.fromstring(picture)).decode()
    assert page.count("<svg") > 10
    assert read(page)[0].fetched == []


def test_long_work_is_never_begun_for_a_report(made, monkeypatch):
    asked = made[0]
    monkeypatch.setattr(quality, "_measure", lambda *_: pytest.fail("worked out for a download"))
    assert quality.diagnose(asked.corpus, asked.contenders, quality.MAX_ROWS + 1, "") == []
    monkeypatch.setattr(quality, "SECONDS", -1.0)  # its time is over at once
    assert quality.diagnose(asked.corpus, asked.contenders, 40, "") == []


def test_lines_and_cells_are_drawn_where_they_belong():
    line = Series("<i>one</i>", [8, 16, 64], [0.2, 0.5, 0.9], [0.1, 0.4, 0.8], [0.3, 0.6, 1.0], 2)
    svg = lines_svg([line], Axis("size", log=True, ticks=[8, 16, 64]), Axis("kept", percent), 16)
    root = ElementTree.fromstring(svg)
    dots = [(float(each.get("cx")), float(each.get("cy"))) for each in root.iter(f"{SPACE}circle")]
    assert [x for x, _ in dots] == sorted(x for x, _ in dots)
    assert dots[2][0] - dots[1][0] == pytest.approx(2 * (dots[1][0] - dots[0][0]), abs=0.3)  # doublings lie even
    assert [y for _, y in dots] == sorted((y for _, y in dots), reverse=True)  # more is higher
    assert len([each for each in root.iter(f"{SPACE}line") if each.get("stroke-dasharray")]) == 1
    same = Series("flat", [3.0], [1.0], [1.0], [1.0], joined=False)
    assert "nan" not in lines_svg([same], Axis("x"), Axis("y"))
    cells = ElementTree.fromstring(heat_svg(["a", "b"], np.array([[1.0, 0.25], [0.25, np.nan]])))
    colors = [each.get("fill") for each in cells.iter(f"{SPACE}rect")]
    assert colors[0] == "#0072b2"
    assert colors[1] == colors[2]
    assert colors[3] == "#ffffff"


def test_nothing_scored_is_told(made):
    asked = made[0]
    other = ScoreboardQuery(asked.corpus, (Contender(asked.contenders[0].model, 8),), asked.task, asked.metric)
    with pytest.raises(InputError, match="scored"):
        report_file(other, "html")


def test_blocks_are_escaped_in_both_forms():
    given = Document(NASTY, NASTY, (Heading(NASTY), Paragraph(NASTY, "verdict"), table([NASTY], [[NASTY]]),
                                    Code(f"x = {NASTY!r}\n```")))  # fmt: skip
    assert "<script>" not in to_html(given).decode()
    rendered = MarkdownIt("commonmark").enable("table").render(to_markdown(given).decode())
    assert "<script>" not in rendered
    assert "<strong>bold" not in rendered
    assert "<a " not in rendered
    assert rendered.count("<td") == 1


@pytest.mark.parametrize("line", ["- a", "1. a", "2) b", "+ c", "# d", "=== ", "--- ", "> e", "    f"])
def test_a_line_that_looks_like_a_block_is_text(line):
    made = to_markdown(Document("t", "s", (Paragraph(line),))).decode()
    rendered = MarkdownIt("commonmark").render(made).splitlines()
    assert rendered[-1] == f"<p>{line.strip().replace('>', '&gt;')}</p>"
    assert rendered[0] == "<h1>t</h1>"


@pytest.mark.parametrize(("likeness", "metric"), [([4.5, 0, 3], "spearman"), ([1, 0, 1], "average_precision")])
def test_pairs_are_reported_by_the_name_of_their_file(made, likeness, metric):
    asked, _ = made
    texts = texts_of()
    table = pd.DataFrame({"one": texts[:3], "two": texts[3:6], "score": likeness})
    staged = bring(asked.corpus.folder, f"pairs-{metric[:7]}.csv", table.to_csv(index=False))
    (kept,) = import_tables(asked.corpus, (staged,), False)
    task = Task.of("pairs", file=kept.key, first="one", second="two", score="score")
    for contender in asked.contenders:
        SCORES.get_or_compute(ScoresQuery(asked.corpus, contender, task))
    page = report_file(replace(asked, task=task, metric=metric), "markdown").decode()
    assert f"file: pairs-{metric[:7]}.csv" in page
    assert ("Average precision" in page) == (metric == "average_precision")
    assert len([line for line in page.splitlines() if line.startswith("| Pearson |")]) == 1
    assert "sys.argv[1]" in page  # the file is needed: it starts from the workspace


def test_pairs_of_the_corpus_itself_start_from_its_file(made):
    asked, _ = made
    info = Workspace(asked.corpus.folder).info(asked.corpus.digest)
    within, uploaded = Task.of("pairs", first="a", second="b", score="c"), Task.of("pairs", file="ff", first="a")
    assert can_reembed(info, asked.contenders, within)
    assert not can_reembed(info, asked.contenders, uploaded)


def test_failed_checks_and_identical_contenders_are_in_the_report(made):
    asked, _ = made
    workspace, digest, spec = Workspace(asked.corpus.folder), asked.corpus.digest, asked.contenders[0].model
    copy = imported(asked.corpus.folder, digest, np.array(workspace.load_vectors(digest, spec).rows), "copy")
    SCORES.get_or_compute(ScoresQuery(asked.corpus, copy, asked.task))
    query = ContactQuery(asked.corpus, spec)
    before = CONTACT.get(query)
    CONTACT.save(query, replace(before, probe=replace(before.probe, checks=(Check("name", "It ignores the name."),))))
    text = read(report_file(replace(asked, contenders=(asked.contenders[0], copy)), "html").decode())[1]
    CONTACT.save(query, before)
    assert "It ignores the name." in text
    assert f"{spec.label} ⚠" in text
    assert f"{spec.label} and copy gave identical vectors for all 40 texts" in text
