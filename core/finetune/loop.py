"""Fine-tuning: a model trained on texts by a loss of sentence-transformers, stopped early by a validation score.

Own loop around the library's losses instead of its Trainer, see docs/decisions: a training killed anywhere goes on
from its latest checkpoint with the same batches, and no checkpoint is a pickle.
"""

import time
from dataclasses import dataclass, replace
from itertools import cycle, islice, pairwise
from typing import Any

import numpy as np

from core.adapt.service import Examples, ScoredPairs
from core.errors import InputError
from core.finetune.batches import Batch, Batches
from core.finetune.checkpoints import Checkpoints, Trace, with_loss, with_score
from core.finetune.comparison import score
from core.finetune.encoder import Encoder
from core.finetune.examples import TextExamples
from core.finetune.losses import add_low_rank, batch_loss, build_loss, merge_low_rank
from core.finetune.settings import Settings
from core.types import Progress

WARM_UP = 0.1  # share of the steps in which the learning rate rises
WEIGHT_DECAY = 0.01  # of matrices, not of biases and norms
MAX_NORM = 1.0  # of gradients
STOPPED_EARLY, STOPPED_BY_PERSON = "by early stopping", "on request"


@dataclass(frozen=True, eq=False)
class Sides:
    """train, validation: examples over stand-ins."""

    train: Examples
    validation: Examples


def fit(
    encoder: Encoder, texts: TextExamples, sides: Sides, settings: Settings, seed: int, checkpoints: Checkpoints,
    progress: Progress,
) -> Trace:  # fmt: skip
    """Train the encoder's weights; at the end they are those with the best validation score, or the base's where no
    score was better. Goes on where an earlier call with the same arguments was interrupted. Raises StorageError."""
    batches = Batches(texts, sides.train, settings.loss, settings.batch, seed, encoder.encode)
    if not batches.steps:
        raise InputError("No two training texts share a label.", "Add more labeled rows.")
    loop = _Loop(encoder, texts, sides, settings, seed, checkpoints, batches)
    loop.run(progress)
    return checkpoints.trace


