"""Each tool on a small workspace: what it returns, its bounds, and what it refuses."""

from pathlib import Path

import anyio
import numpy as np
import pandas as pd
import pytest
from mcp import Client

from core.corpus.selections import save_selection, selection_rows
from core.errors import InputError
from core.mcp.access import Access, read_keys
from core.mcp.rows import MAX_CHARACTERS, read_rows
from core.mcp.server import INSTRUCTIONS, READING, WRITING, build_server
from core.secret import Keys, Secret
from core.store import Workspace
from core.types import Corpus, ModelSpec, Roles, Vectors, unit_rows

LATE = {"column": "text", "kind": "contains", "text": "LATE"}
WRITE = {"allow_write": True}
LATE_ROWS = list(range(0, 60, 5))


def test_every_tool_is_typed_and_documented(shop):
    async def connect():
        async with Client(build_server(Access(Workspace(shop)))) as client:
            return (await client.list_tools()).tools, client.instructions

    tools, instructions = anyio.run(connect)
    assert [tool.name for tool in tools] == [*READING, *WRITING]
    assert instructions.startswith(INSTRUCTIONS)
    for tool in tools:
        assert tool.description
        assert tool.output_schema
        assert tool.input_schema["additionalProperties"] is False
        assert tool.annotations.read_only_hint == (tool.name in READING)
        described = tool.input_schema["properties"].values()
        assert all("description" in parameter for parameter in described), tool.name


def test_every_tool_is_in_the_documentation():
    text = (Path(__file__).parents[3] / "docs" / "agents.md").read_text(encoding="utf-8")
    assert not [name for name in (*READING, *WRITING) if f"`{name}`" not in text]


def test_corpora_and_their_columns(call, read):
    listed = call("list_corpora").structured_content
    assert [(one["name"], one["rows"], one["models"]) for one in listed["corpora"]] == [
        ("Little shop", 60, ["lexical baseline"])
    ]
    described = read("describe_corpus")
    columns = {column["name"]: column for column in described["columns"]}
    assert columns["subject"]["values"][0] == {"value": "parcel", "rows": 10}
    assert columns["text"]["values"] == []  # each once
    assert (columns["stars"]["low"], columns["stars"]["high"]) == (1, 5)
    assert described["labels"] == ["subject"]
    assert not described["models"][0]["is_hosted"]


def test_search_by_keywords_pattern_meaning_and_examples(read):
    by_words = read("search", query="late", mode="keyword", limit=3)
    assert (by_words["matching"], by_words["total"], len(by_words["hits"])) == (12, 60, 3)
    assert by_words["hits"][0]["cosine"] is None
    assert read("search", query="^My lamp", mode="regex")["matching"] == 10
    filters = [{"column": "subject", "kind": "values", "values": ["lamp"]}]
    by_meaning = read("search", query="arrived late", filters=filters, limit=2)
    assert [hit["row_id"] for hit in by_meaning["hits"]] in ([5, 35], [35, 5])
    assert by_meaning["searched"] == 10
    assert by_meaning["index_recall"] == 1
    near = read("neighbors", row_id=5, limit=5, columns=["stars"])["hits"]
    assert near[0]["row_id"] == 35
    assert [hit["values"].keys() for hit in near] == [{"stars"}] * 5
    assert read("search", like=[5], limit=5)["hits"][0]["row_id"] == 35


def test_select_by_conditions_in_pages(read, folder):
    info = Workspace(folder).corpora()[0]
    save_selection(Workspace(folder), info.digest, "Late", LATE_ROWS)
    for rows in ({"filters": [LATE]}, {"selection": "late"}, {"filters": [{"column": "Late", "kind": "rows"}]}):
        page = read("select", rows=rows, limit=5, offset=5)
        assert (page["total"], page["corpus_rows"]) == (12, 60)
        assert [row["row_id"] for row in page["rows"]] == LATE_ROWS[5:10]
        assert "offset 10" in page["note"]
    both = {"row_ids": [55, 1, 0], "selection": "Late", "filters": [{"column": "stars", "kind": "range", "high": 1}]}
    assert [row["row_id"] for row in read("select", rows=both)["rows"]] == [55, 0]
    cut = read("select", rows={"row_ids": [0]}, max_characters=20)["rows"][0]
    assert (len(cut["text"]), cut["is_cut"]) == (20, True)
    assert read("list_selections")["selections"][0]["rows"] == 12


def test_clusters_outliers_and_duplicates(read):
    listed = read("clusters", limit=2)
    assert (len(listed["clusters"]), listed["clusters"][0]["number"]) == (2, 1)
    assert listed["total"] > 2
    one = read("cluster", number=1)
    assert one["rows"] == listed["clusters"][0]["rows"] == read("select", rows={"cluster": 1})["total"]
    assert one["representative"]
    unusual = read("outliers", limit=3)["outliers"]
    assert [one["percentile"] for one in unusual] == sorted((one["percentile"] for one in unusual), reverse=True)
    alike = read("duplicates", threshold=0.8, limit=2)
    assert len(alike["groups"]) == 2
    assert alike["groups"][0]["rows"] == len(alike["groups"][0]["row_ids"])
    assert alike["redundant"] == alike["rows_in_groups"] - alike["total"]
    assert read("duplicates", similarity="exact")["copies"] == 0


