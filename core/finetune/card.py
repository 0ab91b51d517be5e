"""The model card of a fine-tuned model: README.md as on the Hugging Face Hub, with base, data, loss and figures."""

from pathlib import Path

from core.finetune.comparison import Score, Scores
from core.finetune.report import FineTuned
from core.models.minilm import FLOAT32
from core.stats.interval import Interval
from core.types import ModelSpec

HUB_NAMES = {FLOAT32.name: f"sentence-transformers/{FLOAT32.name}"}


def write_card(report: FineTuned, spec: ModelSpec, path: Path) -> None:
    path.write_text(model_card(report, spec), encoding="utf-8")


def model_card(report: FineTuned, spec: ModelSpec) -> str:
    """Markdown with a YAML header. Names of people's columns stand in code, where they have no effect."""
    base = Path(report.base.name).name
    parts = [
        _header(base),
        f"# {_code(spec.name)}",
        f"{_code(base)} fine-tuned with Planisphere. Vectors have {spec.dimensions} dimensions; texts are read up to "
        f"{spec.max_tokens} tokens. Compare vectors by cosine.",
        _usage(spec),
        "## Training\n\n" + "\n".join(f"- {line}" for line in _facts(report)),
        "## Evaluation\n\n" + _table(report.seen, "Held-out examples of labels or rows that were trained on"),
    ]
    if report.unseen:
        parts.append(_table(report.unseen, "Held-out labels, no row of which was trained on"))
    if report.shortened:
        parts.append(_shortened(report))
    parts += [_code_free(note) for note in report.notes]
    return "\n\n".join(parts) + "\n"


def _header(base: str) -> str:
    name = HUB_NAMES.get(base)
    lines = ["library_name: sentence-transformers", "pipeline_tag: sentence-similarity"]
    lines += [f"base_model: {name}"] if name else []
    return "\n".join(["---", *lines, "---"])


def _usage(spec: ModelSpec) -> str:
    return (
        "```python\nfrom sentence_transformers import SentenceTransformer\n\n"
        'model = SentenceTransformer("path/to/this/folder")\n'
        'rows = model.encode(["a text", "another one"], normalize_embeddings=True)\n```'
    )


def _facts(report: FineTuned) -> list[str]:
    cost = report.costs[1]
    return [
        f"Supervision: {_code(report.source)}",
        f"Examples: {report.train:,} to train, {report.validation:,} to select the checkpoint, "
        f"{report.pairs:,} similar or scored pairs among them",
        f"Loss: {report.settings.loss_name}",
        f"Weights: {report.settings.method}",
        f"Settings: {_code(str(report.settings))}",
        f"Seed: {report.seed}",
        f"Time: {cost.minutes:.1f} minutes ({cost.cpu_minutes:.1f} minutes of processor time)",
        _code_free(report.method),
    ]


def _table(scores: Scores, title: str) -> str:
    lines = [f"**{title}** ({scores.observations:,}, {scores.metric}, higher is better, 95% intervals)", ""]
    lines += ["| model | score | minus base | p |", "|---|---|---|---|"]
    lines += [_row(score) for score in scores.scores]
    return "\n".join([*lines, "", scores.method])


def _row(score: Score) -> str:
    difference = _interval(score.difference, "+") if score.difference else ""
    p_value = f"{score.p_value:.4f}" if score.difference else ""
    return f"| {score.name} | {_interval(score.score)} | {difference} | {p_value} |"


def _interval(value: Interval[float], sign: str = "") -> str:
    return f"{value.value:{sign}.3f} ({value.low:{sign}.3f} to {value.high:{sign}.3f})"


def _shortened(report: FineTuned) -> str:
    lines = ["| first dimensions | base | fine-tuned |", "|---|---|---|"]
    lines += [f"| {part.dimensions} | {part.base:.3f} | {part.tuned:.3f} |" for part in report.shortened]
    return "\n".join(lines)


def _code(text: str) -> str:
    """Inline code of one line."""
    return "`" + " ".join(text.replace("`", "'").split()) + "`"


def _code_free(text: str) -> str:
    return " ".join(text.split())
