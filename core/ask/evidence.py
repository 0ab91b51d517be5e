"""What is known of the replies of an FAQ before anybody asks: its own questions, each left out in turn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.ask.calibration import Evidence
from core.corpus.text_edits import edit_text
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.models.base import Embedder

MAX_QUESTIONS = 5_000  # left out in turn; of more, a sample
MIN_QUESTIONS = 20  # for a calibration
CELLS = 8_000_000  # cosines held at once
EDITS = ("stop_words", "typos", "paraphrase")  # of questions that are the only one of their answer


@dataclass(frozen=True, eq=False)
class RankedAnswers:
    """The nearest question of each of the nearest answers. indices, cosines: (q, s), best first, -1 and -inf beyond the
    number of answers. margins: (q,) of the first cosine and the second; the first plus one where there is no second."""

    indices: np.ndarray
    cosines: np.ndarray

    @property
    def margins(self) -> np.ndarray:
        second = self.cosines[:, 1]
        return self.cosines[:, 0] - np.where(np.isfinite(second), second, -1.0)

    def of(self, query: int) -> Iterator[tuple[int, float]]:
        """(index, cosine) of one query."""
        for index, cosine in zip(self.indices[query], self.cosines[query], strict=True):
            if index >= 0:
                yield int(index), float(cosine)


def rank_answers(
    queries: np.ndarray, known: np.ndarray, codes: np.ndarray, count: int = 2, hidden: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> RankedAnswers:  # fmt: skip
    """Answers by their nearest question. queries: (q, d), known: (n, d) unit rows; codes: (n,) the answer of each known
    question. groups: (n,) codes of equal questions, of which query i does not see those of group hidden[i]."""
    indices = np.full((len(queries), count), -1, np.int64)
    cosines = np.full((len(queries), count), -np.inf, np.float32)
    step = max(CELLS // max(len(known), 1), 1)
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        left = queries[part] @ known.T
        if hidden is not None and groups is not None:
            left[groups == hidden[part, None]] = -np.inf
        for rank in range(count):
            best = left.argmax(axis=1)
            values = left[np.arange(len(left)), best]
            indices[part, rank] = np.where(np.isfinite(values), best, -1)
            cosines[part, rank] = values
            if rank + 1 < count:
                left[codes == codes[best][:, None]] = -np.inf
    return RankedAnswers(indices, cosines)


def leave_one_out(
    questions: Sequence[str], known: np.ndarray, codes: np.ndarray, embedder: Embedder, seed: int
) -> Evidence:
    """Whether the FAQ replies rightly to its own questions.

    Each distinct question is asked of the FAQ without it and its copies; the reply is right where it is an answer of
    that question. An answer with a single question can't be right then: such a question stands for one that has no
    answer, and as many of them are asked again in other words (without stop words, with typos, or paraphrased by
    rules) of the whole FAQ. Raises InputError for fewer than MIN_QUESTIONS questions.
    """
    groups = distinct_texts([" ".join(question.casefold().split()) for question in questions])[0]
    right = {(int(group), int(code)) for group, code in zip(groups, codes, strict=True)}
    first = np.unique(groups, return_index=True)[1]
    asked = np.sort(np.random.default_rng(seed).permutation(first)[:MAX_QUESTIONS])
    if len(asked) < MIN_QUESTIONS:
        message = f"There are {len(asked)} different questions; calibration needs at least {MIN_QUESTIONS}."
        raise InputError(message, "Add questions, also other wordings of questions that are there.")
    ranked = rank_answers(known[asked], known, codes, hidden=groups[asked], groups=groups)
    is_single = _has_single_question(groups, codes)[asked]
    edited, rows = _edited([questions[row] for row in asked[is_single]], asked[is_single], seed)
    parts = [(ranked, groups[asked])]
    if edited:
        parts.append((rank_answers(embedder.embed_query(edited), known, codes), groups[rows]))
    is_right = [
        (int(group), int(codes[index])) in right
        for answers, own in parts
        for index, group in zip(answers.indices[:, 0], own, strict=True)
    ]
    cosines = np.concatenate([answers.cosines[:, 0] for answers, _ in parts]).astype(np.float64)
    margins = np.concatenate([answers.margins for answers, _ in parts]).astype(np.float64)
    return Evidence(cosines, margins, np.array(is_right, bool), _description(len(asked), is_single.sum(), len(edited)))


def _has_single_question(groups: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """(n,) bool: no other question has the same answer."""
    pairs = np.unique(np.column_stack([codes, groups]), axis=0)
    return np.bincount(pairs[:, 0], minlength=int(codes.max()) + 1)[codes] < 2


def _edited(questions: list[str], rows: np.ndarray, seed: int) -> tuple[list[str], np.ndarray]:
    """Each question once in other words, by the edits in turn, where one of them applies, and its row."""
    result, of_row = [], []
    for i, (question, row) in enumerate(zip(questions, rows, strict=True)):
        edits = (edit_text(question, EDITS[(i + turn) % len(EDITS)], seed) for turn in range(len(EDITS)))
        if changed := next(filter(None, edits), None):
            result.append(changed)
            of_row.append(row)
    return result, np.array(of_row, np.int64)


def _description(asked: int, single: int, edited: int) -> str:
    text = f"{asked:,} different questions, each left out in turn"
    if edited:
        text += (
            f" ({single:,} of them the only one of their answer, so that no reply is right), and {edited:,} of these"
        )
        text += " in other words (by rules)"
    return text
