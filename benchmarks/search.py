"""Searching a large corpus: keywords, pattern, filters and vectors, as the answer worker does, with its memory.

python -m benchmarks.search FOLDER ROWS: the corpus is created in FOLDER unless it is there.
"""

import os
import platform
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from benchmarks.data import ROOT, SHARED, banking, banking_texts, many_rows
from benchmarks.report import keep, percentile_ms
from core.corpus.build import build_corpus
from core.corpus.filters import Filter
from core.corpus.reading.values import RawTable
from core.models.registry import load_embedder
from core.search.service import SearchQuery, search
from core.store import Workspace
from core.types import CorpusRef, ModelSpec, Roles, Vectors
from core.vectors.loaders import load_index

KEYWORDS = {
    "frequent word": "card", "three words": "lost my card", "rare word": "refunded", "prefix": "a",
    "phrase": '"my card"', "frequent phrase": '"is the"', "exclusion": "card -lost", "hyphen": "top-up",
    "Chinese": "客服", "Chinese and Latin": "客服 card", "number": "order 4711", "eight words": "why was my card payment declined at the",
}  # fmt: skip
PATTERNS = {"literal": "refund", "digits": r"order \d{4,}"}
FILTERS = (
    Filter("category", "values", ("card_arrival", "lost_or_stolen_card", "top_up_failed", "exchange_rate", "pin_blocked")),
    Filter("score", "range", low=2, high=4), Filter("time", "range", low="2025-03-01", high="2026-06-30"),
    Filter("product", "contains", text="7"), Filter("language", "values", ("en",)),
)  # fmt: skip
REPEATS, VECTOR_QUERIES = 5, 300


def main(folder: str, rows: int) -> None:
    corpus, spec = make_corpus(Path(folder), rows)
    result: dict[str, Any] = {"rows": rows, "processor": processor(), "processors": os.cpu_count()}
    result["load_seconds"], _ = timed(lambda: search(corpus, None, SearchQuery("card", "keyword")))
    queries = {name: SearchQuery(text, "keyword") for name, text in KEYWORDS.items()}
    result["keyword_ms"] = {name: median_ms(corpus, None, query) for name, query in queries.items()}
    regex = {name: SearchQuery(pattern, "regex") for name, pattern in PATTERNS.items()}
    result["regex_ms"] = {name: median_ms(corpus, None, query, repeats=2) for name, query in regex.items()}
    result["five_filters_ms"] = median_ms(corpus, None, SearchQuery("card", "keyword", filters=FILTERS))
    result["memory_mb"] = {"texts and table": memory_mb()}
    result["index_seconds"], index = timed(lambda: load_index(corpus, spec))
    result["index"] = index.facts.description
    result["memory_mb"]["with the vector index"] = memory_mb()
    result["semantic"] = semantic(corpus, spec, index)
    result["memory_mb"]["at the end"] = memory_mb()
    keep(f"search_{rows}", result)


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


def semantic(corpus: CorpusRef, spec: ModelSpec, index: Any) -> dict[str, Any]:
    """p50 and p99 of single queries, k = 10: of the index alone, and of the whole search by an example row."""
    rng = np.random.default_rng(1)
    rows = index.rows
    queries = rows[np.sort(rng.integers(0, len(rows), VECTOR_QUERIES))]
    queries = queries + rng.normal(0, 0.02, queries.shape).astype(np.float32)
    times = [timed(lambda query=query: index.search(query[None], k=10))[0] for query in queries]
    whole = [
        timed(lambda row=row: search(corpus, spec, SearchQuery(near=(int(row),))))[0]
        for row in rng.integers(0, len(rows), 60)
    ][1:]
    return {
        "recall_at_10": index.facts.recall, "checked": index.facts.checked, "queries": len(times),
        "p50_ms": percentile_ms(times, 50), "p99_ms": percentile_ms(times, 99),
        "whole_p50_ms": percentile_ms(whole, 50), "whole_p99_ms": percentile_ms(whole, 99),
    }  # fmt: skip


def median_ms(corpus: CorpusRef, spec: ModelSpec | None, query: SearchQuery, repeats: int = REPEATS) -> Any:
    try:
        return percentile_ms([timed(lambda: search(corpus, spec, query))[0] for _ in range(repeats)], 50)
    except Exception as error:  # a pattern that takes too long
        return str(error)


def timed(call: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    value = call()
    return time.perf_counter() - started, value


def memory_mb() -> dict[str, int]:
    """Of this process: resident, and of it what it does not share with files."""
    info = psutil.Process().memory_full_info()
    return {"resident": round(info.rss / 1e6), "private": round(info.uss / 1e6)}


def processor() -> str:
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if os.name == "posix" else []
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
