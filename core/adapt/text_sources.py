"""What is learned from as texts: for models that embed them anew while they are trained."""

import numpy as np

from core.adapt.sources import (
    Column,
    Source,
    TextMaterial,
    clicked_rows,
    label_cells,
    line_weights,
    read_column,
    source_table,
    training_rows,
    with_unknown,
)
from core.corpus.judgments import load_judgments
from core.corpus.loaders import load_corpus
from core.errors import InputError
from core.types import CorpusRef


def load_text_material(corpus: CorpusRef, source: Source) -> TextMaterial:
    """As core.adapt.sources.load_material, without vectors. Raises InputError where nothing can be learned."""
    texts = list(load_corpus(corpus).texts)
    if source.kind == "labels":
        rows = training_rows(corpus, source.split_column)
        return TextMaterial(texts, labels=label_cells(corpus, source.column), rows=rows)
    if source.kind == "judgments":
        grades = load_judgments(corpus, source.judgments).grades()
        if not grades:
            raise InputError("There are no judgments yet.", "Judge hits on the Search or Ask page first.")
        return TextMaterial(texts, judgments=(list(grades), list(grades.values())))
    table = source_table(corpus, source)
    first = read_column(corpus, table[source.first], source.first_key)
    second = read_column(corpus, table[source.second], source.second_key)
    weights = line_weights(table, source)
    if source.kind == "pairs":
        material = _pairs(texts, first, second, weights)
    else:
        relevant = clicked_rows(corpus, first, second, weights)
        names = first.texts or texts
        material = TextMaterial(texts, judgments=([names[query] for query in relevant], list(relevant.values())))
    return with_unknown(material, table, source, first, second)


def _pairs(texts: list[str], first: Column, second: Column, scores: np.ndarray) -> TextMaterial:
    """Texts of the corpus, then those of the table; the pairs are positions among both."""
    every, positions = list(texts), []
    for column in (first, second):
        offset = len(every) if column.texts else 0
        positions.append(np.where(column.rows < 0, -1, column.rows + offset))
        every += column.texts
    pairs = np.column_stack([*positions, scores])
    return TextMaterial(every, pairs=pairs[(pairs[:, :2] >= 0).all(axis=1)])
