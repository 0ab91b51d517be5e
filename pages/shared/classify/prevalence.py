"""Prevalence: the share of each class in the corpus, in a filter, and per period, corrected for classifier errors."""

from typing import get_args

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.column_config import TextColumn

from core.classify.charts import prevalence_figure
from core.classify.corpus_shares import (
    FEW_AUDITED,
    AuditFacts,
    SharesQuery,
    audit_columns,
    audit_facts,
    corrected_shares,
)
from core.classify.predictions import ClassifierSource, classifier_facts
from core.classify.results import SplitMethod
from core.classify.shares import Prevalence
from core.corpus.selections import saved_selections
from core.errors import InputError
from core.search.service import filter_columns
from core.stats.interval import Interval
from core.store import CorpusInfo
from core.trends.charts import add_dashed_lines, line_figure
from core.trends.periods import Period, time_columns, time_summary
from core.trends.prevalence import CorrectedShares, corrected_over_time, suggest_audited_period
from core.vectors.contenders import Contender
from pages.shared import messages, session
from pages.shared.classify.rows import format_interval
from pages.shared.classify.source import select_source
from pages.shared.downloads import csv_button
from pages.shared.filters import choose_filters, filter_text
from pages.shared.selections import active
from pages.shared.tables import number, percentage, show_table
from pages.shared.text import count, cut, file_stem, plain

MAX_SHOWN_CLASSES = 15
MAX_PERIOD_CLASSES = 6
COLUMNS = 3
POWERED, GLADEN = "Prediction-powered", "Rogan-Gladen"
METHODS = {POWERED: ("share", "low", "high"), GLADEN: ("rogan_gladen", "rogan_gladen_low", "rogan_gladen_high")}
TABLE_COLUMNS = {
    "class": TextColumn("Class", width=250, pinned=True),
    "corrected": TextColumn(
        "Corrected share", width=170, help="Prediction-powered inference, with its 95% interval."
    ),
    "naive": percentage("Predicted share", "Share of the predictions, not corrected (naive).", 120),
    "gladen": TextColumn(
        "Rogan-Gladen", width=170, help="Corrected by sensitivity and specificity on the audit sample."
    ),
    "audit": TextColumn("Audit sample only", width=170, help="Share of the labels of the audited rows alone."),
}  # fmt: skip


def show_prevalence(info: CorpusInfo, contenders: tuple[Contender, ...]) -> None:
    """The whole view. Raises PlanisphereErrors, such as for a classifier of numbers."""
    active.show_active(info)
    st.caption(
        "The share of each class among rows. A classifier's errors distort the share of its predictions; an audit "
        "sample, whose labels are known, corrects it."
    )
    source = select_source(info, contenders)
    if source is None:
        return
    column = _select_audit(source)
    if column is None:
        return
    facts = session.ask(audit_facts, SharesQuery(source, (), column), timeout=600)
    show_audit(facts)
    with st.expander("Filters", icon=":material/tune:"):
        columns = session.ask_once(filter_columns, source.corpus)
        filters = choose_filters(columns, saved_selections(session.workspace(), info.digest))
    if filters:
        st.caption("Rows: " + "; ".join(plain(filter_text(condition)) for condition in filters))
    query = SharesQuery(source, filters, column)
    try:
        result = session.ask(corrected_shares, query, timeout=600)
    except InputError as error:
        messages.show_error(error)
        return
    show_shares(info, result)
    _show_over_time(info, query, facts)


def _select_audit(source: ClassifierSource) -> str | None:
    """The column of the audit sample of a classifier from a file, "" for one that was trained here; None without."""
    if source.query:
        return ""
    classes = session.ask(classifier_facts, source).classes
    columns = session.ask(audit_columns, source.corpus, classes)
    if not columns:
        st.info(
            "No column has labels of this classifier. Label some random rows under Label to correct its shares.",
            icon=":material/label_off:",
        )
        return None
    return st.selectbox(
        "Audit labels", columns, key="prevalence_audit", width=320,
        help="A column with labels of a random sample of rows, that the classifier was not trained on.",
    )  # fmt: skip


