"""Will it help? What can be expected of an adapter before it is trained."""

import math

import streamlit as st

from core.adapt.results import ADAPTER_CHECK, CheckQuery
from core.adapt.sources import plan_texts
from core.adapt.splits import MIN_PAIRS
from core.adapt.training import Check
from core.store import CorpusInfo
from pages.shared import paid_result, session
from pages.shared.classify.rows import format_interval
from pages.shared.text import count, plain

METRICS = {
    "MAP@R": "Each held-out text ranks the others; mean average precision among the first R, where R is how many "
    "others have its label.",
    "nDCG@10": "Each held-out query ranks the rows; clicked or relevant ones near the top count most.",
    "Spearman": "Rank correlation of cosines and scores of held-out pairs.",
}  # fmt: skip


def show_check(info: CorpusInfo, query: CheckQuery) -> bool:
    """Whether the check is there, so that training can be offered. Raises InputError for what can't be learned from."""
    st.subheader("Will it help?")
    plan = session.ask(plan_texts, query.corpus, query.model, query.source)
    texts = f" {count(plan.missing, 'text')} are embedded first." if plan.missing else ""
    is_ready = paid_result.is_ready(
        ADAPTER_CHECK, query, plan, headline="It has not been checked yet whether an adapter can help.",
        description=f"A short training on a part of the examples, tested on held-out ones.{texts}",
        title=f"Adapter check on {info.name}", button="Check", key="adapt_check_start",
    )  # fmt: skip
    if not is_ready:
        return False
    _show_expectation(ADAPTER_CHECK.get(query))
    return True


def _show_expectation(check: Check) -> None:
    gain = check.preview
    detectable = f"{check.minimum_detectable:.3f}" if math.isfinite(check.minimum_detectable) else "none"
    first, second, third, fourth = st.columns(4)
    first.metric(f"Base {gain.metric}", f"{check.base:z.3f}", help=METRICS[gain.metric])
    second.metric("Headroom", f"{check.headroom:z.3f}", help="1 minus the base score: the most that could be gained.")
    third.metric(
        "Smallest detectable gain", detectable,
        help="80% of such held-out samples would find this gain significant; smaller ones need more held-out examples.",
    )  # fmt: skip
    fourth.metric(
        "Gain of a short training",
        f"{gain.difference.value:+z.3f}",
        help=f"With 95% interval: {format_interval(gain.difference, False)}; {count(gain.queries, 'example')}.",
    )
    show = st.success if check.can_help else st.warning
    icon = ":material/trending_up:" if check.can_help else ":material/trending_flat:"
    show(plain(check.reason), icon=icon)
    st.caption(f"{count(check.pairs, 'pair')} to learn from; at least {MIN_PAIRS} are required.")
    for note in check.notes:
        st.caption(f":material/info: {plain(note)}")
