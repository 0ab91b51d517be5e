"""Running measured scripts in fresh processes, and keeping what they say."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import RESULTS, ROOT


def say(out: str, arrays: dict[str, np.ndarray], **seconds: float) -> None:
    """Called by a measured script at its end: arrays and seconds for the process that started it."""
    np.savez(f"{out}.npz", **arrays)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Path(f"{out}.json").write_text(json.dumps({**seconds, "peak_mb": peak}))


def fresh(module: str, *arguments: str, out: Path) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Run `python -m module arguments out` in a new process; gives its seconds and arrays."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    subprocess.run([sys.executable, "-m", module, *arguments, str(out)], check=True, cwd=ROOT, env=environment)
    return json.loads(Path(f"{out}.json").read_text()), dict(np.load(f"{out}.npz"))


def keep(name: str, result: dict[str, Any]) -> None:
    """Write a benchmark's result to results/<name>.json and print it."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(result, indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    print(f"{name}: {text}")


def percentile_ms(seconds: list[float], share: float) -> float:
    return round(float(np.percentile(seconds, share)) * 1000, 2)
