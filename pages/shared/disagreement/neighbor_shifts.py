"""Shifted groups: texts that lost and gained the same neighbors from one contender to another."""

from functools import partial

import streamlit as st

from core.disagreement import shift_groups
from core.disagreement.results import NEIGHBOR_SHIFTS, ComparisonQuery, ShiftQuery
from core.disagreement.shift_groups import NeighborText, ShiftedGroup, ShiftedGroups
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.disagreement.controls import K_LABEL, available_depths, default_k, select_pair
from pages.shared.selections.save_form import show_save_selection
from pages.shared.text import count, cut, plain

OFFERED_K = (5, 10, 20)  # with more neighbors, too much changes for groups to appear
PAGE_SIZE = 4


def show_shifted_groups(query: ComparisonQuery, info: CorpusInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        pair = select_pair(query, allow_all=False)
        k = _select_k(pair)
        help_ = "From the second contender to the first."
        reverse = st.toggle("Reverse", key="disagree_turned", persist_state="session", help=help_)
    first, second = pair.contenders[::-1] if reverse else pair.contenders
    shift_query = ShiftQuery(query.corpus, first, second, k)
    if not result_view.ready(
        NEIGHBOR_SHIFTS,
        shift_query,
        headline="Shifted groups have not been computed yet",
        description="Texts that lost and gained the same neighbors are grouped.",
        title="Shifted groups",
        button="Find groups",
    ):
        return
    groups = session.ask_once(shift_groups.shifted_groups, shift_query)
    _shift_verdict(shift_query, groups)
    for group in groups.groups[: _visible_count(groups)]:
        _show_group(shift_query, group, info)
    st.caption(_shift_method(groups, k))


def _select_k(pair: ComparisonQuery) -> int:
    default = default_k(pair)
    options = [k for k in OFFERED_K if k <= default or k in available_depths(pair)]
    if len(options) < 2:
        return default
    k = st.segmented_control(
        K_LABEL, options, key="disagree_followed", default=10 if 10 in options else options[-1], required=True,
        persist_state="session", help="Lost: among the k nearest under the first contender only; gained: the second.",
    )  # fmt: skip
    return int(k or options[0])


def _shift_verdict(query: ShiftQuery, groups: ShiftedGroups) -> None:
    if not groups.groups:
        st.info(_no_groups_message(groups), icon=":material/done_all:")
        return
    top, chance = groups.groups[0], groups.chance
    expected = f"{chance.texts:,.0f} in groups of at most {chance.largest}" if chance.largest else "none"
    st.markdown(
        f"From {plain(query.first.label)} to {plain(query.second.label)}, **{count(groups.grouped, 'text')}** of "
        f"{groups.texts:,} shifted in {count(groups.total, 'group')} (expected by chance: {expected}). Largest shift: "
        f"**{plain(top.name)}**, {count(top.texts, 'text')} {shift_phrase(top)}."
    )


def shift_phrase(group: ShiftedGroup) -> str:
    """From which texts to which, as far as their words differ."""
    lost, gained = _join_words(group.lost_words[:4]), _join_words(group.gained_words[:4])
    if lost and gained:
        return f"that moved from texts about {lost} to texts about {gained}"
    if lost or gained:
        return f"that moved from texts about {lost}" if lost else f"that moved to texts about {gained}"
    return "whose new neighbors have the same words"


def _no_groups_message(groups: ShiftedGroups) -> str:
    if not groups.changed:
        return "No text changed any of its neighbors."
    changed = f"{groups.changed:,} of {count(groups.texts, 'text')} changed neighbors"
    if groups.chance.dropped:
        return f"{changed}, but no group is larger than expected by chance ({groups.chance.largest} texts)."
    return f"{changed}, but no five of them together: their changes are no more similar than expected by chance."


def _join_words(terms: tuple[str, ...]) -> str:
    return plain(", ".join(terms))


def _visible_count(groups: ShiftedGroups) -> int:
    if len(groups.groups) <= PAGE_SIZE:
        return len(groups.groups)
    label, help_ = f"Show all {len(groups.groups)} groups", "Sorted by change: texts times their mean disagreement."
    show_all = st.toggle(label, key="disagree_all_groups", persist_state="session", help=help_)
    return len(groups.groups) if show_all else PAGE_SIZE


def _show_group(query: ShiftQuery, group: ShiftedGroup, info: CorpusInfo) -> None:
    with st.container(border=True):
        label = ""
        if group.label[1]:
            value = f"{plain(cut(group.column, 30))} {plain(cut(group.label[0], 40))}"
            label = f" · mostly {value} ({group.label[1]:,} of {group.texts:,})"
        texts = count(group.texts, "text")
        st.markdown(f"**{plain(group.name)}** · {texts} · disagreement {group.disagreement:.0%}{label}")
        st.caption(f"Common words: {_join_words(group.common_words) or 'none'}")
        lists = (
            ("**Texts**", (), [plain(cut(text, 110)) for text in group.examples]),
            ("**Lost neighbors**", group.lost_words, [_neighbor_line(one, group.texts) for one in group.lost]),
            ("**Gained neighbors**", group.gained_words, [_neighbor_line(one, group.texts) for one in group.gained]),
        )
        for column, (title, terms, lines) in zip(st.columns(3, gap="medium"), lists, strict=True):
            heading = f"{title} {_join_words(terms[:4])}".rstrip()
            column.markdown(heading + "\n" + "\n".join(f"- {line}" for line in lines))
        rows = partial(session.ask, shift_groups.group_rows, query, group.number)
        show_save_selection(info, f"moved_{group.number}", rows, group.texts, f"Shifted: {cut(group.name, 50)}")


def _neighbor_line(neighbor: NeighborText, group_size: int) -> str:
    label = f", {plain(cut(neighbor.column, 20))} {plain(cut(neighbor.label, 30))}" if neighbor.label else ""
    return f"{plain(cut(neighbor.text, 110))} ({neighbor.members:,} of {group_size:,}{label})"


def _shift_method(groups: ShiftedGroups, k: int) -> str:
    chance, dropped = groups.chance, ""
    if chance.dropped:
        dropped = f" Dropped: {count(chance.dropped, 'group')} no larger than the largest by chance ({chance.largest})."
    return (
        f"{groups.changed:,} of {count(groups.texts, 'text')} changed some of their {k} nearest. Two texts are linked "
        "where the cosine of their sets of lost and gained neighbors is significant: the same changes, permuted among "
        f"texts in {chance.runs} runs (seed 0), give at most 5% as many links. Each text is linked to its 15 nearest; "
        "two changes must be shared; those shared by over 200 texts don't count. Groups of five or more by Leiden "
        f"(seed 0) at resolution {groups.resolution:g}: the coarsest at which, in half of the groups, half of the "
        f"texts lost or gained one and the same neighbor.{dropped} Names and words: class-based TF-IDF. In brackets: "
        "how many of the group lost, or gained, that neighbor."
    )
