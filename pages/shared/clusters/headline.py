"""One line on all groups: how many, how many rows in none, how far they can be trusted."""

from math import isnan

import streamlit as st

from core.clusters import service as answers
from core.clusters.methods import FEWEST
from core.clusters.stability import FOUND as STABLE
from pages.shared.clusters.controls import Chosen
from pages.shared.text import count, format_duration

SAME = 0.9999  # mean cosine from which all rows of a group are the same


def figures(made: answers.Overview, chosen: Chosen) -> None:
    """One line on all groups, with what each figure means."""
    st.markdown(
        " · ".join([*_rows_line(made), *_trust_line(made)]),
        help="Neighbors inside: of each row's 15 nearest rows, the share that is in the same group. Silhouette "
        "(Rousseeuw, 1987): 1 where every row is far nearer to its own group than to the next, 0 where groups touch; "
        "texts of one corpus rarely exceed 0.3. Both are measured in the model's own space, on all rows, never on the "
        f"map. Found in {format_duration(made.seconds)} with seed {chosen.params.seed}.",
    )
    if not len(made.table):
        st.warning(
            "No region is dense enough to be a group: all rows are noise. Choose a smaller smallest group, or another "
            "method.",
            icon=":material/warning:",
        )
    elif len(made.table) == 1:
        few = "With so few rows there is nothing to group."
        more = "All rows are in one group. Choose finer groups, or another method."
        if made.table["cohesion"].iloc[0] > SAME:
            more = "All rows say the same under this model: there is nothing to tell apart."
        st.info(few if made.total < FEWEST else more, icon=":material/info:")


def _rows_line(made: answers.Overview) -> list[str]:
    noise, assigned = made.trust.noise, made.assigned
    parts = [f"**{count(len(made.table), 'group')}** of {made.total:,} rows"]
    if noise:
        parts.append(f"**{noise:,}** rows ({noise / made.total:.1%}) in none")
    if assigned:
        parts.append(f"**{assigned:,}** rows ({assigned / made.total:.1%}) put there from noise")
    if made.suggested:
        parts.append(f"{made.k} suggested by the silhouette")
    return parts


def _trust_line(made: answers.Overview) -> list[str]:
    parts = []
    if len(made.table) > 1:
        parts.append(f"neighbors inside **{made.trust.overall_inside:.1%}**")
        parts.append(f"silhouette **{made.trust.overall_silhouette:.2f}**")
    if made.looked and not isnan(made.dbcv):
        parts.append(f"DBCV **{made.dbcv:.2f}** ({made.looked:,} rows looked at)")
    if made.runs:
        stable = int((made.table["jaccard"] >= STABLE).sum())
        parts.append(f"**{stable}** of {len(made.table)} stable over {made.runs} resamples")
    return parts
