"""Diagnostics in a report: how each contender's embedding space is used, and how robust it is."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.corpus.text_edits import TEXT_EDITS
from core.errors import PlanisphereError
from core.quality import service, summaries
from core.quality.length_bias import LengthBias
from core.quality.robustness import AMBIGUOUS, EditRobustness, NoiseRobustness
from core.quality.service import DimensionUsage, Hubness
from core.quality.similarity import PairKind, Similarity
from core.report.document import Block, Figure, Heading, Paragraph, table
from core.report.svg import Axis, Series, lines_svg, percent
from core.types import CorpusRef
from core.vectors.contenders import Contender, has_graph

SECONDS = 12.0  # a download waits this long; what has not started by then is left out
MAX_ROWS = 30_000  # with more, one contender takes longer
PAIR_KINDS: dict[PairKind, tuple[str, int]] = {
    "random": ("random pairs", -1), "label": ("same-label pairs", 2), "tenth": ("tenth neighbors", 4),
    "first": ("nearest neighbors", 0),
}  # fmt: skip
MERGED_BINS = 8  # histogram bins drawn as one
MAX_FIGURES = 3  # contenders with a figure of cosines
NOISE_LENGTH = 0.3  # of the noise in the table
MEASURES = ("Effective dimensions", "Intrinsic dimension", "Random cosine", "Neighbor vs random AUC", "Hubness",
            "Orphans", "Length bias", "Noise sensitivity")  # fmt: skip


@dataclass(frozen=True, eq=False)
class ModelDiagnostics:
    """Diagnostics of one contender. index: among the report's contenders. edits: None where not measured."""

    name: str
    index: int
    similarity: Similarity
    usage: DimensionUsage
    noise: NoiseRobustness
    hubs: Hubness
    length: LengthBias
    edits: EditRobustness | None


def diagnose(corpus: CorpusRef, contenders: Sequence[Contender], rows: int, column: str) -> list[ModelDiagnostics]:
    """Diagnostics of contenders with stored neighbors, until the time is up. column: of labels, "" for none."""
    diagnostics: list[ModelDiagnostics] = []
    if rows > MAX_ROWS:
        return diagnostics
    started, column = time.monotonic(), _usable_column(corpus, column)
    for index, contender in enumerate(contenders):
        if time.monotonic() - started > SECONDS or not has_graph(corpus, contender):
            continue
        with suppress(PlanisphereError):  # too few texts
            measures = _measure(corpus, contender, column)
            diagnostics.append(ModelDiagnostics(contender.label, index, *measures, _load_edits(corpus, contender)))
    return diagnostics


def _usable_column(corpus: CorpusRef, column: str) -> str:
    """The column, or "" where it has too few labels."""
    with suppress(PlanisphereError):
        return column if column and service.check_labels(corpus, column) else ""
    return ""


@lru_cache(maxsize=20)
def _measure(
    corpus: CorpusRef, contender: Contender, column: str
) -> tuple[Similarity, DimensionUsage, NoiseRobustness, Hubness, LengthBias]:
    """Cached in the worker, so that a second report continues where the first one stopped."""
    where = (corpus, contender)
    return (
        service.similarity(*where, column), service.dimension_usage(*where), service.noise_robustness(*where),
        service.hubness(*where, column), service.length_bias(*where),
    )  # fmt: skip


def _load_edits(corpus: CorpusRef, contender: Contender) -> EditRobustness | None:
    """Robustness to edits, where it was measured."""
    with suppress(PlanisphereError):
        return service.edit_robustness(corpus, contender)
    return None


def quality_blocks(models: Sequence[ModelDiagnostics]) -> list[Block]:
    """The section; empty without diagnostics."""
    if not models:
        return []
    some = "" if len(models) <= MAX_FIGURES else f" Figures: the first {MAX_FIGURES}."
    measures = list(zip(MEASURES, *map(_cells, models), strict=True))
    return [
        Heading("Embedding diagnostics"),
        Paragraph("Descriptive only: these measures do not rank the contenders.", "note"),
        table(("", *(model.name for model in models)), measures, ("",)),
        Paragraph(_legend(models[0]), "note"),
        *(cosine_figure(model.name, model.similarity) for model in models[:MAX_FIGURES]),
        Paragraph(summaries.describe_similarity([(model.name, model.similarity) for model in models]) + some),
        spectrum_figure(models),
        Paragraph(summaries.describe_dimension_usage([(model.name, model.usage) for model in models])),
        noise_figure(models),
        Paragraph(summaries.describe_noise([(model.name, model.noise) for model in models], NOISE_LENGTH)),
        Paragraph(summaries.describe_hubness([(model.name, model.hubs) for model in models])),
        Paragraph(summaries.describe_length_bias([(model.name, model.length) for model in models])),
        *_edit_blocks([(model.name, model.edits) for model in models if model.edits]),
    ]


