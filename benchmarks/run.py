"""All benchmarks, one after the other, each in a fresh process."""

import subprocess
import sys

from benchmarks.data import ROOT

BENCHMARKS = (
    "embedding",
    "whole_way",
    "large",
    "app",
    "users",
    "start",
    "scatter",
    "clusters",
    "anomalies",
    "doubts",
    "trends",
    "scoreboard",
    "compare",
    "classify",
    "adapt",
    "finetune",
    "ask",
    "entities",
)

if __name__ == "__main__":
    for name in BENCHMARKS:
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=ROOT, check=True)