def test_comparison_and_verdict_are_the_stored_ones(read):
    compared = read("compare_models")
    first, second = compared["lines"]
    assert (first["contender"], second["contender"]) == ("lexical baseline", "lexical baseline · float16")
    assert first["low"] < first["score"] < first["high"]
    assert (first["is_best"], second["is_best"]) == (True, False)
    (pair,) = compared["pairs"]
    assert pair["is_significant"]
    assert pair["difference"] == pytest.approx(0.1)
    assert compared["queries"] == compared["total"] == 60
    said = read("verdict", task=compared["task"]["id"], metric="map_at_r")
    assert "lexical baseline" in said["verdict"]
    assert "60" in said["task"]


def test_selections_and_exports_are_written_where_allowed(read, refused, folder):
    workspace = Workspace(folder)
    saved = read("save_selection", WRITE, name="Late", rows={"filters": [LATE]})
    assert selection_rows(workspace, workspace.corpora()[0].digest, saved["key"]).tolist() == LATE_ROWS
    for form, reader in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        written = read("export", WRITE, name="late", format=form, rows={"selection": "Late"})
        assert written["path"] == str(folder / "exports" / f"late.{form}")
        table = reader(written["path"])
        assert table["row_id"].tolist() == LATE_ROWS
        assert (
            table["subject"].tolist() == workspace.load_corpus(saved_digest(workspace)).table["subject"][::5].tolist()
        )
        assert (folder / "exports" / f"late.{form}").stat().st_mode & 0o077 == 0
    assert "exists" in refused("export", WRITE, name="late.csv")
    for name in ("../late", "a/b", ".late", "", "x" * 81):
        refused("export", WRITE, name=name)
    refused("save_selection", WRITE, name="All", rows={})


def saved_digest(workspace: Workspace) -> str:
    return workspace.corpora()[0].digest


def test_a_server_that_only_reads_writes_no_selection_and_no_file(refused, folder):
    before = sorted(path.relative_to(folder) for path in folder.rglob("*") if "selections" in path.parts)
    assert "--allow-write" in refused("save_selection", name="Late", rows={"filters": [LATE]})
    assert "--allow-write" in refused("export", name="late")
    assert not (folder / "exports").exists()
    assert before == sorted(path.relative_to(folder) for path in folder.rglob("*") if "selections" in path.parts)


@pytest.mark.parametrize(
    ("tool", "arguments", "expected"),
    [
        ("describe_corpus", {"corpus": "Other"}, "Little shop"),
        ("search", {"query": "late", "model": "no-model"}, "lexical baseline"),
        ("search", {"query": "(", "mode": "regex"}, "pattern"),
        ("search", {"query": ""}, "query"),
        ("search", {"query": "x", "filter": []}, "filter"),
        ("search", {"query": "x", "limit": 1_000}, "limit"),
        ("neighbors", {"row_id": 60}, "0 to 59"),
        ("select", {"rows": {"row_ids": [-1]}}, "0 to 59"),
        ("select", {"rows": {"cluster": 99}}, "clusters 1 to"),
        ("select", {"rows": {"selection": "none"}}, "selection"),
        ("select", {"rows": {"filters": [{"column": "stars", "kind": "values", "value": [1]}]}}, "value"),
        ("select", {"rows": {"filters": [{"column": "stars", "kind": "values"}]}}, "values"),
        ("select", {"columns": ["price"]}, "subject"),
        ("cluster", {"number": 99}, "99"),
        ("compare_models", {"task": "none"}, "Tasks"),
        ("verdict", {"metric": "spearman"}, "map_at_r"),
    ],
)
def test_bad_arguments_are_errors_that_say_what_to_use(refused, tool, arguments, expected):
    assert expected in refused(tool, **arguments)


def test_hosted_models_get_no_query_without_consent(read, refused, folder):
    workspace = Workspace(folder)
    server = ModelSpec("openai", "some-model", dimensions=16, base_url="https://llm.example.com/v1")
    rows = unit_rows(np.random.default_rng(0).normal(size=(60, 16)))
    for spec in (server, ModelSpec("openai", "text-embedding-3-small", dimensions=16)):
        workspace.save_vectors(Vectors(rows, spec, saved_digest(workspace)))
        for mode in ("semantic", "hybrid"):
            assert "--allow-paid" in refused("search", query="late", mode=mode, model=spec.label)
        assert read("search", query="late", mode="keyword", model=spec.label)["hits"]
        assert read("neighbors", row_id=0, model=spec.label)["hits"]


def test_a_key_goes_to_its_own_service_alone(tmp_path):
    path = tmp_path / "keys"
    path.write_text("sk-1\nhttps://llm.example.com/v1 key-2\n")
    access = Access(Workspace(tmp_path), allow_paid=True, keys=read_keys(str(path)))
    of = {
        url: access.secret(ModelSpec("openai", "m", base_url=url))
        for url in ("", "https://llm.example.com/v1", "https://other.example.com/v1")
    }
    assert [key and key.reveal() for key in of.values()] == ["sk-1", "key-2", None]
    assert read_keys("") == Keys({})
    assert "key-2" not in repr(access)
    assert isinstance(of[""], Secret)
    path.write_text("three words here")
    with pytest.raises(InputError):
        read_keys(str(path))


def test_texts_and_cells_are_bounded_together():
    table = pd.DataFrame({"note": ["n" * 5_000] * 100, "score": [np.nan] * 100})
    corpus = Corpus("Long", table, ["t" * 20_000] * 100, Roles("{text}"), "0" * 16)
    rows = read_rows(corpus, np.arange(100), ["note", "score"], 20_000)
    assert sum(len(row.text) for row in rows) <= MAX_CHARACTERS
    assert sum(len(row.values["note"]) for row in rows) <= MAX_CHARACTERS
    assert all(row.is_cut and row.values["score"] is None for row in rows)