def show_audit(facts: AuditFacts) -> None:
    """Where the audit sample comes from, and on what its validity depends."""
    labeled = f"{facts.labeled:,} of {facts.rows:,} rows have a label"
    sample = f"Audit sample: {count(facts.audited, 'row')}"
    fitted = f"the labels of the {facts.fitted:,} rows that the classifier was fitted to are known"
    if facts.method == "audit":
        st.caption(f"{sample}, drawn at random from all rows while labeling; {labeled}.")
    elif facts.method == "labeled":
        st.caption(f"{sample} with a label in this column.")
        st.warning(
            "Valid if these rows are a random sample of the corpus and the classifier was not trained on them.",
            icon=":material/info:",
        )
    elif facts.method in get_args(SplitMethod)[1:3]:
        st.caption(f"{sample}, the test rows of the split; {fitted}. {labeled}.")
        st.warning(
            "These test rows are not a random sample: they were selected by a column or by time. If errors differ "
            "between test rows and other rows, the corrected shares are biased. Train with a random split instead.",
            icon=":material/warning:",
        )
    else:
        st.caption(f"{sample}, the test rows of the random split; {fitted}. {labeled}.")
        if facts.labeled == facts.rows:
            st.caption("As all labels are known, so are the shares of the corpus: their intervals have no width.")
        else:
            st.info(
                "Valid if the labeled rows are a random sample of the corpus. If they were selected, such as by active "
                "learning, train with the audit sample of the Label view as the test.",
                icon=":material/info:",
            )


def show_shares(info: CorpusInfo, result: Prevalence) -> None:
    """Verdict, chart, table and method."""
    order = result.share.sort_values(ascending=False, kind="stable").index
    outside = int(((result.naive < result.low) | (result.naive > result.high)).sum())
    st.markdown(
        f"**{count(result.rows, 'row')}**, {result.audited:,} audited: the predicted share is outside of the corrected "
        f"interval for **{outside} of {count(len(order), 'class', 'classes')}**."
    )
    if result.audited < FEW_AUDITED:
        st.warning(
            f"Only {count(result.audited, 'audited row')} in this selection: the intervals are wide.",
            icon=":material/warning:",
        )
    top = order[:MAX_SHOWN_CLASSES]
    corrected = Interval(*(part[top].to_numpy() for part in (result.share, result.low, result.high)))
    figure = prevalence_figure([str(name) for name in top], corrected, result.naive[top].to_numpy(), session.theme())
    st.plotly_chart(figure, key="prevalence_chart", alt="Corrected and predicted share of each class")
    if len(top) < len(order):
        st.caption(f"The {len(top)} most frequent of {len(order):,} classes; the table has all.")
    show_table(_share_table(result, order), "Shares by class", TABLE_COLUMNS, key="prevalence_table")
    with st.container(horizontal=True, vertical_alignment="center"):
        csv_button(
            "Download shares (CSV)", _share_file(result), f"{file_stem(info.name)}-prevalence.csv",
            key="prevalence_file", help="All classes with every estimate and its interval.",
        )  # fmt: skip
    st.caption(f"{plain(result.method)} Rows with known labels have no error.")


def _share_table(result: Prevalence, order: pd.Index) -> pd.DataFrame:
    def cells(name: str, low: str, high: str) -> list[str]:
        parts = (getattr(result, part)[order] for part in (name, low, high))
        return [format_interval(Interval(*ends)) if np.isfinite(ends[0]) else "–" for ends in zip(*parts, strict=True)]

    return pd.DataFrame(
        {
            "class": [str(name) for name in order],
            "corrected": cells("share", "low", "high"),
            "naive": result.naive[order].to_numpy(),
            "gladen": cells("rogan_gladen", "rogan_gladen_low", "rogan_gladen_high"),
            "audit": cells("audit", "audit_low", "audit_high"),
        }
    )


def _share_file(result: Prevalence) -> pd.DataFrame:
    names = ("share", "low", "high", "naive", "rogan_gladen", "rogan_gladen_low", "rogan_gladen_high")
    columns = {name: getattr(result, name) for name in (*names, "audit", "audit_low", "audit_high")}
    return pd.DataFrame(columns | {"rows": result.rows, "audited": result.audited}).reset_index()