def _cells(model: ModelDiagnostics) -> tuple[str, ...]:
    density, hubs = model.usage.spectrum, model.hubs.rankings["none"]
    auc, churn = model.similarity.auc.get("first"), model.noise.churn[model.noise.sizes.index(NOISE_LENGTH)]
    effective = summaries.with_interval(density.measures["participation", True])
    return (
        f"{effective} of {density.dimensions:,}", summaries.with_interval(model.usage.intrinsic),
        f"{density.measures['mean_cosine', False].value:z.3f}",
        "unknown" if auc is None else summaries.with_interval(auc, summaries.percent), f"{hubs.skewness:z.2f}",
        summaries.percent(hubs.anti_hubs), summaries.with_interval(model.length.rho["all_texts"], "{:+z.2f}".format),
        summaries.with_interval(churn, summaries.percent),
    )  # fmt: skip


def _legend(model: ModelDiagnostics) -> str:
    density, hubs, noise = model.usage.spectrum, model.hubs, model.noise
    return (
        f"Over {density.texts:,} of {density.total:,} distinct texts, seed {density.seed}; 95% intervals in brackets. "
        "Effective dimensions: participation ratio of the centered vectors. Intrinsic dimension: TwoNN. Random cosine: "
        "mean of random pairs. Neighbor vs random AUC: probability that a nearest neighbor is more similar than a "
        f"random pair, 50% by chance. Hubness: skewness of the {hubs.k}-occurrence, {hubs.chance:z.2f} by chance. "
        f"Orphans: texts that are among no other text's {hubs.k} nearest neighbors. Length bias: Spearman's "
        "correlation of a text's length with its mean cosine to all others. Noise sensitivity: share of the 10 nearest "
        f"neighbors lost by adding noise of length {NOISE_LENGTH:g}, over {noise.texts:,} texts."
    )


def cosine_figure(name: str, similarity: Similarity) -> Figure:
    """The distribution of cosines, a line per kind of pairs."""
    series = []
    for kind, (label, color) in PAIR_KINDS.items():
        if kind in similarity.cosine:
            shares = similarity.cosine[kind].reshape(-1, MERGED_BINS).sum(axis=1)
            middle = -1 + 2 * (np.arange(len(shares)) + 0.5) / len(shares)
            filled = np.flatnonzero(shares > 0)
            part = slice(max(filled[0] - 1, 0), filled[-1] + 2)
            series.append(Series(label, middle[part].tolist(), shares[part].tolist(), color=color, dots=False))
    medians = similarity.medians.items()
    rows = [(PAIR_KINDS[kind][0], f"{value:z.3f}", f"{similarity.pairs[kind]:,}") for kind, value in medians]
    first, title = f"Under {name}", f"cosine under {name}"
    numbers = table((first, "Median cosine", "Pairs"), rows, (first,))
    return Figure(lines_svg(series, Axis(title), Axis("share of pairs", percent)), f"distribution of {title}", numbers)


def spectrum_figure(models: Sequence[ModelDiagnostics]) -> Figure:
    """Cumulative variance of the strongest components of the centered vectors, a line per contender."""
    series = []
    for model in models:
        x, y = model.usage.spectrum.components.tolist(), model.usage.spectrum.centered.tolist()
        series.append(Series(model.name, x, y, color=model.index, dots=False))
    rows = [(line.name, *(f"{np.interp(count, line.x, line.y):.1%}" for count in (1, 10, 100))) for line in series]
    first = "Share of variance in the first"
    svg = lines_svg(series, Axis("components", "{:,.0f}".format, log=True), Axis("share of variance", percent))
    return Figure(svg, "cumulative share of variance by components", table((first, "1", "10", "100"), rows, (first,)))


def noise_figure(models: Sequence[ModelDiagnostics]) -> Figure:
    """Share of the ten nearest neighbors lost over the length of the noise, a line with a band per contender."""
    series = []
    for model in models:
        value, low, high = ([getattr(lost, end) for lost in model.noise.churn] for end in ("value", "low", "high"))
        series.append(Series(model.name, model.noise.sizes, value, low, high, model.index))
    sizes = enumerate(models[0].noise.sizes)
    rows = [(f"{size:g}", *(f"{line.y[index]:.1%}" for line in series)) for index, size in sizes]
    svg = lines_svg(series, Axis("length of the noise (vectors: 1)", "{:g}".format), Axis("neighbors lost", percent))
    return Figure(svg, "neighbors lost by noise", table(("Noise", *(model.name for model in models)), rows))


def _edit_blocks(models: Sequence[tuple[str, EditRobustness]]) -> list[Block]:
    if not models:
        return []
    names = [name for name in TEXT_EDITS if any(edits.probe(name) for _, edits in models)]
    lines = [(name, [edits.probe(probe) for probe in names]) for name, edits in models]
    rows = [(name, *(summaries.percent(at.churn_mean.value) if at else "" for at in line)) for name, line in lines]
    changing = [name for name, probe in TEXT_EDITS.items() if not probe.keeps_meaning]
    labels: dict[str, str] = {name: probe.label for name, probe in TEXT_EDITS.items()}
    note = (
        "Mean share of a text's 10 nearest neighbors that are lost by rule-based edits, up to 200 texts per edit, seed "
        f"{models[0][1].seed}. Where an edit changes the meaning (numbers, negation), more is better; otherwise less."
    )
    summary = Paragraph(summaries.describe_edits(list(models), labels, changing, AMBIGUOUS))
    losses = table(("Contender", *(labels[name] for name in names)), rows, ("Contender",))
    return [Heading("Robustness to edits", 3), losses, summary, Paragraph(note, "note")]
