"""A fine-tuning from texts and their supervision to a stored model with its report."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.adapt.service import Examples, Labels, Pairs, fit_or_identity, has_queries
from core.adapt.service import Settings as AdapterSettings
from core.adapt.service import Sides as SplitSides
from core.digest import digest_json
from core.finetune.card import write_card
from core.finetune.checkpoints import Checkpoints, Trace
from core.finetune.comparison import Scores, View, compare, embedded, mapped_score, unchanged
from core.finetune.encoder import Encoder, base_of, load_encoder, torch_threads
from core.finetune.examples import Judgments, TextExamples, read_texts, reduced, rows_of, with_rows
from core.finetune.loop import Sides, fit
from core.finetune.report import ADAPTER, BASE, TUNED, Cost, FineTuned, Shortened
from core.finetune.settings import Settings, check_settings, shortened
from core.models.fine_tuned import BACKEND_NAME, add_model, model_path, models_path
from core.models.linear_maps import Arrays
from core.models.registry import DEFAULT_MODEL, find_spec
from core.models.training_texts import save_digests, text_digests
from core.results import no_progress
from core.types import ModelSpec, Progress, unit_rows

MAX_VALIDATION, MAX_TEST = 1_000, 3_000  # examples that are scored, drawn at random from more
VALIDATION_CANDIDATES, TEST_CANDIDATES = 1_000, 5_000  # that judged queries rank
DEFAULTS = Settings()


@dataclass(frozen=True)
class Job:
    """Where a training runs. folder: of the workspace. name: of the model's folder. key: of the training's
    checkpoints. source: what the supervision is, for the model card."""

    folder: Path
    name: str
    key: str
    source: str = "labels"

    @property
    def checkpoints(self) -> Path:
        return models_path(self.folder) / f".{self.key}"


def train(
    texts: Sequence[str], labels: Labels | None = None, *, pairs: Pairs | None = None,
    judgments: Judgments | None = None, base: str | ModelSpec = DEFAULT_MODEL, name: str = "fine-tuned",
    rows: Sequence[int] | np.ndarray | None = None, seed: int = 0, settings: Settings = DEFAULTS,
    folder: str | Path, progress: Progress | None = None,
) -> FineTuned:  # fmt: skip
    """Fine-tune a local sentence-transformer on exactly one of:

    labels: n cells, texts with a common label are similar; rows without a label are left out.
    pairs: (p, 3) row, row, score, higher is more similar; with the loss "cosent".
    judgments: (queries, relevant): q texts, for each its relevant rows, or {row: weight} such as clicks.

    base: all-MiniLM-L6-v2, or a folder or hub name of a sentence-transformer. name: of the new model, which is stored
    below folder, a workspace. rows: the rows, pairs or queries to train on; by default a fifth is held out, and all
    rows of 15% of the labels where there are ten or more; 15% of the training rows select the checkpoint. The same call
    after an interruption goes on from the latest checkpoint. Raises InputError for what can't be learned from.
    """
    read = read_texts(texts, labels, pairs, judgments)
    spec = base_of(find_spec(base))
    named = {"texts": read.texts, "base": spec.to_dict(), "settings": vars(settings), "seed": seed, "name": name}
    kind = "labels" if labels is not None else "scored pairs" if pairs is not None else "judged queries"
    return tune(spec, read, rows, settings, seed, Job(Path(folder), name, digest_json(named), kind), progress)


def tune(
    base: ModelSpec, texts: TextExamples, rows: Sequence[int] | np.ndarray | None, settings: Settings, seed: int,
    job: Job, progress: Progress | None = None,
) -> FineTuned:  # fmt: skip
    """The same with the supervision read. Checkpoints are removed at the end."""
    check_settings(settings, texts.examples.metric)
    sides = texts.split(rows, seed)
    with torch_threads():
        encoder, checkpoints = load_encoder(base, job.folder), Checkpoints(job.checkpoints)
        examples = texts.examples
        train_side = reduced(examples.take(sides.train), len(sides.train), TEST_CANDIDATES, seed)
        validation = reduced(examples.take(sides.validation), MAX_VALIDATION, VALIDATION_CANDIDATES, seed)
        tests = {"seen": reduced(examples.take(sides.seen), MAX_TEST, TEST_CANDIDATES, seed)}
        if has_queries(examples, sides.unseen):
            tests["unseen"] = reduced(examples.take(sides.unseen), MAX_TEST, TEST_CANDIDATES, seed)
        before = {part: embedded(texts, test, encoder) for part, test in tests.items()}
        adapter, cost = _adapter(encoder, texts, train_side, validation, settings, seed)
        trace = fit(encoder, texts, Sides(train_side, validation), settings, seed, checkpoints, progress or no_progress)
        after = {part: embedded(texts, test, encoder) if trace.best else before[part] for part, test in tests.items()}
    scores = {part: _compare(before[part], after[part] if trace.best else None, adapter, seed) for part in tests}
    costs = _costs(encoder, trace, cost)
    report = FineTuned(
        None, base, settings, seed, job.source, scores["seen"], scores.get("unseen"), costs,
        _shortened(before["seen"], after["seen"]) if settings.matryoshka else (), trace, len(sides.train),
        len(sides.validation), examples.take(sides.training).pairs, texts.supervision.missing, sides.left_out,
        _method(texts, sides, settings, trace, seed), _notes(texts, sides, trace, scores),
    )  # fmt: skip
    report = _stored(report, encoder, job, texts.used_texts(sides.training)) if trace.best else report
    checkpoints.discard()
    return report


def _adapter(
    encoder: Encoder, texts: TextExamples, train_side: Examples, validation: Examples, settings: Settings, seed: int
) -> tuple[Arrays | None, Cost | None]:
    """An adapter on the base's vectors of the same examples."""
    if not settings.adapter:
        return None, None
    started, cpu_started = time.perf_counter(), time.process_time()
    rows, checked = embedded(texts, train_side, encoder), embedded(texts, validation, encoder)
    start = unchanged(rows)
    fitted = fit_or_identity(rows, checked, start, AdapterSettings(), seed)
    minutes, cpu = (time.perf_counter() - started) / 60, (time.process_time() - cpu_started) / 60
    size = sum(array.nbytes for array in fitted.arrays.values())
    return fitted.arrays, Cost(ADAPTER, minutes, cpu, size)


