"""A report's part on what the contenders' spaces are like."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.corpus.text_edits import PROBES
from core.errors import PlanisphereError
from core.quality import robustness as robust
from core.quality import service as measures
from core.quality import summaries as words
from core.quality.edit_robustness import NEUTRAL
from core.quality.length_bias import LengthBias
from core.quality.noise import Noise
from core.quality.robustness import Wording
from core.quality.service import Fullness, HubGain
from core.quality.similarity import Kind, Similarity
from core.report.document import Block, Figure, Heading, Paragraph, Table, table
from core.report.svg import Axis, Series, lines_svg, percent
from core.types import CorpusRef
from core.vectors.contenders import Contender, has_graph

SECONDS = 12.0  # a download is kept waiting; what is not begun by then is left out
MAX_ROWS = 30_000  # of more, one contender takes longer than that
PAIR_KINDS: dict[Kind, tuple[str, int]] = {
    "random": ("random pairs", -1), "label": ("pairs of one label", 2), "tenth": ("tenth neighbors", 4),
    "first": ("nearest neighbors", 0),
}  # fmt: skip
MERGED_BINS = 8  # bins of the answer that are drawn as one
MAX_FIGURES = 3  # contenders whose cosines are drawn
NOISE_LENGTH = 0.3  # length of the noise whose cost the table tells
MEASURES = ("Used equally", "Intrinsic", "Random cosine", "Nearest against random", "Hubs", "In no list", "Length",
            "Lost by noise")  # fmt: skip


@dataclass(frozen=True, eq=False)
class ModelDiagnostics:
    """What is told of one contender. place: among the report's contenders."""

    name: str
    place: int
    similarity: Similarity
    fullness: Fullness
    noise: Noise
    hubs: HubGain
    length: LengthBias
    wording: Wording | None


def diagnose(corpus: CorpusRef, contenders: Sequence[Contender], rows: int, column: str) -> list[ModelDiagnostics]:
    """What the spaces are like, of contenders whose neighbors are kept, one after another as long as time is left.

    column: of labels, "" for none.
    """
    found: list[ModelDiagnostics] = []
    if rows > MAX_ROWS:
        return found
    started, column = time.monotonic(), _judged(corpus, column)
    for place, contender in enumerate(contenders):
        if time.monotonic() - started > SECONDS or not has_graph(corpus, contender):
            continue
        try:
            found.append(ModelDiagnostics(contender.label, place, *_measured(corpus, contender, column),
                                   _wording(corpus, contender)))  # fmt: skip
        except PlanisphereError:  # too few texts
            continue
    return found


def _judged(corpus: CorpusRef, column: str) -> str:
    """The column, or "" where its labels are too few to be compared."""
    try:
        return column if column and measures.check_labels(corpus, column) else ""
    except PlanisphereError:
        return ""


@lru_cache(maxsize=20)
def _measured(
    corpus: CorpusRef, contender: Contender, column: str
) -> tuple[Similarity, Fullness, Noise, HubGain, LengthBias]:
    """Kept while the worker lives, so that a second report costs nothing and holds more."""
    where = (corpus, contender)
    return (
        measures.similarity(*where, column), measures.fullness(*where), robust.noise(*where),
        measures.hub_gain(*where, column), measures.length_bias(*where),
    )  # fmt: skip


def _wording(corpus: CorpusRef, contender: Contender) -> Wording | None:
    """Robustness to changed texts, where it was measured."""
    try:
        return robust.wording(corpus, contender)
    except PlanisphereError:
        return None


def cosine_figure(name: str, found: Similarity) -> Figure:
    """Shares of pairs over their cosine, a line a kind."""
    series = []
    for kind, (words, color) in PAIR_KINDS.items():
        if kind in found.cosine:
            shares = found.cosine[kind].reshape(-1, MERGED_BINS).sum(axis=1)
            middle = -1 + 2 * (np.arange(len(shares)) + 0.5) / len(shares)
            some = np.flatnonzero(shares > 0)
            part = slice(max(some[0] - 1, 0), some[-1] + 2)
            drawn = middle[part].tolist(), shares[part].tolist()
            series.append(Series(words, *drawn, color=color, dots=False))
    rows = [(PAIR_KINDS[kind][0], f"{value:.3f}", f"{found.drawn[kind]:,}") for kind, value in found.medians.items()]
    numbers = table((f"Under {name}", "Median cosine", "Pairs"), rows, (f"Under {name}",))
    title = f"cosine under {name}"
    return Figure(lines_svg(series, Axis(title), Axis("share of the pairs", percent)), f"shares by {title}", numbers)


def spectrum_figure(found: Sequence[tuple[str, int, Fullness]]) -> Figure:
    """The share of the variance in the strongest components, the mean taken off, a line a contender."""
    series = [
        Series(name, density.components.tolist(), density.centered.tolist(), color=place, dots=False)
        for name, place, density in ((name, place, each.density) for name, place, each in found)
    ]
    across = Axis("strongest components", "{:,.0f}".format, log=True)
    rows = [(name, *(f"{np.interp(count, each.x, each.y):.1%}" for count in (1, 10, 100)))
            for name, each in zip([name for name, _, _ in found], series, strict=True)]  # fmt: skip
    numbers = table(
        ("Share of the variance in the first", "1", "10", "100"), rows, ("Share of the variance in the first",)
    )
    svg = lines_svg(series, across, Axis("share of the variance", percent))
    return Figure(svg, "cumulative share of the variance by components", numbers)


