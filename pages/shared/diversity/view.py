"""Diversity: how varied the corpus is and where, few rows that cover it, and hubs."""

import pandas as pd
import streamlit as st

from core.diversity import service as answers
from core.diversity.charts import group_figure
from core.diversity.service import GroupScores, Overall
from core.errors import PlanisphereError
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import session
from pages.shared.diversity import hubs, pick
from pages.shared.downloads import csv_button
from pages.shared.errors import show_error
from pages.shared.label_errors import save as keep
from pages.shared.text import count, cut, plain

CLUSTERS = "(clusters)"
VENDI_HELP = (
    "The Vendi score (Friedman and Dieng, 2023) is the effective number of different texts: 1 where all say the same, "
    "the number of texts where none has anything in common with another. It is worked out from all cosines of "
    "the sample."
)


def show(info: CorpusInfo, model: ModelSpec) -> None:
    """The whole section; a part that can't be drawn says why and leaves the others."""
    keep.say_kept()
    for title, part in (
        ("How varied the texts are", _varied),
        ("A few rows that cover the rest", pick.show),
        ("Hubs: rows that are neighbors of too many", hubs.show),
    ):
        st.subheader(title)
        try:
            part(info, model)
        except PlanisphereError as error:
            show_error(error)


def _varied(info: CorpusInfo, model: ModelSpec) -> None:
    found = session.ask_once(answers.overall, session.corpus_ref(info), model)
    if found.same:
        st.info(
            "All texts are the same under this model, so there is one kind of text.", icon=":material/content_copy:"
        )
    headline(found)
    st.markdown("**Where it is varied**")
    columns = session.ask_once(answers.group_columns, session.corpus_ref(info))
    try:
        groups(info, model, columns)
    except PlanisphereError as error:
        show_error(error)


def headline(found: Overall) -> None:
    vendi = found.vendi
    drawn = vendi.size < vendi.total
    spread = f"± {vendi.deviation:.1f} over {vendi.draws} samples" if drawn else f"of at most {found.most:,}"
    with st.container(horizontal=True):
        st.metric(
            "Effective number of texts",
            f"{vendi.mean:,.1f}",
            spread,
            delta_color="off",
            delta_arrow="off",
            help=VENDI_HELP,
        )
        st.metric(
            "As a share of the rows",
            f"{vendi.mean / max(vendi.size, 1):.1%}",
            help=f"Of the {vendi.size:,} rows of a sample. Lower: more of them say much the same.",
        )
        st.metric(
            "Mean distance of two texts",
            "–" if found.distance != found.distance else f"{max(found.distance, 0):.3f}",
            help="1 - cosine, averaged over all pairs of rows, exactly. 0: all alike, 1: unrelated on average.",
        )
    sample = f"{vendi.draws} samples of {vendi.size:,} of {vendi.total:,} rows (seed 0)" if drawn else "all rows"
    whole = f" Over all {vendi.total:,} rows it is {found.whole:,.1f}." if drawn and found.whole is not None else ""
    st.caption(
        f"Vendi score over {sample}; it can't exceed {found.most:,}, the smaller of rows and dimensions, and "
        "grows with "
        f"the rows looked at.{whole} Models differ in scale: compare corpora under one model, not models by this."
    )


def groups(info: CorpusInfo, model: ModelSpec, columns: tuple[str, ...]) -> None:
    """The score of each value of a column, or of each cluster, over samples of one size."""
    options = [*columns, CLUSTERS]
    session.select_from_link("diversity_by", options)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.selectbox(
            "Compare by", options, key="diversity_by", width=320, help="A column's values, or the default clusters."
        )
        session.write_to_link("diversity_by")
        column = "" if by == CLUSTERS else str(by)
        where = (session.corpus_ref(info), model, column)
        found = session.ask(answers.group_scores, *where)
        size = st.selectbox(
            "Rows drawn of each",
            found.sizes,
            index=found.sizes.index(found.size),
            key=f"diversity_size_{column}",
            width=200,
            help="The score grows with the rows looked at, so each group gives as many; those with fewer are left out.",
        )
    if size != found.size:
        found = session.ask(answers.group_scores, *where, size)
    _chart(found, by)


def _chart(found: GroupScores, by: str) -> None:
    scores = found.scores
    st.plotly_chart(
        group_figure(
            [score.name for score in scores],
            [score.vendi.mean for score in scores],
            [score.vendi.deviation for score in scores],
            [
                f"{score.name}: {score.vendi.mean:.1f} ± {score.vendi.deviation:.1f}, mean distance "
                f"{score.distance:.3f}, "
                f"{score.rows:,} rows"
                for score in scores
            ],
            f"effective texts of {found.size:,}",
            session.theme(),
        ),
        key="diversity_groups",
        alt="Groups by how varied they are",
    )
    if len(scores) > 1:
        most, least = scores[0], scores[-1]
        st.markdown(
            f"Most varied of those drawn: **{plain(cut(most.name, 60))}**, whose {found.size:,} texts are like "
            f"{most.vendi.mean:.1f} different ones; least: **{plain(cut(least.name, 60))}** ({least.vendi.mean:.1f})."
        )
    draws = max((score.vendi.draws for score in scores), default=1)
    st.caption(
        f"Vendi score of {found.size:,} rows of each, mean and standard deviation of {draws} draws (seed 0), most "
        f"varied first.{_left_out(found)} A group with just {found.size:,} rows has no spread."
    )
    csv_button(
        "Download these figures (CSV)",
        figures_table(found),
        "diversity.csv",
        key="diversity_file",
        help=f"Each value of {plain(by)} with its rows, score, spread and mean distance.",
    )


def figures_table(found: GroupScores) -> pd.DataFrame:
    """What the chart shows, as a table."""
    return pd.DataFrame(
        {
            "group": [score.name for score in found.scores],
            "rows": [score.rows for score in found.scores],
            "rows drawn": found.size,
            "Vendi score": [score.vendi.mean for score in found.scores],
            "standard deviation": [score.vendi.deviation for score in found.scores],
            "mean pair distance": [score.distance for score in found.scores],
        }
    )


def _left_out(found: GroupScores) -> str:
    parts = [f"{count(found.left_out, 'group')} with fewer rows"] if found.left_out else []
    parts += [f"{count(found.beyond, 'smaller group')}"] if found.beyond else []
    parts += [f"{count(found.missing, 'row')} in no group"] if found.missing else []
    return f" Left out: {', '.join(parts)}." if parts else ""
