"""Two groupings of the same rows side by side: other settings, another method or another model."""

from dataclasses import replace

import streamlit as st

from core.clusters import service as answers
from core.clusters.agreement import compare_clusterings
from core.clusters.methods import ClusterParams
from core.types import ModelSpec
from pages.shared import session
from pages.shared.clusters import compare_column as against
from pages.shared.clusters import start
from pages.shared.clusters.controls import LEVELS, METHODS, Chosen
from pages.shared.downloads import csv_button
from pages.shared.text import plain


def show(chosen: Chosen, made: answers.ClusterOverview) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model, params = _other_model(chosen), _other_params(chosen)
    other = Chosen(chosen.info, model, params)
    if other == chosen:
        st.info("This is the grouping shown above. Choose another model, method or fineness.", icon=":material/info:")
        return
    if not start.ready(other):
        return
    with st.spinner("Comparing"):
        found = session.ask(compare_clusterings, *chosen.where, model, params, timeout=600)
    agreed = found.agreement
    st.markdown(
        f"**{found.changed:,} of {made.total:,}** rows changed ({found.changed / made.total:.1%}); "
        f"**{agreed.purity:.0%}** lie where most of their group above lies here, **{agreed.gathered:.0%}** the other "
        "way round.",
        help="Groups are paired so that pairs share the most rows in all (Hungarian method); a row has changed if its "
        "two groups are no pair.",
    )
    st.caption(against.line(agreed), help=against.HELP)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Pairs**")
        st.dataframe(
            found.partners,
            hide_index=True,
            width="stretch",
            alt="Pairs of groups",
            column_config={"here": "Group above", "there": "Group here", "shared": "Shared", "rows": "Rows above"},
        )
    with right:
        st.markdown(f"**Rows that changed**, {min(found.changed, len(found.table)):,} of {found.changed:,}")
        rows = found.table.assign(row=found.table.index + 1)[["row", "here", "there", "text"]]
        st.dataframe(
            rows,
            hide_index=True,
            width="stretch",
            alt="Rows that changed their group",
            column_config={
                "row": st.column_config.NumberColumn("Row", format="localized", width=60),
                "text": "Text",
                "here": "Group above",
                "there": "Group here",
            },
        )
    with st.container(horizontal=True):
        csv_button(
            "Pairs (CSV)", found.partners, "pairs-of-groups.csv", "Each group above with its pair and shared rows."
        )
        csv_button("Rows that changed (CSV)", rows, "rows-that-changed.csv", "The rows listed here with both groups.")


def _other_model(chosen: Chosen) -> ModelSpec:
    models = session.workspace().models(chosen.info.digest)
    names = {model.label: model for model in models}
    name = st.selectbox(
        "Model",
        list(names),
        index=list(names).index(chosen.model.label) if chosen.model.label in names else 0,
        key="other_model",
        persist_state="session",
        width=300,
        help="The model under which the rows are grouped for comparison. Embed the corpus with more on the Embed page.",
    )
    return names[str(name)]


def _other_params(chosen: Chosen) -> ClusterParams:
    method = METHODS[
        str(
            st.selectbox(
                "Method",
                list(METHODS),
                key="other_method",
                persist_state="session",
                width=260,
                help="With the settings above where it has the same ones, else its usual ones.",
            )
        )
    ]
    if method != "leiden":
        return replace(chosen.params, method=method, level=ClusterParams().level).canonical()
    # at first the level beside the one shown, so that there is something to compare
    own = chosen.params.level
    session.widget_default("other_level", LEVELS[own + 1 if own + 1 < len(LEVELS) else own - 1])
    level = st.selectbox(
        "How fine",
        LEVELS,
        key="other_level",
        persist_state="session",
        width=160,
        format_func=plain,
        help="The level of the hierarchy to compare with.",
    )
    return replace(chosen.params, method=method, level=LEVELS.index(str(level))).canonical()