def noise_figure(found: Sequence[tuple[str, int, Noise]]) -> Figure:
    """The share of the ten nearest lost over the length of the noise, a line a contender with its band."""
    series = []
    for name, place, each in found:
        value, low, high = ([getattr(at, end) for at in each.churn] for end in ("value", "low", "high"))
        series.append(Series(name, each.sizes, value, low, high, place))
    sizes = found[0][2].sizes
    rows = [(f"{size:g}", *(f"{each.y[at]:.1%}" for each in series)) for at, size in enumerate(sizes)]
    across = Axis("length of the noise (a vector's is 1)", "{:g}".format)
    svg = lines_svg(series, across, Axis("ten nearest lost", percent))
    return Figure(svg, "neighbors lost by noise", table(("Noise", *(name for name, _, _ in found)), rows))


def quality_blocks(found: Sequence[ModelDiagnostics]) -> list[Block]:
    """The section; nothing where no contender could be looked at."""
    if not found:
        return []
    one = found[0]
    blocks: list[Block] = [
        Heading("What the spaces are like"),
        Paragraph("Diagnostics of each contender by itself: they describe it and make no winner.", "note"),
        _table(found),
        Paragraph(_legend(one), "note"),
    ]
    blocks += [cosine_figure(each.name, each.similarity) for each in found[:MAX_FIGURES]]
    drawn = "" if len(found) <= MAX_FIGURES else f" Drawn: the first {MAX_FIGURES}."
    blocks.append(Paragraph(words.of_similarity([(each.name, each.similarity) for each in found]) + drawn))
    blocks.append(spectrum_figure([(each.name, each.place, each.fullness) for each in found]))
    blocks.append(Paragraph(words.of_fullness([(each.name, each.fullness) for each in found])))
    blocks.append(noise_figure([(each.name, each.place, each.noise) for each in found]))
    blocks.append(Paragraph(words.of_noise([(each.name, each.noise) for each in found], NOISE_LENGTH)))
    blocks.append(Paragraph(words.of_hubs([(each.name, each.hubs) for each in found])))
    blocks.append(Paragraph(words.of_length([(each.name, each.length) for each in found])))
    return blocks + _wording_blocks([(each.name, each.wording) for each in found if each.wording])


def _table(found: Sequence[ModelDiagnostics]) -> Table:
    """One row a measure, one column a contender."""
    cells = zip(MEASURES, *(_cells(each) for each in found), strict=True)
    return table(("", *(each.name for each in found)), list(cells), ("",))


def _cells(each: ModelDiagnostics) -> tuple[str, ...]:
    density, plain = each.fullness.density, each.hubs.lines["none"]
    auc, churn = each.similarity.auc.get("first"), each.noise.churn[each.noise.sizes.index(NOISE_LENGTH)]
    used = words.between(density.measures["participation", True])
    return (
        f"{used} of {density.dimensions:,}", words.between(each.fullness.intrinsic),
        f"{density.measures['mean_cosine', False].value:.3f}",
        "unknown" if auc is None else words.between(auc, words.share), f"{plain.skewness:.2f}",
        words.share(plain.never), words.between(each.length.rho["everyone"], "{:+.2f}".format),
        words.between(churn, words.share),
    )  # fmt: skip


def _legend(one: ModelDiagnostics) -> str:
    density, hubs, noise = one.fullness.density, one.hubs, one.noise
    return (
        f"Over {density.texts:,} of {density.total:,} different texts, seed {density.seed}; in brackets 95% intervals. "
        "Used equally: as many equally used dimensions would vary as much (participation ratio, the mean taken off). "
        "Intrinsic: dimensions in which near texts vary (TwoNN). Random cosine: mean of random pairs. Nearest against "
        "random: how often a nearest text is nearer than a random pair, 50% by chance. Hubs: skewness of how often "
        f"texts are among others' {hubs.k} nearest, {hubs.chance:.2f} by chance; in no list: texts that nobody has "
        "among these. Length: Spearman's correlation of a text's length with its mean cosine to all others. Lost by "
        f"noise: share of the 10 nearest lost when noise of length {NOISE_LENGTH:g} is added, over {noise.texts:,} texts."
    )


def _wording_blocks(found: Sequence[tuple[str, Wording]]) -> list[Block]:
    if not found:
        return []
    names = [name for name in PROBES if any(each.line(name) for _, each in found)]
    rows = [(name, *(_lost(each, probe) for probe in names)) for name, each in found]
    turned = [name for name, probe in PROBES.items() if not probe.keeps_meaning]
    labels: dict[str, str] = {name: probe.label for name, probe in PROBES.items()}
    note = (
        "Mean share of a text's 10 nearest that are lost when its wording is changed by rules, up to 200 texts a change"
        f", seed {found[0][1].seed}. Where the meaning turns (numbers, negation), more is better; else less."
    )
    said: Callable[..., str] = words.of_wording
    return [
        Heading("Changed wording", 3),
        table(("Contender", *(labels[name] for name in names)), rows, ("Contender",)),
        Paragraph(said(list(found), labels, turned, NEUTRAL)),
        Paragraph(note, "note"),
    ]


def _lost(found: Wording, probe: str) -> str:
    line = found.line(probe)
    return "" if line is None else words.share(line.churn_mean.value)
