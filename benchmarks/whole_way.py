"""From file to explorable map on BANKING77: the plain script, core/ in a fresh process, and the app's warm workers."""

import tempfile
import time
from pathlib import Path

from sklearn.manifold import trustworthiness

from benchmarks.data import banking
from benchmarks.report import fresh, keep
from core.corpus.build import read_corpus
from core.jobs.manager import JobManager
from core.jobs.types import JobSpec
from core.map.trust import measure_trust
from core.models.minilm import model_folder
from core.models.registry import PRESETS
from core.store import Workspace
from core.types import ModelSpec, Vectors, unit_rows
from core.vectors.neighbors import build_neighbors

SAMPLE = 3_000


def quality(arrays: dict) -> dict[str, float]:
    """Both maps judged against their own vectors, in the same way."""
    vectors = Vectors(unit_rows(arrays["vectors"]), ModelSpec("imported", "measured"), "0" * 16)
    trust = measure_trust(vectors, build_neighbors(vectors, k=100), arrays["points"], k=15)
    part = slice(0, SAMPLE)
    return {
        "trustworthiness": round(trust.trustworthiness, 4),
        "knn_preservation": round(trust.knn_preservation, 4),
        "sklearn_trustworthiness_3000": round(
            float(trustworthiness(arrays["vectors"][part], arrays["points"][part], n_neighbors=15, metric="cosine")), 4
        ),
    }


def in_the_app(folder: Path) -> dict[str, float]:
    """The embed job as the app runs it, after the warm-up of its workers; then once more."""
    manager = JobManager(warm_folder=str(folder))
    manager.wait_warm()
    workspace = Workspace(folder)
    seconds = {}
    for visit in ("first", "second"):
        started = time.perf_counter()
        corpus = workspace.save_corpus(read_corpus(banking(), text="text", label="category"))
        job = manager.submit(JobSpec("embed", str(folder), corpus.digest, {"model": PRESETS[0].to_dict()}, title=visit))
        while manager.get(job).open:
            time.sleep(0.02)
        seconds[visit] = time.perf_counter() - started
        if manager.get(job).status != "done":
            raise SystemExit(f"the job ended {manager.get(job)}")
        manager.forget(str(folder), job)
    manager.close()
    return seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        plain, plain_arrays = fresh(
            "benchmarks.plain_script", str(banking()), str(model_folder()), out=folder / "plain"
        )
        core, core_arrays = fresh("benchmarks.core_script", str(banking()), PRESETS[0].name, out=folder / "core")
        app = in_the_app(folder / "app")
        keep("whole_way", {
            "texts": len(core_arrays["points"]), "plain": plain, "core": core, "app": app,
            "core_times_faster": round(plain["total"] / core["total"], 2),
            "app_times_faster": round(plain["total"] / app["first"], 2),
            "plain_quality": quality(plain_arrays), "core_quality": quality(core_arrays),
        })  # fmt: skip


if __name__ == "__main__":
    main()
