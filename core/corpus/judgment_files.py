"""Judgments as files: TREC qrels with a file of queries, and BEIR's layout (Thakur et al., 2021); both as zip.

TREC: qrels.tsv (query-id 0 doc-id grade) and queries.tsv (query-id, text). BEIR: corpus.jsonl, queries.jsonl and
qrels/test.tsv (query-id, corpus-id, score).
"""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.corpus.judgments import MAX_QUERY_LENGTH, Judgment, add_judgments, load_judgments
from core.corpus.loaders import load_corpus
from core.corpus.qrels import COLUMNS, EXAMPLES, FROM_ONE, has_qrels_header, is_qrels, read_qrels, row_ids
from core.corpus.reading.archives import unpack
from core.corpus.reading.encodings import to_utf8
from core.corpus.reading.sniff import READABLE
from core.corpus.reading.values import Upload
from core.corpus.staging import StagedFile, staged_bytes
from core.errors import InputError
from core.types import CorpusRef

JudgmentFormat = Literal["trec", "beir"]
MAX_IMPORTED = 200_000  # judgments
UPLOAD_REMEDY = (
    "Upload judgments, lines of a query ID, a row ID and a whole number as grade, separated by tabs (qrels.tsv), with "
    "the texts of their queries (queries.tsv or queries.jsonl); or one zip of both."
)
_ID_FIELDS = ("_id", "id", "query_id", "query-id", "qid")
_TEXT_FIELDS = ("text", "query", "question")


@dataclass(frozen=True)
class ImportedJudgments:
    """What was stored of an import, and what was not. problems: sentences that name file and line."""

    judgments: int
    queries: int
    problems: tuple[str, ...]


def export_judgments(
    corpus: CorpusRef, file_format: JudgmentFormat, id_column: str = FROM_ONE, annotator: str | None = None
) -> bytes:
    """A zip of the judgments of all annotators (the majority's), or of one. id_column: the corpus' column of row ids,
    or row numbers. Raises InputError without judgments, and for ids that are missing, not unique or have spaces."""
    grades = load_judgments(corpus).grades(annotator)
    if not grades:
        raise InputError("There are no judgments yet.", "Judge hits on the Search or Ask page first.")
    ids = _document_ids(corpus, id_column, {row for rows in grades.values() for row in rows})
    queries = {query: f"q{number}" for number, query in enumerate(grades, 1)}
    lines = [(queries[query], ids[row], grade) for query, rows in grades.items() for row, grade in rows.items()]
    if file_format == "trec":
        files = {
            "qrels.tsv": [f"{query}\t0\t{document}\t{grade}" for query, document, grade in lines],
            "queries.tsv": [f"{name}\t{query}" for query, name in queries.items()],
        }
    else:
        texts = load_corpus(corpus).texts
        files = {
            "corpus.jsonl": [
                _json({"_id": name, "title": "", "text": text})
                for name, text in zip(_all_ids(corpus, id_column), texts, strict=True)
            ],
            "queries.jsonl": [_json({"_id": name, "text": query}) for query, name in queries.items()],
            "qrels/test.tsv": ["\t".join(COLUMNS), *("\t".join(map(str, line)) for line in lines)],
        }
    return _zip(files)


def check_ids(corpus: CorpusRef, id_column: str) -> None:
    """Raises InputError where a judged row has no unique ID without spaces in a column."""
    grades = load_judgments(corpus).grades()
    _document_ids(corpus, id_column, {row for rows in grades.values() for row in rows})


def import_judgments(
    corpus: CorpusRef, files: Sequence[StagedFile], annotator: str, id_column: str = FROM_ONE, binary: bool = False
) -> ImportedJudgments:
    """Store the judgments of qrels and queries files, or of a zip of them, as one answer that can be undone.

    binary: grades above 0 mean relevant (2); otherwise 1 is partly relevant, and higher ones relevant. Judgments of
    unknown rows or queries are left out and reported. Raises InputError where nothing fits, StorageError.
    """
    queries, qrels = _read_uploads(_unpacked(corpus.folder, files))
    rows = _rows_by_id(corpus, id_column)
    stamp = Judgment("", 0, None, annotator.strip(), "import")
    events: dict[tuple[str, int], Judgment] = {}
    problems: list[str] = []
    for where, query, document, grade in qrels:
        if query not in queries:
            problems.append(f'{where}: no query has the ID "{query[:40]}".')
        elif document not in rows:
            problems.append(f'{where}: no row has the ID "{document[:40]}".')
        else:
            value = 0 if grade <= 0 else 2 if binary or grade >= 2 else 1
            named = replace(stamp, query=queries[query], grade=value)
            events |= {(named.query, row): replace(named, row=row) for row in rows[document]}
    if not events:
        first = f" {problems[0]}" if problems else ""
        raise InputError(f"None of the judgments fits this corpus.{first}", "Select the column with the rows' IDs.")
    if len(events) > MAX_IMPORTED:
        raise InputError(f"There are {len(events):,} judgments.", f"Import at most {MAX_IMPORTED:,}.")
    add_judgments(corpus, list(events.values()))
    return ImportedJudgments(len(events), len({query for query, _ in events}), _shortened(problems))


