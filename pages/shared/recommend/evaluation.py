"""Evaluation: do lists contain what users liked next? Embeddings beside popularity, chance and each other."""

import math
from datetime import date

import numpy as np
import pandas as pd
import streamlit as st

from core.figures import interval_figure
from core.recommend.charts import SHARES, metric_interval, trade_off_figure
from core.recommend.evaluation import RecommendationEvaluation
from core.recommend.results import EXTRAS, RECOMMENDATIONS, EvaluationQuery, Extra, HistorySource, excluded_text
from core.recommend.service import HistoryFacts
from core.recommend.splits import SplitMethod
from core.recommend.summary import BASELINE, EvaluationSummary, evaluation_csv, listed_user, summarize
from core.stats.interval import Interval
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import result_view, session
from pages.shared.classify.rows import format_interval
from pages.shared.downloads import csv_button
from pages.shared.recommend.collaborative import offer_collaborative_corpus
from pages.shared.recommend.histories import select_histories
from pages.shared.recommend.users import select_profile
from pages.shared.tables import show_table, text
from pages.shared.text import count, cut, plain

METRICS = {
    "ndcg": ("nDCG", "Held-out items in the list, discounted by the logarithm of their rank; 1 is the best list."),
    "hit_rate": ("Hit rate", "Share of users with a held-out item in the list."),
    "recall": ("Recall", "Share of a user's held-out items in the list."),
    "mrr": ("MRR", "Mean of 1 / rank of the first held-out item."),
    "map": ("MAP", "Mean average precision of the list."),
    "head_recall": ("Head recall", "Recall of held-out items among the most popular, which have half of all likes."),
    "tail_recall": ("Tail recall", "Recall of the other held-out items."),
    "diversity": ("Diversity", "Mean of 1 - cosine within a list, under the first contender."),
    "novelty": ("Novelty", "Mean of -log2 of the share of users who liked an item: higher is less known."),
    "popularity": ("Popularity", "Mean share of users who liked the listed items; higher is more biased to popular."),
    "coverage": ("Coverage", "Share of all items in any list; no interval."),
}  # fmt: skip
ACCURACY_TABLE = ("ndcg", "hit_rate", "recall", "mrr", "map")
OTHER_TABLE = ("coverage", "head_recall", "tail_recall", "diversity", "novelty", "popularity")
SPLITS: dict[SplitMethod, str] = {"leave_one_out": "Last event", "last_n": "Last n events", "date": "From a date"}
SPLIT_HELP = (
    "Last event, last n events: the last liked ones of each user. From a date: all later events; nothing before it "
    "knows what is popular after it."
)


def show_evaluation(info: CorpusInfo, contenders: tuple[Contender, ...]) -> None:
    """The whole view. Raises PlanisphereErrors, such as for too few users."""
    selected = select_histories(info)
    if selected is None:
        return
    query = _select_query(contenders, *selected)
    stored = result_view.ready(
        RECOMMENDATIONS, query, headline="These recommenders have not been evaluated yet.",
        description="Each one ranks all items for each user; the lists are judged by the held-out events.",
        title=f"Recommendations for {info.name}", button="Evaluate",
    )  # fmt: skip
    if not stored:
        return
    with st.spinner("Comparing recommenders", show_time=True):
        summary = session.ask(summarize, query, timeout=600)
    _show_verdict(summary, len(contenders))
    _show_tables(query, summary, len(contenders))
    _show_trade_off(summary.evaluation, len(contenders))
    _show_user(query, summary)
    offer_collaborative_corpus(info, query.source)


