"""Groups of texts that lost and gained the same neighbors from one contender to another."""

from functools import partial

import streamlit as st

from core.disagreement import shift_groups as answers
from core.disagreement import shift_results as kept
from core.disagreement.service import Asked
from core.disagreement.shift_groups import MovedGroup, MovedGroups, MovedText
from core.store import CorpusInfo
from pages.shared import result_view, session
from pages.shared.disagreement import controls as choice
from pages.shared.disagreement import wait
from pages.shared.outliers import save as keep
from pages.shared.text import count, cut, plain

SHALLOW = (5, 10, 20)  # of more neighbors, too much changes for groups to stand out
AT_A_TIME = 4


def show(asked: Asked, info: CorpusInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        between = choice.pair(asked, every=False)
        k = _depth(asked)
        _turn()
    if session.widget_value("disagree_turned"):
        between = Asked(between.corpus, between.contenders[::-1])
    if not _ready(between, k):
        return
    found = session.ask_once(answers.moved_groups, between, k)
    _headline(between, found, k)
    for group in found.groups[: _shown(found)]:
        _group(between, group, k, info)
    st.caption(_method(found, k))


def _depth(asked: Asked) -> int:
    offered = [k for k in SHALLOW if k <= choice.usual_depth(asked) or k in choice.depths(asked)]
    if len(offered) < 2:
        return choice.usual_depth(asked)
    chosen = st.segmented_control(
        "Nearest texts followed",
        offered,
        key="disagree_followed",
        default=10 if 10 in offered else offered[-1],
        required=True,
        persist_state="session",
        help="A text loses a neighbor that is among so many nearest under the first contender only, and gains one that "
        "is so under the second only.",
    )
    return int(chosen or offered[0])


def _turn() -> None:
    st.toggle(
        "The other way round", key="disagree_turned", persist_state="session",
        help="From the second contender to the first: what was lost is gained.",
    )  # fmt: skip


def _ready(asked: Asked, k: int) -> bool:
    done, seconds = session.ask(kept.moves_state, asked, k)
    if done:
        return True
    compute = partial(session.ask, kept.find_moves, asked, k, timeout=600)
    if result_view.compute_inline(seconds, "Finding texts that moved together", compute):
        return True
    result_view.offer_jobs(
        wait.moves(asked, k),
        headline="What moved together has not been worked out yet",
        description="Texts are joined that lost and gained the same neighbors, and groups are found among them.",
        button="Find the groups",
        seconds=seconds,
    )
    return False


def _headline(asked: Asked, found: MovedGroups, k: int) -> None:
    first, second = (plain(name) for name in asked.names[:2])
    if not found.groups:
        st.info(_nothing(found), icon=":material/done_all:")
        return
    top = found.groups[0]
    st.markdown(
        f"From {first} to {second}, **{count(found.grouped, 'text')}** of {found.texts:,} moved together, "
        f"in {count(found.total, 'group')}; {_by_chance(found)}. Most changed **{plain(top.name)}**: "
        f"{count(top.texts, 'text')} {way(top)}."
    )


def way(group: MovedGroup) -> str:
    """From which texts to which, as far as their words tell them apart."""
    left, found = _words(group.from_words), _words(group.to_words)
    if left and found:
        return f"that left texts about {left} for texts about {found}"
    if left or found:
        return f"that left texts about {left}" if left else f"that moved to texts about {found}"
    return "that changed neighbors for others with the same words"


def _nothing(found: MovedGroups) -> str:
    if not found.moved:
        return "No text changed any of its neighbors."
    changed = f"{found.moved:,} of {count(found.texts, 'text')} changed neighbors"
    if found.chance.dropped:
        return f"{changed}, but no group of them is larger than those that chance gives ({found.chance.largest} texts)."
    return f"{changed}, but no five of them together: their changes are no more alike than by chance."


def _by_chance(found: MovedGroups) -> str:
    """What would have been found if nothing had moved together."""
    chance = found.chance
    if not chance.largest:
        return "by chance none would"
    return f"by chance {chance.texts:,.0f} would, in groups of at most {chance.largest}"


def _words(words: tuple[str, ...]) -> str:
    return plain(", ".join(words[:4]))


def _shown(found: MovedGroups) -> int:
    if len(found.groups) <= AT_A_TIME:
        return len(found.groups)
    every = st.toggle(
        f"Show all {len(found.groups)} listed groups", key="disagree_all_groups", persist_state="session",
        help="The first four are those with most change: texts times their mean disagreement.",
    )  # fmt: skip
    return len(found.groups) if every else AT_A_TIME


def _group(asked: Asked, group: MovedGroup, k: int, info: CorpusInfo) -> None:
    with st.container(border=True):
        named = f"{plain(cut(group.column, 30))} {plain(cut(group.label[0], 40))}"
        label = f" · mostly {named} ({group.label[1]:,} of {group.texts:,})" if group.label[1] else ""
        st.markdown(
            f"**{plain(group.name)}** · {count(group.texts, 'text')} · disagreement {group.disagreement:.0%}{label}"
        )
        st.caption(f"Words they share: {_all(group.words)}")
        left, middle, right = st.columns(3, gap="medium")
        with left:
            _texts("The group", [(example, "") for example in group.examples])
        with middle:
            st.markdown(f"**Moved from** {_words(group.from_words)}".rstrip())
            _texts("", [_moved(each, group.texts) for each in group.lost])
        with right:
            st.markdown(f"**to** {_words(group.to_words)}".rstrip())
            _texts("", [_moved(each, group.texts) for each in group.gained])
        rows = partial(session.ask, answers.group_rows, asked, k, group.number)
        keep.selection(info, f"moved_{group.number}", rows, group.texts, f"Moved together: {cut(group.name, 50)}")


def _all(words: tuple[str, ...]) -> str:
    return plain(", ".join(words)) or "none"


def _moved(each: MovedText, of: int) -> tuple[str, str]:
    label = f", {plain(cut(each.column, 20))} {plain(cut(each.label, 30))}" if each.label else ""
    return each.text, f" ({each.members:,} of {of:,}{label})"


def _texts(title: str, texts: list[tuple[str, str]]) -> None:
    head = f"**{title}**\n" if title else ""
    st.markdown(head + "\n".join(f"- {plain(cut(text, 110))}{note}" for text, note in texts))


def _method(found: MovedGroups, k: int) -> str:
    return (
        f"{found.moved:,} of {count(found.texts, 'text')} changed some of their {k} nearest. Two texts are joined "
        "where the sets of neighbors they lost and gained have a cosine that chance rarely gives (the same changes, "
        f"dealt out to random texts in {found.chance.runs} runs with seed 0, would join at most 5% as many; a text is "
        "joined to its 15 nearest, two changes must be shared, those shared by over 200 texts don't count). Groups of "
        f"five or more by Leiden (seed 0) at resolution {found.resolution:g}: the coarsest at which, in half of the "
        "groups, half of the texts lost or gained one and the same neighbor."
        f"{_dropped(found)} Names and words by class-based TF-IDF. In brackets: how many of the group lost, or gained, "
        "that neighbor."
    )


def _dropped(found: MovedGroups) -> str:
    if not found.chance.dropped:
        return ""
    return (
        f" Left out: {count(found.chance.dropped, 'group')} no larger than the largest by chance "
        f"({found.chance.largest} texts)."
    )
