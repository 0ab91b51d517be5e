"""For users: the history of one user, and the lists of the contenders for it."""

import streamlit as st

from core.recommend.profiles import HALF_LIFE, MAX_ITEMS, Profile
from core.recommend.service import Item, UserList, short_texts, user_list, users_by_events
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.recommend.collaborative import offer_collaborative_corpus
from pages.shared.recommend.histories import select_histories
from pages.shared.recommend.lists import select_options, show_lists
from pages.shared.text import count, cut, plain

PROFILES: dict[Profile, str] = {
    "recent": "Recent items", "mean": "All items", "max": "Nearest item", "clusters": "Clusters of items",
}  # fmt: skip
PROFILE_HELP = (
    f"Recent items: mean in which an item counts half after {HALF_LIFE:g} later ones. All items: mean by rating. "
    f"Nearest item: the highest cosine to one of the latest {MAX_ITEMS}. Clusters of items: the highest cosine to the "
    "center of a cluster of the history, for users with several tastes."
)
MAX_HISTORY = 20


def show_users(info: CorpusInfo, contenders: tuple[Contender, ...]) -> None:
    """The whole view."""
    selected = select_histories(info)
    if selected is None:
        return
    source, facts = selected
    users = dict(session.ask(users_by_events, source))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        user = st.selectbox(
            "User", list(users), key="recommend_reader", width=320, persist_state="session",
            format_func=lambda name: f"{cut(name, 40)} ({count(users.get(name, 0), 'event')})",
            help=f"{len(users):,} of {facts.users:,} users, those with the most events first.",
        )  # fmt: skip
        profile = select_profile("recommend_profile")
    options = select_options(info)
    lists = {each: session.ask(user_list, source, each, user, profile, options) for each in contenders[:1]}
    first = lists[contenders[0]]
    texts = session.ask(short_texts, source.corpus, first.history, 90)
    liked = zip(first.history, texts, strict=True)
    names = {row: f"row {row + 1:,}, which this user liked: {text}" for row, text in liked}
    _show_history(first, texts)

    def compute(contender: Contender) -> tuple[Item, ...]:
        if contender not in lists:
            lists[contender] = session.ask(user_list, source, contender, user, profile, options)
        return lists[contender].items

    show_lists(info, contenders, compute, names, "user")
    offer_collaborative_corpus(info, source)


def select_profile(key: str) -> Profile:
    options: list[Profile] = list(PROFILES)
    return st.selectbox(
        "Profile", options, key=key, width=200, persist_state="session", format_func=PROFILES.__getitem__,
        help=PROFILE_HELP,
    )  # fmt: skip


def _show_history(first: UserList, texts: tuple[str, ...]) -> None:
    title = f"History: {count(len(first.history), 'liked item')}, {count(first.seen, 'seen item')}"
    with st.expander(title, icon=":material/history:"):
        for row, text in list(zip(first.history, texts, strict=True))[:MAX_HISTORY]:
            st.caption(f"Row {row + 1:,}: {plain(text)}")
        if len(first.history) > MAX_HISTORY:
            st.caption(f"The latest {MAX_HISTORY} of {len(first.history):,}.")
