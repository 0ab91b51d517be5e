"""Searching a large corpus: keywords, pattern, filters and vectors, as the answer worker does, with its memory.

python -m benchmarks.search FOLDER ROWS: the corpus is created in FOLDER unless it is there. Milliseconds are medians of
5 repeats, by the clock and of the processor: on a machine that is used by others, too, only the latter compare.
"""

import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from benchmarks.data import ROOT, SHARED, banking, banking_texts, many_rows
from benchmarks.report import keep, percentile_ms
from core.corpus.build import build_corpus
from core.corpus.filters import Filter, apply_filters
from core.corpus.keyword_index import load_keyword_index
from core.corpus.loaders import load_corpus, load_filter_mask
from core.corpus.reading.values import RawTable
from core.errors import InputError
from core.models.registry import load_embedder
from core.search.service import SearchQuery, search
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors
from core.vectors.loaders import load_index, store_index

KEYWORDS = {
    "frequent word": "card", "three words": "lost my card", "rare word": "refunded", "prefix": "a",
    "phrase": '"my card"', "frequent phrase": '"is the"', "exclusion": "card -lost", "hyphen": "top-up",
    "Chinese": "客服", "Chinese and Latin": "客服 card", "number": "order 4711",
    "eight words": "why was my card payment declined at the",
}  # fmt: skip
PATTERNS = {"literal": "refund", "digits": r"order \d{4,}"}
CATEGORIES = ("card_arrival", "lost_or_stolen_card", "top_up_failed", "exchange_rate", "pin_blocked")
FILTERS = (
    Filter("category", "values", CATEGORIES), Filter("score", "range", low=2, high=4),
    Filter("time", "range", low="2025-03-01", high="2026-06-30"), Filter("product", "contains", text="7"),
    Filter("language", "values", ("en",)),
)  # fmt: skip
REPEATS, VECTOR_QUERIES, WHOLE_QUERIES = 5, 300, 60
CLOCKS = {"clock": "seconds", "processor": "processor"}


def main(folder: str, rows: int) -> None:
    corpus, spec = make_corpus(Path(folder), rows)
    result: dict[str, Any] = {"rows": rows, "processor": processor(), "processors": os.cpu_count()}
    show(result, "corpus_load", timed(lambda: load_corpus(corpus)))
    show(result, "memory_mb", memory_mb())
    show(result, "keyword_index", timed(lambda: load_keyword_index(corpus)))
    for name, text in KEYWORDS.items():
        query = SearchQuery(text, "keyword")
        show(result, f"keyword: {name}", repeated(lambda query=query: search(corpus, None, query)))
    table = load_corpus(corpus).table
    show(result, "five filters", repeated(lambda: apply_filters(table, FILTERS)))
    show(result, "five filters and a keyword", repeated(lambda: search(corpus, None, filtered_query())))
    show(result, "memory_mb_keyword", memory_mb())
    show(result, "index_build", timed(lambda: store_index(corpus, spec)))
    show(result, "memory_mb_built", memory_mb())
    show(result, "index_load", timed(lambda: load_index(corpus, spec)))
    index = load_index(corpus, spec)
    show(result, "index", asdict(index.facts))
    show(result, "nearest", quantiles(lambda query: index.search(query[None], k=10), perturbed(index.rows)))
    examples = np.random.default_rng(2).integers(0, rows, WHOLE_QUERIES)
    whole = quantiles(lambda row: search(corpus, spec, SearchQuery(near=(int(row),))), examples)
    show(result, "semantic search with histogram, table and excerpts", whole)
    show(result, "memory_mb_end", memory_mb())
    for name, pattern in PATTERNS.items():
        query = SearchQuery(pattern, "regex")
        show(result, f"regex: {name}", repeated(lambda query=query: search(corpus, None, query), 1))
    keep(f"search_{rows}", result)


def filtered_query() -> SearchQuery:
    load_filter_mask.cache_clear()  # as if these filters were set for the first time
    return SearchQuery("card", "keyword", filters=FILTERS)


def show(result: dict[str, Any], name: str, value: Any) -> None:
    result[name] = value
    print(name, value, flush=True)


