"""A report's part on what the contenders' spaces are like."""

from collections.abc import Callable, Sequence

from core.corpus.text_edits import TEXT_EDITS
from core.quality import summaries as words
from core.quality.edit_robustness import NEUTRAL
from core.quality.robustness import Wording
from core.report.blocks import Block, Heading, Paragraph, Table, table
from core.report.quality_figures import cosines_picture, noise_picture, spectrum_picture
from core.report.spaces import Diagnosed

MOST_DRAWN = 3  # contenders whose cosines are drawn
STEADY = 0.3  # length of the noise whose cost the table tells
MEASURES = ("Used equally", "Intrinsic", "Random cosine", "Nearest against random", "Hubs", "In no list", "Length",
            "Lost by noise")  # fmt: skip


def diagnosed_blocks(found: Sequence[Diagnosed]) -> list[Block]:
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
    blocks += [cosines_picture(each.name, each.similarity) for each in found[:MOST_DRAWN]]
    drawn = "" if len(found) <= MOST_DRAWN else f" Drawn: the first {MOST_DRAWN}."
    blocks.append(Paragraph(words.of_similarity([(each.name, each.similarity) for each in found]) + drawn))
    blocks.append(spectrum_picture([(each.name, each.place, each.fullness) for each in found]))
    blocks.append(Paragraph(words.of_fullness([(each.name, each.fullness) for each in found])))
    blocks.append(noise_picture([(each.name, each.place, each.noise) for each in found]))
    blocks.append(Paragraph(words.of_noise([(each.name, each.noise) for each in found], STEADY)))
    blocks.append(Paragraph(words.of_hubs([(each.name, each.hubs) for each in found])))
    blocks.append(Paragraph(words.of_length([(each.name, each.length) for each in found])))
    return blocks + _wording_blocks([(each.name, each.wording) for each in found if each.wording])


def _table(found: Sequence[Diagnosed]) -> Table:
    """One row a measure, one column a contender."""
    cells = zip(MEASURES, *(_cells(each) for each in found), strict=True)
    return table(("", *(each.name for each in found)), list(cells), ("",))


def _cells(each: Diagnosed) -> tuple[str, ...]:
    density, plain = each.fullness.density, each.hubs.lines["none"]
    auc, churn = each.similarity.auc.get("first"), each.noise.churn[each.noise.sizes.index(STEADY)]
    used = words.between(density.measures["participation", True])
    return (
        f"{used} of {density.dimensions:,}", words.between(each.fullness.intrinsic),
        f"{density.measures['mean_cosine', False].value:.3f}",
        "unknown" if auc is None else words.between(auc, words.share), f"{plain.skewness:.2f}",
        words.share(plain.never), words.between(each.length.rho["everyone"], "{:+.2f}".format),
        words.between(churn, words.share),
    )  # fmt: skip


def _legend(one: Diagnosed) -> str:
    density, hubs, noise = one.fullness.density, one.hubs, one.noise
    return (
        f"Over {density.texts:,} of {density.total:,} different texts, seed {density.seed}; in brackets 95% intervals. "
        "Used equally: as many equally used dimensions would vary as much (participation ratio, the mean taken off). "
        "Intrinsic: dimensions in which near texts vary (TwoNN). Random cosine: mean of random pairs. Nearest against "
        "random: how often a nearest text is nearer than a random pair, 50% by chance. Hubs: skewness of how often "
        f"texts are among others' {hubs.k} nearest, {hubs.chance:.2f} by chance; in no list: texts that nobody has "
        "among these. Length: Spearman's correlation of a text's length with its mean cosine to all others. Lost by "
        f"noise: share of the 10 nearest lost when noise of length {STEADY:g} is added, over {noise.texts:,} texts."
    )


def _wording_blocks(found: Sequence[tuple[str, Wording]]) -> list[Block]:
    if not found:
        return []
    names = [name for name in TEXT_EDITS if any(each.line(name) for _, each in found)]
    rows = [(name, *(_lost(each, probe) for probe in names)) for name, each in found]
    turned = [name for name, probe in TEXT_EDITS.items() if not probe.keeps_meaning]
    labels: dict[str, str] = {name: probe.label for name, probe in TEXT_EDITS.items()}
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