def _compare(before: Examples, after: Examples | None, adapter: Arrays | None, seed: int) -> Scores:
    views = [View(BASE, before, unchanged(before))]
    if after is not None:
        views.append(View(TUNED, after, unchanged(after)))
    if adapter is not None:
        views.append(View(ADAPTER, before, adapter))
    if len(views) == 1:  # the comparison needs two
        views.append(View(TUNED, before, unchanged(before)))
    return compare(views, seed)


def _costs(encoder: Encoder, trace: Trace, adapter: Cost | None) -> tuple[Cost, ...]:
    tuned = Cost(TUNED, trace.seconds / 60, trace.cpu_seconds / 60, encoder.bytes if trace.best else 0)
    return Cost(BASE, 0.0, 0.0, encoder.bytes), tuned, *((adapter,) if adapter else ())


def _shortened(before: Examples, after: Examples) -> tuple[Shortened, ...]:
    rows = rows_of(before)[0]
    return tuple(
        Shortened(size, *(_cut_score(examples, size) for examples in (before, after)))
        for size in shortened(rows.shape[1])
    )


def _cut_score(examples: Examples, size: int) -> float:
    """The score by the first dimensions alone."""
    first, second = (unit_rows(rows[:, :size]) for rows in rows_of(examples))
    cut = with_rows(examples, first, second)
    return mapped_score(cut, unchanged(cut))


def _stored(report: FineTuned, encoder: Encoder, job: Job, trained: Sequence[str]) -> FineTuned:
    """The report with the stored model. trained: texts of training and validation. Raises StorageError."""
    from core.files import replacing

    spec = ModelSpec(
        BACKEND_NAME, job.name, "", encoder.spec.dimensions, max_tokens=encoder.spec.max_tokens,
        query_prompt=encoder.spec.query_prompt, document_prompt=encoder.spec.document_prompt,
        languages=report.base.languages,
    )  # fmt: skip
    with replacing(model_path(job.name, job.folder)) as temporary:
        encoder.transformer.save_pretrained(str(temporary), create_model_card=False, safe_serialization=True)
        write_card(report, spec, temporary / "README.md")
        save_digests(text_digests(trained), temporary)
    facts = {"base": report.base.label, "source": report.source, "made": time.time()}
    return replace(report, model=add_model(spec, facts, job.folder))


def _method(texts: TextExamples, sides: SplitSides, settings: Settings, trace: Trace, seed: int) -> str:
    return (
        f"{settings.method} trained by AdamW with {settings.loss_name}, batches of {settings.batch}, learning rate "
        f"{settings.rate:g}, at most {settings.epochs} epochs ({trace.steps:,} steps), seed {seed}; the checkpoint of "
        f"step {trace.best:,} by {trace.metric} of {len(sides.validation):,} validation examples. {sides.method}"
    )


def _notes(texts: TextExamples, sides: SplitSides, trace: Trace, scores: dict[str, Scores]) -> tuple[str, ...]:
    notes, supervision = [], texts.supervision
    if not trace.best:
        notes.append("No checkpoint had a better validation score than the base, so no model is stored: use the base.")
    if trace.stopped:
        notes.append(f"Training ended {trace.stopped}, after step {trace.saved:,} of {trace.steps:,}.")
    if supervision.missing:
        notes.append(f"{supervision.missing:,} {supervision.unit} without usable supervision are left out.")
    if sides.left_out:
        notes.append(
            f"{sides.left_out:,} examples are not used: they share texts with training pairs or labels with validation "
            "rows alone, or are too many."
        )
    if trace.best and scores["seen"].scores[1].is_worse:
        notes.append("The fine-tuned model is significantly worse on held-out rows: use the base.")
    unseen = scores.get("unseen")
    if trace.best and unseen and unseen.scores[1].is_worse:
        notes.append("The fine-tuned model is significantly worse on labels that it was not trained on.")
    return tuple(notes)