def _select_query(contenders: tuple[Contender, ...], source: HistorySource, facts: HistoryFacts) -> EvaluationQuery:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        methods: list[SplitMethod] = [name for name in SPLITS if name != "date" or facts.start]
        method = st.selectbox(
            "Held out", methods, key="recommend_split", width=160, persist_state="session",
            format_func=SPLITS.__getitem__, help=SPLIT_HELP,
        )  # fmt: skip
        n = 1
        if method == "last_n":
            n = int(st.number_input("n", 1, 100, 3, key="recommend_n", width=90, persist_state="session"))
        day = _select_date(facts) if method == "date" else ""
        k = int(st.number_input("List length", 1, 100, 10, key="recommend_list_k", width=110, persist_state="session"))
        profile = select_profile("recommend_evaluated_profile")
    extras: list[Extra] = [name for name in EXTRAS if name != "recent" or facts.start]
    extra = st.multiselect(
        "More baselines", extras, ["collaborative"], key="recommend_extra", persist_state="session",
        format_func=EXTRAS.__getitem__, help="Beside popularity and random lists. Collaborative filtering sees the "
        "histories alone, no texts (library implicit); Text + collaborative adds both scores, standardized per user.",
    )  # fmt: skip
    diversity = st.slider(
        "Diversity", 0.0, 1.0, 0.0, 0.05, key="recommend_list_diversity", persist_state="session",
        help="Of all lists: weight of the distance to items already in the list (maximal marginal relevance).",
    )  # fmt: skip
    in_order: tuple[Extra, ...] = tuple(name for name in EXTRAS if name in extra)
    return EvaluationQuery(source.corpus, contenders, source, k, method, n, day, profile, float(diversity), in_order)


def _select_date(facts: HistoryFacts) -> str:
    start, end = date.fromisoformat(facts.start), date.fromisoformat(facts.end)
    default = start + (end - start) * 4 // 5
    value = st.date_input("From", default, start, end, key=f"recommend_date {facts.start} {facts.end}", width=140)
    return value.isoformat() if isinstance(value, date) else default.isoformat()


def _show_verdict(summary: EvaluationSummary, texts: int) -> None:
    evaluation, differences = summary.evaluation, summary.differences["ndcg"]
    ndcg = evaluation.intervals["ndcg"].value
    best = max(range(texts), key=lambda i: ndcg[i])
    difference = differences[evaluation.names[best]]
    name, form = plain(evaluation.names[best]), format_interval(difference.interval, False)
    if not difference.is_significant:
        smallest = (
            f" {count(len(evaluation.users), 'user')} show a difference of {difference.detectable:z.3f} with 80% power."
            if math.isfinite(difference.detectable)
            else f" {count(len(evaluation.users), 'user')} are too few to show a difference."
        )
        st.markdown(f"**No significant difference from popularity**: {name} differs by {form} nDCG.{smallest}")
        if difference.interval.low > 0 or difference.interval.high < 0:
            st.caption(
                f"The interval leaves out 0, but p, corrected for {len(summary.differences['ndcg'])} comparisons, is "
                f"{difference.p_value:.2f}."
            )
    elif difference.interval.value > 0:
        st.markdown(f"**Better than popularity**: {name} is {form} nDCG higher.")
    else:
        st.markdown(f"**Popularity is better**: {name} differs by {form} nDCG. What is popular decides.")
    overall = int(np.argmax(ndcg))
    if overall != best and evaluation.names[overall] != BASELINE:
        st.markdown(f"Highest nDCG of all: {plain(evaluation.names[overall])}.")


def _show_tables(query: EvaluationQuery, summary: EvaluationSummary, texts: int) -> None:
    evaluation = summary.evaluation
    value, low, high = (part.tolist() for part in evaluation.intervals["ndcg"])
    rows = [(name, (value[i], low[i], high[i]), i >= texts) for i, name in enumerate(evaluation.names)]
    show_table(
        _accuracy_table(summary), "Accuracy of the recommenders", _columns(ACCURACY_TABLE, True), key="rec_accuracy"
    )
    st.plotly_chart(
        interval_figure(rows, f"nDCG@{evaluation.k}, 95% interval", session.theme(), False), key="rec_intervals",
        alt="nDCG of the recommenders with intervals", config={"displayModeBar": False},
    )  # fmt: skip
    st.markdown("##### Beyond accuracy")
    show_table(
        _metric_table(evaluation, OTHER_TABLE), "Coverage, diversity and bias", _columns(OTHER_TABLE), key="rec_other"
    )
    held_out = plain(evaluation.split[:1].lower() + evaluation.split[1:].rstrip("."))
    st.caption(
        f"{excluded_text(evaluation)}. Held out: {held_out}. Lists of {evaluation.k} of the items that a user has not "
        f"seen; copies of seen items are never listed, and never hits. {plain(summary.method)} p-values against "
        "popularity are corrected by Holm's method."
    )
    csv_button(
        "Download metrics (CSV)", lambda: session.ask(evaluation_csv, query).to_csv(index=False).encode(),
        "recommenders.csv", "All metrics with intervals.",
    )  # fmt: skip


