"""Questions with known passages, stored with their corpus by a digest of their content."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from core import codec
from core.corpus.judgments import load_judgments
from core.corpus.loaders import load_distinct_texts, load_text_codes
from core.corpus.sentences import sentence_spans
from core.corpus.terms import text_words
from core.corpus.text_edits import edit_generator, reworded
from core.digest import digest_json
from core.errors import InputError, StorageError
from core.store import Workspace
from core.types import CorpusRef

KIND = "question_sets"
MAX_QUESTIONS = 2_000  # of more, a sample is drawn
MAX_LENGTH = 2_000  # characters of a question
MIN_QUESTIONS = 2
MIN_WORDS = 4  # of a sentence from which a question is generated
MIN_REWORDED = 3  # words of a reworded question
PUNCTUATION = "\"'.,;:!?()[]{}…“”„‘’«»*_#|-–—"
SPACELESS_PUNCTUATION = dict.fromkeys(map(ord, "。，、；：！？（）「」《》"), " ")
SEED = 0


@dataclass(frozen=True)
class Question:
    """A question. grades: (row, grade above 0) of the passages that answer it. evidence: the parts of texts that answer
    it, where they are known."""

    text: str
    grades: tuple[tuple[int, int], ...]
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class QuestionSet:
    """Questions, and questions that the corpus does not answer. source: how they came about. notes: sentences on what
    was left out, of user text in part. unjudged: questions without known passages, whose hits are to be judged."""

    name: str
    source: str
    questions: tuple[Question, ...]
    unanswerable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """16 hex digits; the same for questions and passages that are the same."""
        known = [asdict(question) for question in self.questions]
        return digest_json([known, list(self.unanswerable), list(self.unjudged)])

    @property
    def texts(self) -> list[str]:
        """The answerable questions, then the unanswerable, then the unjudged ones."""
        return [*(question.text for question in self.questions), *self.unanswerable, *self.unjudged]

    @property
    def has_evidence(self) -> bool:
        return any(question.evidence for question in self.questions)


@dataclass
class Collected:
    """Questions being collected: grades and evidence by text."""

    grades: dict[str, dict[int, int]] = field(default_factory=dict)
    evidence: dict[str, list[str]] = field(default_factory=dict)

    def add(self, text: str, rows: Iterable[int], grade: int = 1, evidence: str = "") -> None:
        of_text = self.grades.setdefault(text, {})
        for row in rows:
            of_text[row] = max(grade, of_text.get(row, 0))
        if evidence and evidence not in self.evidence.setdefault(text, []):
            self.evidence[text].append(evidence)

    def questions(self) -> tuple[Question, ...]:
        return tuple(
            Question(text, tuple(sorted(grades.items())), tuple(self.evidence.get(text, ())))
            for text, grades in self.grades.items() if grades
        )  # fmt: skip


def save_questions(corpus: CorpusRef, questions: QuestionSet, unanswerable: Sequence[str] = ()) -> QuestionSet:
    """Store a set, with further unanswerable questions; of too many questions a sample (seed 0). Raises InputError for
    fewer than two questions."""
    extra = tuple(dict.fromkeys(line for text in unanswerable if (line := _one_line(text))))
    known = {question.text for question in questions.questions}
    others = tuple(dict.fromkeys(text for text in (*questions.unanswerable, *extra) if text not in known))
    sampled, notes = questions.questions, questions.notes
    if len(sampled) > MAX_QUESTIONS:
        notes = (*notes, f"A random {MAX_QUESTIONS:,} of {len(sampled):,} questions (seed {SEED}).")
        order = np.sort(np.random.default_rng(SEED).permutation(len(sampled))[:MAX_QUESTIONS])
        sampled = tuple(sampled[i] for i in order)
    if len(sampled) < MIN_QUESTIONS:
        message = f"Questions with a known passage: {len(sampled)}. At least {MIN_QUESTIONS} are needed."
        raise InputError(" ".join([message, *notes[:1]]), "Add questions, or check which column has the passages.")
    return _store(corpus, replace(questions, questions=sampled, unanswerable=others[:MAX_QUESTIONS], notes=notes))


def save_unjudged(corpus: CorpusRef, texts: Sequence[str]) -> QuestionSet:
    """Store questions without known passages, at most MAX_QUESTIONS. Raises InputError for none."""
    lines = tuple(dict.fromkeys(line for text in texts if (line := _one_line(text))))[:MAX_QUESTIONS]
    if not lines:
        raise InputError("There are no questions.", "Enter one per line.")
    return _store(corpus, QuestionSet("To judge", "pool", (), unjudged=lines))


def _store(corpus: CorpusRef, questions: QuestionSet) -> QuestionSet:
    workspace, inputs = Workspace(corpus.folder), _inputs(questions.key)
    if workspace.load(KIND, corpus.digest, inputs) is None:
        workspace.save(KIND, corpus.digest, inputs, {}, {"set": codec.encode(questions)[0]})
    return questions


def load_questions(corpus: CorpusRef, key: str) -> QuestionSet:
    """A stored set. Raises StorageError where it is gone."""
    stored = Workspace(corpus.folder).load(KIND, corpus.digest, _inputs(key))
    if stored is None:
        raise StorageError("These questions are no longer stored.", "Upload or generate them again.")
    questions: QuestionSet = codec.decode(QuestionSet, stored.facts["set"])
    return questions


def saved_questions(corpus: CorpusRef) -> tuple[QuestionSet, ...]:
    """The stored sets with known passages, the latest first; unreadable ones are left out."""
    sets = []
    for record in list(Workspace(corpus.folder).results(KIND, corpus.digest))[::-1]:
        try:
            sets.append(codec.decode(QuestionSet, record["facts"]["set"]))
        except (TypeError, ValueError, KeyError):
            continue
    return tuple(questions for questions in sets if questions.questions)


def judged_questions(corpus: CorpusRef, version: str) -> QuestionSet:
    """Questions from the judgments given here that have a row graded above 0."""
    grades = load_judgments(corpus, version).grades()
    collected = Collected()
    for query, rows in grades.items():
        for row, grade in rows.items():
            if grade > 0:
                collected.add(query, [row], grade)
    questions = collected.questions()
    left_out = len(grades) - len(questions)
    note = f"{left_out:,} judged {'query' if left_out == 1 else 'queries'} without a relevant row left out."
    return QuestionSet("Judgments given here", "judgments", questions, notes=(note,) if left_out else ())


def sentence_questions(corpus: CorpusRef, sample: int, verbatim: bool = False, seed: int = SEED) -> QuestionSet:
    """Known-item questions: a random sentence of each sampled text must retrieve that text.

    verbatim: as it is; else reworded by rules, without stop words. Raises InputError for a corpus with too few texts
    that have such a sentence.
    """
    texts, codes = load_distinct_texts(corpus), load_text_codes(corpus, None)
    first = np.unique(codes, return_index=True)[1]
    collected = Collected()
    for position in np.random.default_rng(seed).permutation(len(texts)):
        text = texts[position]
        random = edit_generator(text, "sentence", seed)
        sentences = [text[start:end] for start, end in sentence_spans(text) if _is_long(text[start:end])]
        if not sentences:
            continue
        sentence = sentences[int(random.integers(len(sentences)))]
        question = sentence if verbatim else _query_words(reworded(sentence, random))
        if question:
            collected.add(_one_line(question), [int(first[position])], evidence=sentence)
        if len(collected.grades) >= sample:
            break
    if len(collected.grades) < MIN_QUESTIONS:
        message = f"{len(collected.grades)} of {len(texts):,} texts have a sentence of {MIN_WORDS} or more words."
        raise InputError(message, "Upload questions, or judge hits.")
    way = "verbatim" if verbatim else "reworded by rules"
    return QuestionSet(f"Sentences, {way} (seed {seed})", "sentences", collected.questions())


def generated_set(
    corpus: CorpusRef, name: str, questions: Sequence[str], texts: Sequence[Sequence[int]]
) -> QuestionSet:
    """Questions generated elsewhere; texts: positions of the distinct texts that answer each."""
    first = np.unique(load_text_codes(corpus, None), return_index=True)[1]
    collected = Collected()
    for question, positions in zip(questions, texts, strict=True):
        collected.add(_one_line(question), [int(first[position]) for position in positions])
    return QuestionSet(name, "generated", collected.questions())


def _query_words(question: str | None) -> str:
    """The words of a reworded sentence without the punctuation around them; "" where too few are left."""
    words = [word.strip(PUNCTUATION) for word in (question or "").translate(SPACELESS_PUNCTUATION).split()]
    joined = " ".join(filter(None, words))
    return joined if len(text_words(joined)) >= MIN_REWORDED else ""


def _is_long(sentence: str) -> bool:
    return len(text_words(sentence)) >= MIN_WORDS


def _one_line(text: str) -> str:
    return " ".join(str(text).replace("\x00", "").split())[:MAX_LENGTH]


def _inputs(key: str) -> dict[str, object]:
    return {"questions": key, "version": 1}