def _show_over_time(info: CorpusInfo, query: SharesQuery, facts: AuditFacts) -> None:
    columns = session.ask_once(time_columns, query.source.corpus)
    if not columns:
        return
    st.markdown("##### Over time")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        time = st.selectbox("Time", columns, key="prevalence_time", width=180, help="The time column, in UTC.")
        times = session.ask_once(time_summary, query.source.corpus, time)
        suggested = session.ask_once(suggest_audited_period, query.source.corpus, time, facts.audited)
        period: Period = st.selectbox(
            "Period", times.periods, times.periods.index(suggested), key=f"prevalence_period {time}", width=140,
            format_func=str.title,
            help="Weeks start on Monday. At first the finest period with 20 audited rows on average.",
        )  # fmt: skip
    show_corrected_over_time(info, query, time, period, "prevalence")


def show_corrected_over_time(info: CorpusInfo, query: SharesQuery, time: str, period: Period, key: str) -> None:
    """One chart for each of the most frequent classes: corrected share with its interval, and the predicted one."""
    found = session.ask(corrected_over_time, query, time, period, MAX_PERIOD_CLASSES, timeout=600)
    method = str(st.segmented_control(
        "Correction", list(METHODS), key=f"{key}_correction", default=POWERED, required=True, persist_state="session",
        help="Prediction-powered: with the audited rows of each period. Rogan-Gladen: with the error rates of all "
        "audited rows, which are taken to be the same in all periods; narrower.",
    ))  # fmt: skip
    share, low, high = (getattr(found.shares, name) for name in METHODS[method])
    top = 1.05 * float(np.nanmax([found.shares.naive, np.where(np.isfinite(high), high, 0)]))
    for start in range(0, len(found.shares.names), COLUMNS):
        for at, column in zip(range(start, len(found.shares.names)), st.columns(COLUMNS), strict=False):
            name = found.shares.names[at]
            figure = line_figure(
                [name], found.starts, share[[at]], low[[at]], high[[at]], found.few & (method == POWERED), True,
                session.theme(), 190, False, at, top,
            )  # fmt: skip
            add_dashed_lines(figure, [name], found.starts, found.shares.naive[[at]], "predicted", at)
            with column:
                st.caption(f"**{plain(cut(name, 48))}**")
                st.plotly_chart(
                    figure, key=f"{key}_period_{at}", config={"displayModeBar": False},
                    alt="Corrected and predicted share of a class over time",
                )  # fmt: skip
    st.caption(_period_note(found, period, method))
    csv_button(
        "Download periods (CSV)", found.table(), f"{file_stem(info.name)}-prevalence-by-{period}.csv",
        key=f"{key}_period_file", help="Predicted, corrected and Rogan-Gladen shares by period, with intervals.",
    )  # fmt: skip
    with st.expander("Rows and audited rows by period"):
        table = pd.DataFrame({"start": found.starts, "rows": found.shares.rows, "audited": found.shares.audited})
        columns = {
            "start": st.column_config.DatetimeColumn("Period", format="YYYY-MM-DD HH:mm"),
            "rows": number("Rows", "localized"), "audited": number("Audited rows", "localized"),
        }  # fmt: skip
        show_table(table, "Rows by period", columns, key=f"{key}_period_rows")


def _period_note(found: CorrectedShares, period: Period, method: str) -> str:
    some = found.shares.rows > 0
    parts = [
        f"The {len(found.shares.names)} most frequently predicted classes. Solid: corrected share of each {period} "
        "with its 95% interval; dotted: predicted share."
    ]
    if method == POWERED:
        without = int((some & ~np.isfinite(found.shares.share).any(axis=0)).sum())
        few = int((some & found.few).sum())
        periods = f"{int(some.sum()):,} {period}s"
        parts += [f"{without:,} of {periods} have fewer than two audited rows: no corrected share."] if without else []
        parts += [f"{few:,} of {periods} have fewer than {FEW_AUDITED} audited rows (hollow points)."] if few else []
        parts += ["A longer period gives narrower intervals."] if 2 * few > some.sum() else []
    else:
        parts.append("The classifier's error rates are taken to be the same in all periods.")
    return " ".join(parts)
