"""bfloat16 through OpenVINO, for processors that multiply it natively: half the time, vectors all but the same.

Products of bfloat16 numbers are summed in float32, so what is lost is the rounding of weights and activations to 8
bits of mantissa: against float32, a mean cosine of 0.99997 on BANKING77, none below 0.9998 (benchmarks/README.md).
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from queue import LifoQueue
from typing import Any

import numpy as np

from core.models.minilm_files import unloadable

_FLAGS = {"avx512_bf16", "amx_bf16"}  # what Linux calls the instructions; on other systems float32 is kept
Run = Callable[[np.ndarray, np.ndarray], np.ndarray]


@lru_cache(maxsize=1)
def has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor has instructions for bfloat16 products; False where that can't be told."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(_FLAGS & set(line.split()) for line in lines if line.startswith("flags"))


def compiled(path: Path, threads: int) -> Run:
    """token ids, mask (b, s) int64 -> pooled (b, d) float32; may be called from several threads, `threads` at once.

    Raises ModelError where the file can't be loaded.
    """
    # each of these is one model of one thread: two requests to one model can wait for each other without end, one
    # with Python's lock, one with the model's
    idle: LifoQueue[Any] = LifoQueue()
    for _ in range(threads - 1):
        idle.put(None)
    idle.put(_request(path))  # taken first

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

    settings = {
        "INFERENCE_PRECISION_HINT": "bf16",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": 1,
        "ENABLE_CPU_PINNING": False,  # else every worker process takes the same core
    }
    try:
        return openvino.Core().compile_model(str(path), "CPU", settings).create_infer_request()
    except RuntimeError as error:
        raise unloadable(path) from error
