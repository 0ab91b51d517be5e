"""What a training leaves on disk while it runs, so that it can be watched, cancelled and resumed.

`trace.json` has losses and scores; `latest-<step>.safetensors` weights and the optimizer's state, `best-<step>` the
weights with the best score. A state counts once trace.json names it, which is written last. No pickle.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from core import codec
from core.errors import StorageError
from core.files import discard, make_folder, read_json, replacing, storage_errors, write_json

TRACE, STOP = "trace.json", "stop.json"
MOMENTS = ("exp_avg", "exp_avg_sq")  # of Adam


@dataclass(frozen=True)
class Trace:
    """The course of a training. losses: (step, mean loss since the one before). scores: (step, validation score), the
    base at step 0. best: the step of the best score; saved: the step that can be resumed; steps: all planned ones.
    seconds: of training so far, all attempts together. stopped: why it ended before all steps, "" while it goes on."""

    steps: int = 0
    losses: tuple[tuple[int, float], ...] = ()
    scores: tuple[tuple[int, float], ...] = ()
    best: int = 0
    saved: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    metric: str = ""
    stopped: str = ""
    resumed: int = 0

    @property
    def best_score(self) -> float:
        return dict(self.scores).get(self.best, float("nan"))

    @property
    def is_ended(self) -> bool:
        return bool(self.stopped) or (self.steps > 0 and self.saved >= self.steps)


@dataclass
class Checkpoints:
    """The folder of one training."""

    folder: Path
    trace: Trace = field(default_factory=Trace)

    def __post_init__(self) -> None:
        self.trace = read_trace(self.folder) or self.trace

    def save(self, trace: Trace, model: Any, optimizer: Any) -> None:
        """A state to resume from; a new best one is stored apart."""
        weights = trainable(model)
        state = dict(weights)
        for name, parameter in model.named_parameters():
            if parameter in optimizer.state:
                state |= {f"{moment}:{name}": optimizer.state[parameter][moment] for moment in MOMENTS}
        self._write(f"latest-{trace.saved}.safetensors", state)
        if trace.best == trace.saved:
            self._write(f"best-{trace.best}.safetensors", weights)
        self.write(trace)
        names = {f"latest-{trace.saved}.safetensors", f"best-{trace.best}.safetensors"}
        for path in self.folder.glob("*.safetensors"):
            if path.name not in names:
                discard(path)

    def write(self, trace: Trace) -> None:
        self.trace = trace
        write_json(self.folder / TRACE, codec.encode(trace)[0])

    def resume(self, model: Any, optimizer: Any) -> None:
        """Load the latest state. Raises StorageError where it is damaged."""
        state = self._read(f"latest-{self.trace.saved}.safetensors")
        load_trainable(model, state)
        for name, parameter in model.named_parameters():
            moments = {moment: state[f"{moment}:{name}"] for moment in MOMENTS if f"{moment}:{name}" in state}
            if moments:
                optimizer.state[parameter] = {"step": _step_tensor(self.trace.saved), **moments}

    def load_best(self, model: Any) -> None:
        """Raises StorageError where there is no best state, or it is damaged."""
        load_trainable(model, self._read(f"best-{self.trace.best}.safetensors"))

    def is_stop_requested(self) -> bool:
        return (self.folder / STOP).exists()

    def discard(self) -> None:
        discard(self.folder)

    def _write(self, name: str, tensors: dict[str, Any]) -> None:
        from safetensors.torch import save_file

        make_folder(self.folder)
        with replacing(self.folder / name) as temporary, storage_errors(self.folder):
            save_file({key: tensor.detach().contiguous() for key, tensor in tensors.items()}, temporary)

    def _read(self, name: str) -> dict[str, Any]:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return dict(load_file(self.folder / name))
        except (OSError, SafetensorError) as error:
            remedy = "Discard the interrupted training and start it again."
            raise StorageError("The checkpoint of this training is damaged.", remedy) from error


def read_trace(folder: Path) -> Trace | None:
    """None where no training has left anything, or it is damaged."""
    try:
        trace: Trace = codec.decode(Trace, read_json(folder / TRACE))
    except (TypeError, KeyError, ValueError):
        return None
    return trace


def request_stop(folder: Path) -> None:
    """Have a training end with its best checkpoint, at its next step or when it is resumed."""
    write_json(folder / STOP, {})


def trainable(model: Any) -> dict[str, Any]:
    """The tensors that training changes, by name."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def load_trainable(model: Any, state: dict[str, Any]) -> None:
    """Copy such tensors into a model of the same shape. Raises StorageError where they are of another one."""
    import torch

    with torch.no_grad():
        for name, parameter in trainable(model).items():
            if name not in state or state[name].shape != parameter.shape:
                raise StorageError("The checkpoint belongs to another model.", "Discard it and start again.")
            parameter.copy_(state[name])


def with_score(trace: Trace, step: int, score: float) -> Trace:
    """The trace after a validation."""
    best = step if not trace.scores or score > trace.best_score else trace.best
    return replace(trace, scores=(*trace.scores, (step, float(score))), best=best)


def with_loss(trace: Trace, step: int, losses: list[float]) -> Trace:
    return replace(trace, losses=(*trace.losses, (step, float(np.mean(losses)))))


def _step_tensor(step: int) -> Any:
    import torch

    return torch.tensor(float(step))
