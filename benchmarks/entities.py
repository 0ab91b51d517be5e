"""Precision and recall of entities: on the sample against labels by hand, on Universal NER against its annotations; and
precision of the rules on the texts of Universal NER, where each extracted value was judged by hand.

Universal NER (Mayhew et al. 2024, CC BY-SA 4.0) is not part of this project. Give the folder with the test files of
UNER_English-EWT and UNER_Chinese-GSDSIMP to measure on it: python -m benchmarks.entities --uner FOLDER
"""

import argparse
import json
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.data import ROOT
from benchmarks.report import keep
from core.digest import digest_json
from core.entities.extraction import extract
from core.entities.precision import PATH as PRECISION
from core.entities.results import DEFAULT_REGION
from core.entities.types import ENTITY_TYPES, GROUPS
from core.results import no_progress

JUDGED = Path(__file__).with_name("entities_judged.json")  # without the values, which name persons
LABELS = Path(__file__).with_name("entities_sample.json")
SAMPLE, WEB, WIKIPEDIA = "sample", "web texts (UNER English-EWT)", "Wikipedia (UNER Chinese-GSDSIMP)"
UNER_FILES = {("en", WEB): "en_ewt-ud", ("zh", WIKIPEDIA): "zh_gsdsimp-ud"}
UNER_TYPES = {"PER": "people", "LOC": "places", "ORG": "organizations"}
Expected = list[dict[str, list[list[str]]]]  # of each text by type: entities, each with the forms that are accepted


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--uner", type=Path, help="folder with the test files of Universal NER")
    folder = arguments.parse_args().uner
    lines, rates = measure_sample()
    lines += measure_uner(folder) if folder else [line for line in stored() if line["corpus"] != SAMPLE]
    PRECISION.write_text("[\n" + ",\n".join(f"  {json.dumps(line)}" for line in lines) + "\n]\n", encoding="utf-8")
    keep("entities", {"precision": lines, "rows_per_second": rates})


def stored() -> list[dict[str, Any]]:
    return list(json.loads(PRECISION.read_text(encoding="utf-8")))


def measure_sample() -> tuple[list[dict[str, Any]], dict[str, float]]:
    """All rows of the sample, of which each was read and labeled by hand."""
    table = pd.read_csv(ROOT / "samples" / "shop_feedback.csv", keep_default_na=False)
    labeled = json.loads(LABELS.read_text(encoding="utf-8"))["rows"]
    expected: Expected = [labeled.get(row, {}) for row in table["id"]]
    texts = table["text"].tolist()
    rates: dict[str, float] = {}
    for group in GROUPS:
        extract(texts[:1], group, DEFAULT_REGION, no_progress)  # loads the models
        started = time.perf_counter()
        extract(texts, group, DEFAULT_REGION, no_progress)
        rates[group] = round(len(texts) / (time.perf_counter() - started))
    values = extracted_values(texts)
    lines: list[dict[str, Any]] = []
    for language in ("en", "zh"):
        rows = table.index[table["language"] == language].tolist()
        names = [kind.name for kind in ENTITY_TYPES]
        lines += count(language, SAMPLE, [values[row] for row in rows], [expected[row] for row in rows], names)
    return lines, rates


def measure_uner(folder: Path) -> Iterator[dict[str, Any]]:
    """Names in the test part against their annotations, exact spans: "Del Frisco" for "Del Frisco's" counts as wrong.
    Rules in the development and test part, as judged."""
    for (language, corpus), name in UNER_FILES.items():
        texts, expected = zip(*read_iob2(folder / f"{name}-test.iob2"), strict=True)
        yield from count(language, corpus, extracted_values(list(texts)), list(expected), list(UNER_TYPES.values()))
        more = [text for text, _ in read_iob2(folder / f"{name}-dev.iob2")]
        yield from count_judged(language, corpus, [*texts, *more])


def count_judged(language: str, corpus: str, texts: list[str]) -> Iterator[dict[str, Any]]:
    """Extracted values by rules, and how many of them were judged correct."""
    judged = json.loads(JUDGED.read_text(encoding="utf-8"))["judged"]
    for kind in extract(texts, "rules", DEFAULT_REGION, no_progress):
        pairs = sorted(f"{texts[row]}\t{value}" for row, values in kind.values_by_row().items() for value in values)
        verdict = judged.get(f"{kind.name}, {language}", {"digest": digest_json([]), "wrong": 0})
        if digest_json(pairs) != verdict["digest"]:
            raise SystemExit(f"{kind.name} in {corpus}: judge the values again, digest {digest_json(pairs)}.")
        yield {
            "name": kind.name, "language": language, "corpus": corpus, "extracted": len(pairs),
            "correct": len(pairs) - verdict["wrong"], "expected": 0,
        }  # fmt: skip


def read_iob2(path: Path) -> Iterator[tuple[str, dict[str, list[list[str]]]]]:
    """(text, entities by type) of each sentence."""
    for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
        lines = block.split("\n")
        text = next(line.split("=", 1)[1].strip() for line in lines if line.startswith("# text"))
        entities: list[tuple[str, list[str]]] = []
        for word, tag in (line.split("\t")[1:3] for line in lines if line and not line.startswith("#")):
            if tag.startswith("B-"):
                entities.append((tag[2:], [word]))
            elif tag.startswith("I-") and entities:
                entities[-1][1].append(word)
        by_type: dict[str, list[list[str]]] = {name: [] for name in UNER_TYPES.values()}
        for label, words in entities:
            if label in UNER_TYPES and [compact("".join(words))] not in by_type[UNER_TYPES[label]]:
                by_type[UNER_TYPES[label]].append([compact("".join(words))])
        yield text, by_type


def extracted_values(texts: list[str]) -> list[dict[str, list[str]]]:
    """The distinct values of each text by type; names as this text writes them."""
    by_text: list[dict[str, list[str]]] = [{} for _ in texts]
    for group in GROUPS:
        for kind in extract(texts, group, DEFAULT_REGION, no_progress):
            for row, values in kind.values_by_row().items():
                by_text[row][kind.name] = values
    return by_text


def count(
    language: str, corpus: str, values: Sequence[dict[str, list[str]]], expected: Expected, names: Iterable[str]
) -> Iterator[dict[str, Any]]:
    """Extracted, correct and expected entities of each type, in all texts."""
    for name in names:
        extracted = correct = labeled = 0
        for found, entities in zip(values, expected, strict=True):
            forms = [{compact(form).casefold() for form in accepted} for accepted in entities.get(name, [])]
            given = {compact(value).casefold() for value in found.get(name, [])}
            extracted, labeled = extracted + len(given), labeled + len(forms)
            correct += sum(bool(accepted & given) for accepted in forms)
        yield {
            "name": name, "language": language, "corpus": corpus, "extracted": extracted, "correct": correct,
            "expected": labeled,
        }  # fmt: skip


def compact(text: str) -> str:
    return re.sub(r"\s+", "", text)


if __name__ == "__main__":
    main()
