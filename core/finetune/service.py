"""What the Customize page asks of fine-tuning."""

import io
import zipfile
from pathlib import Path

from core.errors import InputError, ModelError
from core.files import discard
from core.finetune.checkpoints import Trace, read_trace, request_stop
from core.finetune.estimate import Plan
from core.finetune.results import FineTuneQuery, job_of, plan_training
from core.models.fine_tuned import delete_model, model_path, tuned_models
from core.models.registry import DEFAULT_MODEL, backend_of, find_spec
from core.store import Workspace
from core.types import CorpusRef, ModelSpec

MAX_ZIP = 2_000_000_000  # bytes of a model's folder that are sent as one file
__all__ = ["Plan", "Trace", "plan_training", "tuned_models"]


def base_models(corpus: CorpusRef, others: tuple[ModelSpec, ...] = ()) -> tuple[ModelSpec, ...]:
    """The models that can be fine-tuned: the packaged one first, those of the corpus and of the workspace, and others
    that a person has added."""
    stored = Workspace(corpus.folder).models(corpus.digest)
    listed = (find_spec(DEFAULT_MODEL), *stored, *tuned_models(corpus.folder), *others)
    bases = (backend_of(spec).fine_tuning_base(spec) for spec in listed if not spec.adapter)
    return tuple({base.key: base for base in bases if base}.values())


def training_trace(query: FineTuneQuery) -> Trace | None:
    """The course so far of a training that runs or was interrupted; None where there is none."""
    return read_trace(job_of(query).checkpoints)


def stop_training(query: FineTuneQuery) -> None:
    """End a training with its best checkpoint: at its next step, or when its job is started again."""
    request_stop(job_of(query).checkpoints)


def discard_training(query: FineTuneQuery) -> None:
    """Remove the checkpoints of an interrupted training."""
    discard(job_of(query).checkpoints)


def delete_tuned(folder: str, spec: ModelSpec) -> int:
    """Remove a fine-tuned model, and what every corpus has of it; gives the bytes freed. Raises StorageError."""
    workspace = Workspace(folder)
    for info in workspace.corpora():
        workspace.delete_model(info.digest, spec)
    return delete_model(spec.name, folder)


def model_zip(folder: str, spec: ModelSpec) -> bytes:
    """The folder of a fine-tuned model as one file, stored without compression: weights hardly compress. Raises
    ModelError where it was deleted, InputError where it is too large."""
    path = model_path(spec.name, folder)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    if not files:
        raise ModelError(f"The fine-tuned model {spec.name} was deleted.", "Train it again.")
    if sum(file.stat().st_size for file in files) > MAX_ZIP:
        raise InputError("This model is too large for a download.", f"Copy its folder: {path}.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            archive.write(file, Path(spec.name) / file.relative_to(path))
    return buffer.getvalue()


def model_card_text(folder: str, spec: ModelSpec) -> str:
    """The README.md of a fine-tuned model. Raises ModelError where it was deleted."""
    try:
        return (model_path(spec.name, folder) / "README.md").read_text(encoding="utf-8")
    except OSError as error:
        raise ModelError(f"The fine-tuned model {spec.name} was deleted.", "Train it again.") from error