def make_corpus(folder: Path, rows: int) -> tuple[CorpusRef, ModelSpec]:
    """Texts of two halves of real ones (English questions and reviews, a tenth Chinese); mixtures of real vectors."""
    workspace = Workspace(folder)
    stored = workspace.corpora()
    if not stored:
        raw = RawTable(table=make_table(rows), sources=(), notes=(), vectors=None, vectors_name="")
        roles = Roles("{text}", ("category",), "time")
        stored = [workspace.save_corpus(build_corpus(raw, roles, name="Many rows").corpus)]
    corpus = stored[0].digest
    if not workspace.models(corpus):
        seeds = load_embedder("all-MiniLM-L6-v2").embed(banking_texts())
        workspace.save_vectors(Vectors(many_rows(seeds, rows), ModelSpec("imported", "mixed"), corpus))
    return CorpusRef(str(folder), corpus), workspace.models(corpus)[0]


def make_table(rows: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    reviews = pd.read_csv(SHARED / "fine_food_reviews_1k.csv")["Text"].str.findall(r"[^.!?]{20,200}[.!?]").explode()
    english = [*banking_texts(), *reviews.dropna().str.strip()]
    sample = pd.read_csv(ROOT / "samples" / "shop_feedback.csv")
    chinese = [text for text in sample["text"].dropna() if re.search("[\u4e00-\u9fff]", text)]
    halves = [[part for text in texts for part in halve(text)] for texts in (english, chinese)]
    drawn = [rng.integers(0, len(parts), (rows, 2)) for parts in halves]
    is_chinese, numbers = rng.random(rows) < 0.1, rng.integers(1000, 100_000, rows)
    texts = [
        f"{parts[pair[0]]} {parts[pair[1]]}" + (f" order {number}" if number % 20 == 0 else "")
        for is_zh, en, zh, number in zip(is_chinese, *drawn, numbers, strict=True)
        for parts, pair in ((halves[1], zh) if is_zh else (halves[0], en),)
    ]  # fmt: skip
    categories = pd.read_csv(banking())["category"].unique()
    return pd.DataFrame({
        "text": texts,
        "category": rng.choice(categories, rows),
        "score": rng.integers(1, 6, rows),
        "time": pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 600 * 86_400, rows), unit="s"),
        "product": [f"B{number:05d}" for number in rng.integers(0, 20_000, rows)],
        "language": np.where(is_chinese, "zh", "en"),
    })  # fmt: skip


def halve(text: str) -> tuple[str, str]:
    middle = text.find(" ", len(text) // 2) if " " in text[len(text) // 2 :] else len(text) // 2
    return text[:middle].strip(), text[middle:].strip()


def perturbed(rows: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(1)
    queries = rows[np.sort(rng.integers(0, len(rows), VECTOR_QUERIES))]
    return queries + rng.normal(0, 0.02, queries.shape).astype(np.float32)


def timed(call: Callable[[], Any]) -> dict[str, float]:
    """Seconds by the clock and of the processor."""
    clock, used = time.perf_counter(), time.process_time()
    call()
    return {"seconds": round(time.perf_counter() - clock, 4), "processor": round(time.process_time() - used, 4)}


def repeated(call: Callable[[], Any], times: int = REPEATS) -> dict[str, float] | str:
    try:
        return medians([timed(call) for _ in range(times)])
    except InputError as error:  # a pattern that takes too long
        return str(error)


def medians(measured: list[dict[str, float]]) -> dict[str, float]:
    return {f"{name}_ms": percentile_ms([one[key] for one in measured], 50) for name, key in CLOCKS.items()}


def quantiles(call: Callable[[Any], Any], queries: Iterable[Any]) -> dict[str, float]:
    measured = [timed(lambda query=query: call(query)) for query in queries][1:]
    return {
        f"{name}_p{share}_ms": percentile_ms([one[key] for one in measured], share)
        for name, key in CLOCKS.items()
        for share in (50, 99)
    }


def memory_mb() -> dict[str, int]:
    """Of this process: resident with what is mapped from files, and without, on Linux."""
    info = psutil.Process().memory_info()
    return {"resident": round(info.rss / 1e6), "own": round((info.rss - getattr(info, "shared", 0)) / 1e6)}


def processor() -> str:
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if os.name == "posix" else []
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