class _Loop:
    """One training, or the rest of it."""

    def __init__(
        self, encoder: Encoder, texts: TextExamples, sides: Sides, settings: Settings, seed: int,
        checkpoints: Checkpoints, batches: Batches,
    ) -> None:  # fmt: skip
        self.encoder, self.texts, self.sides, self.settings, self.seed = encoder, texts, sides, settings, seed
        self.checkpoints, self.batches, self.model = checkpoints, batches, encoder.transformer
        self.steps = batches.steps * settings.epochs
        self.started, self.cpu_started = time.perf_counter(), time.process_time()
        self.losses: list[float] = []
        self.drawn: tuple[int, list[Batch]] = -1, []

    def run(self, progress: Progress) -> None:
        trace, window = self.checkpoints.trace, self.model.max_seq_length
        self._prepare()
        self.spent = trace.seconds, trace.cpu_seconds
        try:
            self._train(self._first_trace(trace), progress)
        finally:
            self.model.max_seq_length = window
        self._end()

    def _prepare(self) -> None:
        import torch

        torch.manual_seed(self.seed)
        if self.settings.lora_rank:
            try:
                add_low_rank(self.model, self.settings.lora_rank)
            except ValueError as error:
                message = "This model has no attention that LoRA could be added to."
                raise InputError(message, "Train all weights: set the LoRA rank to 0.") from error
        self.model.max_seq_length = min(self.model.max_seq_length or self.settings.max_tokens, self.settings.max_tokens)
        self.loss = build_loss(self.model, self.settings)
        self.optimizer = _optimizer(self.model)
        is_symmetric = isinstance(self.sides.train, ScoredPairs) or self.sides.train.is_symmetric
        documents = self.encoder.spec.document_prompt
        self.prompts = documents if is_symmetric else self.encoder.spec.query_prompt, documents

    def _first_trace(self, trace: Trace) -> Trace:
        """The trace to go on from, its state loaded; for a new training, with the score of the base."""
        if trace.saved:
            trace = replace(trace, resumed=trace.resumed + 1)
            self.checkpoints.resume(self.model, self.optimizer)
        elif not trace.scores:
            trace = with_score(Trace(self.steps, metric=self.sides.train.metric), 0, self._score())
        self.checkpoints.write(trace)
        return trace

    def _train(self, trace: Trace, progress: Progress) -> None:
        """Steps until the end, early stopping or a request."""
        due = _score_steps(self.batches.steps, self.settings)
        for step in range(trace.saved + 1, self.steps + 1):
            if trace.is_ended:
                break
            if self.checkpoints.is_stop_requested():
                trace = self._stopped(trace, STOPPED_BY_PERSON)
                break
            progress(step - 1, self.steps)
            epoch, position = divmod(step - 1, self.batches.steps)
            self._step(step, self._epoch(epoch)[position])
            if position + 1 in due:
                trace = self._scored(with_loss(trace, step, self.losses), step)
                self.losses = []
        progress(self.steps if trace.is_ended else trace.saved, self.steps)

    def _epoch(self, number: int) -> list[Batch]:
        if self.drawn[0] != number:
            # their number differs a little by epoch, since some anchors are left out
            batches = self.batches.epoch(number) or self.batches.epoch(0)
            self.drawn = number, list(islice(cycle(batches), self.batches.steps))
        return self.drawn[1]

    def _step(self, step: int, batch: Batch) -> None:
        import torch

        torch.manual_seed(self.seed * 1_000_003 + step)  # of dropout
        self.model.train()
        rate = self.settings.rate * _schedule(step, self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = batch_loss(self.model, self.loss, batch, self.prompts)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_NORM)
        self.optimizer.step()
        self.losses.append(float(loss.detach()))

    def _scored(self, trace: Trace, step: int) -> Trace:
        """The trace after a validation and its checkpoint."""
        trace = replace(with_score(trace, step, self._score()), saved=step)
        since_best = sum(scored > trace.best for scored, _ in trace.scores)
        if since_best >= self.settings.patience:
            trace = replace(trace, stopped=STOPPED_EARLY)
        trace = self._timed(trace)
        self.checkpoints.save(trace, self.model, self.optimizer)
        return trace

    def _stopped(self, trace: Trace, reason: str) -> Trace:
        trace = self._timed(replace(trace, stopped=reason))
        self.checkpoints.write(trace)
        return trace

    def _timed(self, trace: Trace) -> Trace:
        seconds = self.spent[0] + time.perf_counter() - self.started
        cpu_seconds = self.spent[1] + time.process_time() - self.cpu_started
        return replace(trace, seconds=seconds, cpu_seconds=cpu_seconds)

    def _score(self) -> float:
        return score(self.texts, self.sides.validation, self.encoder)

    def _end(self) -> None:
        """Put the best weights in place; those of the base are the caller's to load again."""
        if self.checkpoints.trace.best:
            self.checkpoints.load_best(self.model)
        merge_low_rank(self.model)


def _optimizer(model: Any) -> Any:
    import torch

    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in parameters if parameter.ndim > 1]
    vectors = [parameter for parameter in parameters if parameter.ndim <= 1]
    groups: list[dict[str, Any]] = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors}]
    return torch.optim.AdamW(groups, weight_decay=0)


def _score_steps(steps: int, settings: Settings) -> set[int]:
    """The steps of an epoch after which the model is scored, the last one among them."""
    ends = np.linspace(0, steps, min(settings.scores_per_epoch, steps) + 1).round().astype(int)
    return {int(end) for _, end in pairwise(ends)}


def _schedule(step: int, steps: int) -> float:
    """The share of the learning rate at a step, counted from 1."""
    warm = max(round(WARM_UP * steps), 1)
    return step / warm if step <= warm else max(steps - step + 1, 1) / (steps - warm + 1)
