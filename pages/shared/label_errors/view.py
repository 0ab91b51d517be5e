"""Label doubts: rows whose label disagrees with their neighbors and with a cross-validated probe."""

from functools import partial

import streamlit as st

from core.corpus.label_columns import label_columns
from core.label_errors import service as answers
from core.label_errors.charts import confusion_figure
from core.label_errors.results import LABEL_ERRORS
from core.label_errors.service import Asked, Look, Summary, Which
from core.store import CorpusInfo
from core.types import ModelSpec
from pages.shared import result_view, session
from pages.shared.label_errors import list as doubts_list
from pages.shared.label_errors import save as keep
from pages.shared.text import count, cut, plain

SIGNALS: dict[Which, str] = {"both": "Both", "either": "Either", "all": "All rows"}
ANY = ("", "")
SIGNALS_HELP = (
    "Neighbors: another label has more votes than the given one among the 15 nearest other texts (nearer ones weigh "
    "more). Probe: a model that learned the labels from other rows is sure of another one. What both doubt is wrong "
    "most often."
)


def show(info: CorpusInfo, model: ModelSpec) -> None:
    """The whole section. Raises PlanisphereErrors, such as for a column whose labels can't be judged."""
    keep.say_kept()
    st.caption(
        "Which rows seem to have the wrong label? Two signals are asked: a text's nearest other texts, and a model "
        "that learned the labels without seeing that text. Nothing is changed; you decide."
    )
    columns = session.ask_once(label_columns, session.corpus_ref(info))
    if not columns:
        st.info(
            "No column can be read as labels: one with at least two values that repeat is needed.",
            icon=":material/label_off:",
        )
        st.page_link("pages/data/corpus.py", label="Choose columns on the Data page", icon=":material/table_view:")
        return
    asked = Asked(session.corpus_ref(info), model, _column(columns))
    if result_view.ready(
        LABEL_ERRORS,
        asked.query,
        headline="These labels have not been checked yet.",
        description=f"{count(info.rows, 'row')} with labels in {plain(asked.column)} are compared with their neighbors "
        "and with a model that learns the labels.",
        button="Check labels",
        title=f"Labels of {info.name}: {asked.column}",
    ):
        found(asked, info)


def found(asked: Asked, info: CorpusInfo) -> None:
    """What was found: numbers, the ranked list, and which labels are mixed up."""
    known = session.ask_once(answers.summary, asked)
    headline(known)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = _which()
        mixed = session.ask_once(answers.confusion, asked, which)
        look = _look(which, mixed.pairs)
    table, chosen = doubts_list.table(asked, look)
    with st.container(horizontal=True):
        doubts_list.download(asked, look, info.name)
        keep.keep(partial(session.ask, answers.keep_doubts, asked, look), table.total, "doubts_keep")
    left, right = st.columns([5, 4], gap="large")
    with left:
        doubts_list.chosen(asked, table, chosen)
    with right:
        _mixed_up(mixed)
    _how(asked, known)


def headline(known: Summary) -> None:
    estimate = known.estimate
    with st.container(horizontal=True):
        st.metric("Rows judged", f"{known.judged:,}", help=_left_out(known))
        st.metric(
            "Doubted by both",
            f"{known.both:,}",
            help=f"{known.neighbors:,} are doubted by their neighbors, {known.probe:,} by the probe.",
        )
        st.metric(
            "Wrong labels, about",
            f"{estimate.wrong:,}",
            f"95%: {estimate.low:,.0f} to {estimate.high:,.0f}",
            delta_color="off",
            delta_arrow="off",
            help="Confident learning (Northcutt, Jiang and Chuang, 2021): rows whose probability for another label is "
            "as high as that label's own rows have on average. The interval resamples the texts "
            f"{estimate.resamples:,} times. If rows the probe is unsure of were wrong as often as the others, it would "
            f"be {estimate.calibrated:,.0f}. A model that reads the texts poorly makes all of these too high.",
        )
        st.metric("Labels", f"{known.labels:,}", help="Labels on at least 5 different texts.")


def _column(columns: tuple[str, ...]) -> str:
    session.select_from_link("doubts_label", columns)
    column = st.selectbox(
        "Label column",
        columns,
        key="doubts_label",
        width=320,
        help="Whose values are judged. Columns chosen as labels on the Data page come first.",
    )
    session.write_to_link("doubts_label")
    return column


def _which() -> Which:
    chosen = st.segmented_control(
        "Doubted by",
        list(SIGNALS),
        key="doubted_by",
        bind="query-params",
        format_func=lambda name: SIGNALS[name],
        default="both",
        required=True,
        help=SIGNALS_HELP,
    )
    return chosen or "both"


def _look(which: Which, pairs: tuple[tuple[str, str, int], ...]) -> Look:
    rows = {(given, suggested): number for given, suggested, number in pairs}
    options: list[tuple[str, str]] = [ANY, *rows]
    pair = st.selectbox(
        "Labels mixed up",
        options,
        key="doubts_pair",
        format_func=partial(pair_words, rows),
        width=320,
        help="Only rows with this given and this suggested label; the most frequent pairs come first.",
    )
    unmarked = st.toggle(
        "Hide marked rows", key="doubts_unmarked", persist_state="session", help="Leaves out rows you have marked."
    )
    given, suggested = pair or ANY
    return Look(which, given, suggested, unmarked)


def pair_words(rows: dict[tuple[str, str], int], pair: tuple[str, str]) -> str:
    return "any" if pair == ANY else f"{cut(pair[0], 30)} → {cut(pair[1], 30)} ({rows.get(pair, 0):,})"


def _mixed_up(mixed: answers.Confusion) -> None:
    st.markdown("**Which labels are mixed up**")
    if not mixed.total:
        st.caption("No rows are doubted this way.")
        return
    given, suggested, rows = mixed.pairs[0]
    st.markdown(
        f"Most often: labeled **{plain(cut(given, 40))}**, more like **{plain(cut(suggested, 40))}** "
        f"({count(rows, 'row')})."
    )
    st.plotly_chart(
        confusion_figure(mixed.names, mixed.counts, session.theme()),
        key="doubts_mixed",
        alt="Heat map: given against suggested labels",
    )
    st.caption(
        f"Rows by given and suggested label: {mixed.shown:,} of {count(mixed.total, 'row')} shown, for the "
        f"{len(mixed.names)} labels of the most frequent pairs."
    )


def _left_out(known: Summary) -> str:
    parts = [f"{count(known.missing, 'row')} without a label left out" if known.missing else "Every row has a label"]
    if known.rare_labels:
        parts.append(f"{count(known.rare_rows, 'row')} left out whose label is on fewer than 5 different texts")
    return "; ".join(parts) + "."


def _how(asked: Asked, known: Summary) -> None:
    if known.rare_labels:
        shown = ", ".join(f"{plain(cut(name, 30))} ({rows:,})" for name, rows in known.rare)
        more = f" and {known.rare_labels - len(known.rare):,} more" if known.rare_labels > len(known.rare) else ""
        st.caption(f"Too rare to judge, perhaps misspelled: {shown}{more}.")
    st.caption(
        f"{count(known.judged, 'row')} judged under {plain(asked.model.label)}; {known.missing:,} without a label. "
        "Each label's share is the mean of two: of the votes of the 15 nearest other texts (by cosine, copies of a "
        "text vote once), and the probability by logistic regression on up to 128 principal components (5 folds, "
        f"copies in one fold, {known.trained:,} rows to learn from each time, seed 0). Doubt is the suggested label's "
        "share of what it and the given label have together; higher is more doubtful."
    )
