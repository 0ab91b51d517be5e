"""Which columns of a corpus can be the questions and answers of an FAQ."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from core.corpus.label_columns import INTERNAL_COLUMNS
from core.corpus.loaders import load_corpus
from core.corpus.reading.template import template_columns
from core.types import CorpusRef

_QUESTION = re.compile(r"question|query|utterance|问题", re.IGNORECASE)
_ANSWER = re.compile(r"answer|reply|response|回答|答案", re.IGNORECASE)
_INTENT = re.compile(r"intent|category|label|class|topic|意图|类别", re.IGNORECASE)


@dataclass(frozen=True)
class FaqColumnChoices:
    """questions: columns of text; answers: columns with two or more different cells. question, answer: proposed, ""
    where nothing fits."""

    questions: tuple[str, ...]
    answers: tuple[str, ...]
    question: str
    answer: str


def faq_columns(corpus: CorpusRef) -> FaqColumnChoices:
    """The columns of a corpus, and the proposed ones: the text and an answer, else an intent, else a label column."""
    source = load_corpus(corpus)
    table, roles = source.table, source.roles
    excluded = {*INTERNAL_COLUMNS, roles.id, roles.time}
    names = [str(name) for name in table.columns if name not in excluded]
    answers = tuple(name for name in names if table[name].astype("str").nunique() > 1)
    texts = tuple(name for name in names if not pd.api.types.is_numeric_dtype(table[name]))
    text_columns = [name for name in template_columns(roles.text) if name in texts]
    named = [name for name in texts if _QUESTION.search(name) and not _ANSWER.search(name)]
    question = next(
        (name for name in (*(name for name in text_columns if name in named), *named, *text_columns, *texts)), ""
    )
    others = [name for name in answers if name != question]
    return FaqColumnChoices(texts, answers, question, _proposed_answer(others, roles.labels))


def _proposed_answer(names: Sequence[str], labels: Sequence[str]) -> str:
    for is_answer in (_ANSWER.search, _INTENT.search, labels.__contains__):
        if name := next((name for name in names if is_answer(name)), ""):
            return name
    return next(iter(names), "")
