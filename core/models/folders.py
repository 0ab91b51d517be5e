"""Folders of models on this machine: which may be used, and which of their files decide their results."""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.errors import ModelError
from core.files import file_sha256

SETTING = "PLANISPHERE_MODEL_FOLDERS"
MAX_FILES = 10_000  # of one model's folder; a checkout of a large model has some hundred
WEIGHTS = (".safetensors", ".bin", ".json", ".txt")  # endings of the files that decide a local model's vectors
_MARKS = ("modules.json", "config.json", "config_sentence_transformers.json")  # one of them is in every model's folder


def is_folder(name: str) -> bool:
    """True where the name is a folder on this machine."""
    try:
        return bool(name.strip()) and Path(name).expanduser().is_dir()
    except (OSError, ValueError, RuntimeError):  # too long, with a NUL, or the home of a user there is not
        return False


def check_folder(
    name: str, is_hub_name: bool, allowed: Sequence[Path] | None, other: str = "a Hugging Face Hub name"
) -> str:
    """The name of a model as it may be loaded: of a folder, its path without links. allowed: the folders whose contents
    may be used; None for any. other: what may be entered instead. Raises ModelError, the same one whether or not there
    is such a folder."""
    if allowed is None or (is_hub_name and not is_folder(name)):
        return name
    try:
        path = Path(name).expanduser().resolve()
        inside = any(path.is_relative_to(parent.resolve()) for parent in allowed) and path.is_dir()
    except (OSError, ValueError, RuntimeError):
        inside = False
    if inside:
        return str(path)
    message = "No model can be loaded from this folder here."
    raise ModelError(message, f"Enter {other}, or have the folder's parent listed in {SETTING}.")


def folder_digest(folder: Path) -> str:
    """Names a local model: the digest of the files that decide its results. Raises ModelError as `weight_files`."""
    digest = hashlib.sha256()
    for path in weight_files(folder):
        digest.update(f"{path.relative_to(folder).as_posix()} {file_sha256(path)}\n".encode())
    return f"sha256:{digest.hexdigest()[:16]}"


def weight_files(folder: Path) -> list[Path]:
    """The files below a model's folder that decide its vectors, sorted. Links to folders are not followed. Raises
    ModelError where there is no model, a file that is none (a pipe or device, whose reading may never end), or more
    than MAX_FILES."""
    if not any((folder / mark).is_file() for mark in _MARKS):
        raise ModelError(
            f"The folder {folder} holds no model that can be loaded.", "It needs a sentence-transformers model."
        )
    files = []
    for count, (path, mode) in enumerate(_walk(folder), start=1):
        if count > MAX_FILES:
            raise ModelError(
                f"The folder {folder} holds more than {MAX_FILES:,} files.", "Enter a folder of one model."
            )
        if not stat.S_ISREG(mode):
            message = f"The folder {folder} holds {path.name}, which is a pipe, a device or the like, and no file."
            raise ModelError(message, "Remove it, or enter another folder.")
        if path.suffix in WEIGHTS:
            files.append(path)
    return sorted(files)


def _walk(folder: Path) -> Iterator[tuple[Path, int]]:
    """Everything below a folder but folders and broken links: paths, and the modes of what links lead to."""
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                try:
                    mode = entry.stat().st_mode
                except OSError:  # a link to nothing, or to itself
                    continue
                if not stat.S_ISDIR(mode):
                    yield Path(entry.path), mode
                elif not entry.is_symlink():
                    waiting.append(Path(entry.path))