def is_binary(folder: str, files: Sequence[StagedFile]) -> bool:
    """Whether no grade in the files is above 1. Raises InputError, StorageError."""
    tables = [read_qrels(upload.name, upload.data) for upload in _unpacked(folder, files) if is_qrels(upload.data)]
    return bool(tables) and max(float(table[COLUMNS[2]].max()) for table in tables) <= 1


def read_query_texts(name: str, data: bytes) -> dict[str, str]:
    """Query id -> text on one line, from JSON Lines (_id, text) or lines of an id, a tab and a text. Raises InputError
    with the line that can't be read."""
    queries = {}
    for number, line in enumerate(to_utf8(name, data).data.decode("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        key, text = _json_query(line) if line.lstrip().startswith("{") else _tab_query(line)
        if not key or not text:
            remedy = "Use lines of an ID, a tab and the text of the query, or JSON Lines with _id and text."
            raise InputError(f'Line {number:,} of "{name}" is not a query.', remedy)
        queries[key] = text[:MAX_QUERY_LENGTH]
    return queries


def _json_query(line: str) -> tuple[str, str]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return "", ""
    found = [next((str(values[name]) for name in names if name in values), "") for names in (_ID_FIELDS, _TEXT_FIELDS)]
    return found[0].strip(), " ".join(found[1].split())


def _tab_query(line: str) -> tuple[str, str]:
    key, _, text = line.partition("\t")
    return key.strip(), " ".join(text.split())


def _unpacked(folder: str, files: Sequence[StagedFile]) -> list[Upload]:
    """Raises InputError for archives that can't be unpacked, and for what is neither an archive nor text."""
    uploads = [Upload(file.name, staged_bytes(folder, file)) for file in files]
    try:
        unpacked = unpack(uploads)
        if unpacked.skipped:
            raise InputError(unpacked.skipped[0].message, unpacked.skipped[0].remedy)
        return list(unpacked.files)
    except InputError as error:
        if READABLE not in error.remedy:
            raise
        raise InputError(error.message, UPLOAD_REMEDY) from error


def _read_uploads(uploads: Sequence[Upload]) -> tuple[dict[str, str], list[tuple[str, str, str, float]]]:
    """Queries by id; file and line, query id, row id and grade of each judgment. Raises InputError where either is
    missing."""
    qrels = [upload for upload in uploads if is_qrels(upload.data)]
    others = [upload for upload in uploads if upload not in qrels and not upload.name.endswith("corpus.jsonl")]
    if not qrels:
        for upload in uploads:
            if has_qrels_header(upload.data):
                read_qrels(upload.name, upload.data)  # raises, and names the line
        names = ", ".join(f'"{upload.name}"' for upload in uploads)
        raise InputError(f"There are no judgments (qrels) in the upload: {names}.", UPLOAD_REMEDY)
    if not others:
        raise InputError("There is no file of queries in the upload.", UPLOAD_REMEDY)
    queries: dict[str, str] = {}
    for upload in others:
        queries |= read_query_texts(upload.name, upload.data)
    judgments = []
    for upload in qrels:
        table = read_qrels(upload.name, upload.data)
        for line, fields in zip(table.index, table[list(COLUMNS)].itertuples(index=False, name=None), strict=True):
            judgments.append((f'"{upload.name}", line {line:,}', *fields))
    return queries, judgments


def _shortened(problems: list[str]) -> tuple[str, ...]:
    more = [f"{len(problems) - EXAMPLES:,} more lines were left out."] if len(problems) > EXAMPLES else []
    return (*problems[:EXAMPLES], *more)


def _all_ids(corpus: CorpusRef, column: str) -> list[str]:
    return row_ids(load_corpus(corpus).table, column).fillna("").astype("str").tolist()


def _rows_by_id(corpus: CorpusRef, column: str) -> dict[str, list[int]]:
    """Rows by id; an id of several rows, such as passages of one document, means all of them."""
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(_all_ids(corpus, column)):
        if name:
            rows.setdefault(name, []).append(row)
    return rows


def _document_ids(corpus: CorpusRef, column: str, judged: set[int]) -> list[str]:
    """The id of each row. Raises InputError where a judged row can't be named by it."""
    ids, by_id = _all_ids(corpus, column), _rows_by_id(corpus, column)
    bad = next((row for row in sorted(judged) if len(ids[row].split()) != 1 or len(by_id[ids[row]]) > 1), None)
    if bad is not None:
        message = f'Row {bad + 1:,} has no unique ID without spaces in the column "{column}".'
        raise InputError(message, "Export with row numbers instead.")
    return ids


def _json(value: dict[str, str]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _zip(files: dict[str, list[str]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in files.items():
            archive.writestr(name, ("\n".join(lines) + "\n").encode("utf-8", "replace"))
    return buffer.getvalue()
