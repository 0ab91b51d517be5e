"""What is known of the replies of an FAQ before anybody asks: its own questions, each left out in turn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.ask.calibration import Evidence
from core.corpus.text_edits import edit_text
from core.corpus.texts import distinct_texts
from core.errors import InputError
from core.models.base import Embedder
from core.results import no_progress
from core.types import Progress

MAX_QUESTIONS = 5_000  # left out in turn; of more, a sample
MIN_QUESTIONS = 20  # for a calibration
NEAREST = 3  # questions of an answer that its score is a mean of
CELLS = 8_000_000  # cosines held at once
EDITS = ("stop_words", "typos", "paraphrase")  # of questions that are the only one of their answer


@dataclass(frozen=True, eq=False)
class RankedAnswers:
    """The best answers of q queries, best first. scores: (q, r) float32 mean cosine to the NEAREST nearest questions of
    the answer, copies counted once (to all, where it has fewer); -inf beyond the number of answers. indices, cosines:
    (q, r) its nearest question, -1 and -inf beyond."""

    scores: np.ndarray
    indices: np.ndarray
    cosines: np.ndarray

    @property
    def margins(self) -> np.ndarray:
        """(q,) the first score minus the second, minus -1 where there is no second."""
        second = self.scores[:, 1]
        return np.asarray(self.scores[:, 0] - np.where(np.isfinite(second), second, -1.0))

    def of(self, query: int) -> Iterator[tuple[int, float]]:
        """(index, cosine) of one query."""
        for index, cosine in zip(self.indices[query], self.cosines[query], strict=True):
            if index >= 0:
                yield int(index), float(cosine)


def rank_answers(
    queries: np.ndarray, known: np.ndarray, codes: np.ndarray, count: int = 2, hidden: np.ndarray | None = None,
    groups: np.ndarray | None = None, progress: Progress = no_progress,
) -> RankedAnswers:  # fmt: skip
    """Answers ranked by their nearest questions. queries: (q, d), known: (n, d) unit rows; codes: (n,) the answer of
    each known question, from 0 without gaps. groups: (n,) codes of equal questions, of which query i does not see those
    of group hidden[i]. progress: counts queries."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(int(codes.max()) + 1))
    step = max(CELLS // len(known), 1)
    parts = []
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        cosines = queries[part] @ known[order].T
        if hidden is not None and groups is not None:
            cosines[groups[order] == hidden[part, None]] = -np.inf
        parts.append(_rank_block(cosines, starts, count))
        progress(min(start + step, len(queries)), len(queries))
    scores, indices, nearest = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return RankedAnswers(scores, np.where(indices >= 0, order[indices], -1), nearest)


def _rank_block(cosines: np.ndarray, starts: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, columns and cosines (q, count) for cosines (q, n), whose columns are grouped by answer."""
    scores = _answer_scores(cosines, starts)
    top = np.full((len(cosines), count), -1)
    top[:, : len(starts)] = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    columns = np.stack([_nearest_columns(cosines, starts, answers) for answers in top.T], axis=1)
    queries = np.arange(len(cosines))[:, None]
    is_ranked = (top >= 0) & np.isfinite(scores[queries, top])
    ranked_scores, nearest = scores[queries, top], cosines[queries, columns]
    return (
        np.where(is_ranked, ranked_scores, -np.inf),
        np.where(is_ranked, columns, -1),
        np.where(is_ranked, nearest, -np.inf),
    )


def _answer_scores(cosines: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(q, a) float32 mean of the NEAREST highest different cosines of each answer, -inf where it has none."""
    sizes, remaining = np.diff(np.append(starts, cosines.shape[1])), cosines.copy()
    sums, used = np.zeros((len(cosines), len(starts)), np.float32), np.zeros((len(cosines), len(starts)), np.float32)
    for _ in range(NEAREST):
        best = np.maximum.reduceat(remaining, starts, axis=1)
        sums += np.where(np.isfinite(best), best, 0)
        used += np.isfinite(best)
        remaining[remaining == np.repeat(best, sizes, axis=1)] = -np.inf  # equal cosines are copies
    return np.where(used > 0, sums / np.maximum(used, 1), np.float32(-np.inf))


def _nearest_columns(cosines: np.ndarray, starts: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """(q,) the column of the highest cosine among those of one answer for each query."""
    of_answer = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, cosines.shape[1])))
    return np.where(of_answer == answers[:, None], cosines, -np.inf).argmax(axis=1)


