"""FAQ assistants as files: one .npz of arrays and a JSON manifest, without pickle."""

from pathlib import Path

import numpy as np

from core.archive import pack, read_source, unpack
from core.ask.assistant import Faq, FaqData
from core.errors import InputError
from core.files import replacing
from core.models.base import Embedder
from core.types import check_unit_rows

NAME, VERSION = "faq", 2


def save_faq(faq: Faq, path: str | Path) -> None:
    """Write an assistant to a file: its questions, answers, vectors and threshold. Raises StorageError."""
    with replacing(Path(path)) as temporary:
        temporary.write_bytes(faq_bytes(faq.data))


def load_faq(source: str | Path | bytes, embedder: Embedder) -> Faq:
    """A saved assistant, from a file or its content. Raises InputError where the file can't be read, is no assistant,
    is damaged, or belongs to another embedding model."""
    data = read_faq(source)
    if data.model.key != embedder.spec.key:
        message = f"This FAQ belongs to vectors of {data.model.label}; the embedder is {embedder.spec.label}."
        raise InputError(message, f"Pass the embedder of {data.model.label}.")
    return Faq(data, embedder)


def read_faq(source: str | Path | bytes) -> FaqData:
    """A saved assistant without its embedder, whose model it names. Raises InputError as `load_faq`."""
    name, content = read_source(source)
    try:
        data: FaqData = unpack(FaqData, content, NAME, VERSION)
        _check(data)
    except Exception as error:  # zipfile, zlib and numpy raise almost anything for damaged content
        message = f"{name} is not an FAQ assistant of Planisphere, or is damaged."
        raise InputError(message, "Save it again where it was made.") from error
    return data


def faq_bytes(data: FaqData) -> bytes:
    """The content of a file."""
    return pack(data, NAME, VERSION)


def _check(data: FaqData) -> None:
    """Raise ValueError or InputError for arrays that no reply can be computed from."""
    check_unit_rows(data.vectors)
    sizes = {len(data.vectors), len(data.codes), len(data.rows), len(data.questions)}
    used = np.unique(data.codes)
    if len(sizes) > 1 or not np.array_equal(used, np.arange(len(data.answers))) or data.rows.dtype.kind != "i":
        raise ValueError("the arrays do not fit each other")
