"""The sample corpus, prepared once per workspace on the first visit."""

from pathlib import Path
from typing import Any

from core.files import write_json
from core.jobs.types import JobSpec
from core.models.registry import PRESETS, find_spec
from pages.shared import session

# local, and different from the default model; fast ones first, the multilingual one where it is installed
COMPARED_WITH = ("lexical", "static", *(spec.label for spec in PRESETS if "zh" in spec.languages))
SAMPLE = Path(__file__).parents[3] / "samples" / "shop_feedback.csv"


def prepare_sample() -> None:
    """In a new workspace, start the job that reads and embeds the sample; it runs in the background."""
    mark = session.workspace().folder / "started.json"
    if mark.exists():
        return
    write_json(mark, {"sample": SAMPLE.name})
    start_sample()


def start_sample() -> str:
    """Queue the job of the sample; returns its ID."""
    params = sample_params()
    return session.manager().submit(JobSpec("sample", session.folder(), "", params, title=params["name"]))


def sample_params() -> dict[str, Any]:
    return {
        "path": str(SAMPLE),
        "name": "Shop feedback (sample)",
        "text": "{text}",
        "label": ["area", "language", "rating"],
        "time": "date",
        "id": "id",
        "model": PRESETS[0].to_dict(),
        "more": [find_spec(name).to_dict() for name in COMPARED_WITH],
    }