def leave_one_out(
    questions: Sequence[str], known: np.ndarray, codes: np.ndarray, embedder: Embedder, seed: int,
    progress: Progress = no_progress,
) -> Evidence:  # fmt: skip
    """Whether the FAQ replies rightly to its own questions.

    Each distinct question is asked of the FAQ without it and its copies; the reply is right where it is an answer of
    that question. An answer with a single question can't be right then: such a question stands for one that has no
    answer, and as many of them are asked again in other words (without stop words, with typos, or paraphrased by
    rules) of the whole FAQ. Raises InputError for fewer than MIN_QUESTIONS questions.
    """
    groups = equal_questions(questions)
    right = {(int(group), int(code)) for group, code in zip(groups, codes, strict=True)}
    sample = _sample(groups, seed)
    check_count(len(sample))
    ranked = rank_answers(known[sample], known, codes, hidden=groups[sample], groups=groups, progress=progress)
    is_single = _has_single_question(groups, codes)[sample]
    edited, rows = _edited([questions[row] for row in sample[is_single]], sample[is_single], seed)
    parts = [(ranked, groups[sample])]
    if edited:
        parts.append((rank_answers(embedder.embed_query(edited), known, codes), groups[rows]))
    is_right = [
        (int(group), int(codes[index])) in right
        for answers, own in parts
        for index, group in zip(answers.indices[:, 0], own, strict=True)
    ]
    scores = np.concatenate([answers.scores[:, 0] for answers, _ in parts]).astype(np.float64)
    margins = np.concatenate([answers.margins for answers, _ in parts]).astype(np.float64)
    return Evidence(
        scores,
        margins,
        np.array(is_right, bool),
        _description(len(sample), len(np.unique(groups)), is_single.sum(), len(edited)),
    )


def _sample(groups: np.ndarray, seed: int) -> np.ndarray:
    """Rows of distinct questions, ascending; at most MAX_QUESTIONS drawn at random."""
    first = np.unique(groups, return_index=True)[1]
    return np.sort(np.random.default_rng(seed).permutation(first)[:MAX_QUESTIONS])


def equal_questions(questions: Sequence[str]) -> np.ndarray:
    """(n,) codes, equal for questions that differ in case and white space alone."""
    return distinct_texts([" ".join(question.casefold().split()) for question in questions])[0]


def check_count(questions: int) -> None:
    """Raise InputError for too few different questions."""
    if questions < MIN_QUESTIONS:
        many = "is 1 different question" if questions == 1 else f"are {questions} different questions"
        message = f"There {many}; calibration needs at least {MIN_QUESTIONS}."
        raise InputError(message, "Add questions, also other wordings of questions that are there.")


def edited_questions(questions: Sequence[str], codes: np.ndarray, seed: int) -> list[str]:
    """The edited questions that `leave_one_out` embeds."""
    groups = equal_questions(questions)
    sample = _sample(groups, seed)
    single = sample[_has_single_question(groups, codes)[sample]]
    return _edited([questions[row] for row in single], single, seed)[0]


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


def _description(questions: int, total: int, single: int, edited: int) -> str:
    drawn = f"{questions:,} of {total:,}" if questions < total else f"{total:,}"
    text = f"{drawn} different questions, each left out in turn"
    if edited:
        text += (
            f" ({single:,} of them the only one of their answer, so that no reply is right), and {edited:,} of these"
        )
        text += " in other words (by rules)"
    return text
