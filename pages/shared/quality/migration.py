"""Migration planner: what changes for users when contender B takes A's place."""

import pandas as pd
import streamlit as st

from core.models.registry import capabilities
from core.quality import calibration_service as answers
from core.quality import summaries as words
from core.quality.charts import color, group_bars
from core.quality.migration import Lists, Threshold
from core.stats.resampling import RESAMPLES
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.quality import common
from pages.shared.quality.common import Asked
from pages.shared.text import plain

DRAWN, MOST_TYPED = 20, 50


def show(asked: Asked) -> None:
    st.caption(
        "If A is replaced by B: how many lists of nearest texts change, which queries you care about give other "
        "results, and where do thresholds have to go?"
    )
    if len(asked.contenders) < 2:
        st.info("Choose a second contender above: the one to move to.", icon=":material/swap_horiz:")
        return
    one, other, cosine = _choice(asked)
    if one == other:
        st.info("A and B are the same contender; choose another for B.", icon=":material/swap_horiz:")
        return
    pair = (asked.contenders[one], asked.contenders[other])
    with st.spinner("Comparing lists", show_time=False):
        lists = session.ask_once(answers.lists, *asked.where, *pair)
        moved = session.ask_once(answers.moved_threshold, *asked.where, *pair, cosine)
    _lists(asked, lists, asked.names[one], asked.names[other], asked.places[other])
    for text in sentences(lists, moved, asked.names[one], asked.names[other]):
        common.says(text)
    st.caption(
        f"Lists: the {lists.k} nearest of all {lists.texts:,} different texts by the kept neighbors; in brackets 95% "
        f"intervals by bootstrap over texts, {RESAMPLES:,} resamples, seed {lists.seed}; lists drawn at random would "
        f"keep {words.share(lists.chance)}. Threshold: the cosine that as many pairs reach (as in Calibrated "
        f"similarity); the share kept is over {moved.pairs:,} pairs above it under A, weighted to stand for all of "
        "them."
    )
    _queries(asked, pair, lists.texts)


def sentences(lists: Lists, moved: Threshold, one: str, other: str) -> list[str]:
    """The plan in short."""
    parts = [
        f"{words.between(lists.changed, words.share)} of the top-{lists.k} lists change; on average a list keeps "
        f"{words.between(lists.overlap, words.share)} of its texts, and {words.between(lists.half, words.share)} of "
        "the lists lose more than half.",
        f"For {words.between(lists.first, words.share)} of the texts another one becomes the nearest.",
    ]
    if moved.share > 0 and moved.pairs:
        same = f"{words.share(moved.kept)} of them the same pairs" if moved.kept < 0.995 else "all the same ones"
        parts.append(
            f"Move a threshold of {moved.before:.2f} under {one} to {moved.after:.2f} under {other}: as many pairs "
            f"({words.share(moved.share)}) pass, {same}."
        )
    else:
        parts.append(f"No pair looked at reaches {moved.before:.2f} under {one}; choose a lower threshold to move.")
    return parts


def _choice(asked: Asked) -> tuple[int, int, float]:
    places = list(range(len(asked.names)))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one = st.selectbox("From A", places, 0, key="quality_from", format_func=lambda at: asked.names[at], width=280,
                           persist_state="session", help="What is in use today.")  # fmt: skip
        other = st.selectbox("to B", places, 1, key="quality_to", format_func=lambda at: asked.names[at], width=280,
                             persist_state="session", help="What would take its place.")  # fmt: skip
        cosine = st.number_input("Threshold under A", -1.0, 1.0, 0.8, 0.01, "%.3f", key="quality_threshold", width=160,
                                 persist_state="session", help="A cosine that something depends on today.")  # fmt: skip
    one, other = (at if at in places else default for at, default in ((one, 0), (other, 1)))
    return one, other, float(cosine if cosine is not None else 0.8)


def _lists(asked: Asked, lists: Lists, one: str, other: str, place: int) -> None:
    groups = [str(number) for number in range(lists.k + 1)]
    shares = (lists.counts / lists.texts).tolist()
    figure = group_bars(
        groups, [(f"{one} to {other}", color(place), shares)], "share of texts", session.theme(), ".0%", 260
    )
    figure.update_xaxes(title={"text": f"of the {lists.k} nearest under A, so many are kept under B"})
    common.chart(figure, "quality_kept", "Texts by how many of their nearest are kept")


def _queries(asked: Asked, pair: tuple[Contender, Contender], texts: int) -> None:
    st.markdown("**Queries that break**")
    imported = next((each.label for each in pair if not capabilities(each.model).can_embed), None)
    with st.form("quality_queries", border=False):
        typed = st.text_area(
            "Pinned queries, one a line",
            key="quality_typed",
            placeholder="refund not received\nwhere is my parcel",
            disabled=imported is not None,
            help=f"At most {MOST_TYPED}. They are embedded with both models; one on a server gets them sent. Without "
            f"any, {DRAWN} texts are drawn.",
        )
        st.form_submit_button(
            "Compare",
            key="quality_query_go",
            icon=":material/compare_arrows:",
            disabled=imported is not None,
            help="Shows what each of them finds first under A and under B.",
        )
    if imported is not None:
        st.caption(f"{plain(imported)} was brought in and can't embed typed queries; texts here stand in for them.")
    queries = tuple(dict.fromkeys(line.strip() for line in (typed or "").splitlines() if line.strip()))[:MOST_TYPED]
    queries = () if imported is not None else queries
    with st.spinner("Searching under both", show_time=False):
        found = _ask(asked, pair, queries)
    broken = sum(query.broken for query in found)
    verb = "breaks" if broken == 1 else "break"
    what = "typed queries" if queries else f"texts drawn as queries (of {texts:,}, seed 0)"
    common.says(
        f"{broken:,} of {len(found):,} {what} {verb}: fewer than half of what is found under A is found under B."
    )
    _query_table(asked, found)


def _ask(asked: Asked, pair: tuple[Contender, Contender], queries: tuple[str, ...]) -> list[answers.Query]:
    if not queries:
        return session.ask_once(answers.drawn_queries, *asked.where, *pair, DRAWN, 0)
    secrets = tuple(session.api_key(contender.model) for contender in pair)
    return session.ask(answers.typed_queries, *asked.where, *pair, queries, secrets)


def _query_table(asked: Asked, found: list[answers.Query]) -> None:
    ranked = sorted(found, key=lambda query: query.kept)
    frame = pd.DataFrame(
        {
            "query": [query.query for query in ranked],
            "kept": [query.kept / max(query.k, 1) for query in ranked],
            "broken": [query.broken for query in ranked],
            "first": [query.first_same for query in ranked],
            "before": [query.before for query in ranked],
            "after": [query.after for query in ranked],
        }
    )
    text, check = st.column_config.TextColumn, st.column_config.CheckboxColumn
    columns = {
        "query": text("Query", width="medium"),
        "kept": st.column_config.NumberColumn("Kept", format="percent", help="Share of A's nearest that B lists too."),
        "broken": check("Breaks", help="Fewer than half are kept."),
        "first": check("Same first", help="Whether the first text found is the same."),
        "before": text("First under A", width="medium"),
        "after": text("First under B", width="medium"),
    }
    common.table(frame, "quality_pinned", asked, columns, "Queries under both contenders")