def _columns(metrics: tuple[str, ...], verdict: bool = False) -> dict[str, object]:
    columns: dict[str, object] = {"name": text("Recommender", width=210, pinned=True)}
    if verdict:
        columns["verdict"] = text("Against popularity", "By nDCG, paired over users, corrected by Holm.", 125)
    columns |= {name: text(METRICS[name][0], METRICS[name][1], 145) for name in metrics}
    if verdict:
        columns["difference"] = text("nDCG minus popularity", "Paired over users, with a 95% interval.", 165)
    return columns


def _accuracy_table(summary: EvaluationSummary) -> pd.DataFrame:
    table = _metric_table(summary.evaluation, ACCURACY_TABLE)
    differences = [summary.differences["ndcg"].get(name) for name in summary.evaluation.names]
    table["difference"] = [format_interval(of.interval, False) if of else "–" for of in differences]
    verdicts = [
        "baseline" if of is None else "not significant" if not of.is_significant
        else "higher" if of.interval.value > 0 else "lower"
        for of in differences
    ]  # fmt: skip
    table.insert(1, "verdict", verdicts)
    return table


def _metric_table(evaluation: RecommendationEvaluation, metrics: tuple[str, ...]) -> pd.DataFrame:
    cells: dict[str, list[str]] = {"name": list(evaluation.names)}
    for metric in metrics:
        values = zip(*metric_interval(evaluation, metric), strict=True)
        cells[metric] = [_cell(metric, *map(float, ends)) for ends in values]
    return pd.DataFrame(cells)


def _cell(metric: str, value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.1%}" if metric == "coverage" else format_interval(Interval(value, low, high), metric in SHARES)


def _show_trade_off(evaluation: RecommendationEvaluation, texts: int) -> None:
    st.markdown("##### Trade-off")
    names = list(METRICS)
    left, right = st.columns(2)
    x = left.selectbox("Across", names, names.index("coverage"), key="rec_x", format_func=lambda name: METRICS[name][0])
    y = right.selectbox("Up", names, names.index("ndcg"), key="rec_y", format_func=lambda name: METRICS[name][0])
    figure = trade_off_figure(evaluation, x, y, (METRICS[x][0], METRICS[y][0]), texts, session.theme())
    st.plotly_chart(
        figure, key="rec_trade_off", alt=f"{METRICS[y][0]} against {METRICS[x][0]} of the recommenders",
        config={"displayModeBar": False},
    )  # fmt: skip


def _show_user(query: EvaluationQuery, summary: EvaluationSummary) -> None:
    st.markdown("##### One user under all recommenders")
    user = st.selectbox(
        "User", summary.users, key="rec_user", width=320, format_func=lambda name: cut(name, 40),
        help="Evaluated users, those with the most events first.",
    )  # fmt: skip
    listed = session.ask(listed_user, query, user)
    left, right = st.columns(2)
    with left:
        _show_rows("History, the latest first", listed.history[:5])
    with right:
        _show_rows("Held out", listed.held_out)
    table = pd.DataFrame({
        name: pd.Series([f"{'✓ ' if hit else ''}{row + 1:,}: {words}" for row, words, hit in rows], dtype=object)
        for name, rows in listed.lists.items()
    }).fillna("")  # fmt: skip
    columns = {name: text(name, width="medium") for name in listed.lists}
    show_table(table, "Lists of one user", columns, key="rec_lists")
    st.caption("✓: held out, a hit.")


def _show_rows(title: str, rows: tuple[tuple[int, str], ...]) -> None:
    st.markdown(f"**{title}**")
    for row, words in rows:
        st.caption(f"Row {row + 1:,}: {plain(words)}")
