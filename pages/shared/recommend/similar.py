"""Similar items: rows and typed texts that are liked or disliked, and what resembles them."""

import streamlit as st

from core.errors import InputError
from core.models.registry import capabilities
from core.recommend.service import Item, ItemsQuery, ListOptions, short_texts, similar_items
from core.search.service import SearchQuery, search
from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import session
from pages.shared.messages import show_error
from pages.shared.recommend.lists import select_options, show_lists
from pages.shared.search.form import parse_row_numbers
from pages.shared.text import cut, plain

LIKE, UNLIKE = "recommend_like", "recommend_unlike"
LIKED_TEXT, UNLIKED_TEXT = "recommend_liked_text", "recommend_unliked_text"
FIND_HITS = 5


def show_similar(info: CorpusInfo, contenders: tuple[Contender, ...]) -> None:
    """The whole view."""
    st.caption(
        "Rows similar to items that you like, and dissimilar to those that you dislike. No user history is needed."
    )
    try:
        like, unlike = _select_rows(info)
    except InputError as error:
        show_error(error)
        return
    liked_texts, unliked_texts = _typed_texts(contenders)
    options = select_options(info)
    _show_find(info)
    if not like and not liked_texts:
        st.info("Enter a row number, describe what you like, or find an item.", icon=":material/recommend:")
        return
    corpus = session.corpus_ref(info)
    excerpts = session.ask(short_texts, corpus, like, 60)
    names = {row: f"row {row + 1:,}: {text}" for row, text in zip(like, excerpts, strict=True)}
    names |= {-1 - i: f"“{cut(text, 60)}”" for i, text in enumerate(liked_texts)}

    def compute(contender: Contender) -> tuple[Item, ...]:
        query = ItemsQuery(corpus, contender, like, unlike, liked_texts, unliked_texts, options)
        return _ranked(query, contender, options)

    show_lists(info, contenders, compute, names, "similar", _show_actions)


def _ranked(query: ItemsQuery, contender: Contender, options: ListOptions) -> tuple[Item, ...]:
    typed = query.liked_texts or query.unliked_texts
    return session.ask(similar_items, query, session.api_key(contender.model) if typed else None)


def _select_rows(info: CorpusInfo) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Ids of liked and disliked rows, part of the link. Raises InputError for what is no row number."""
    left, right = st.columns(2)
    like = left.text_input(
        "Liked rows", key=LIKE, bind="query-params", placeholder="12, 40", help="Row numbers, from 1."
    )
    unlike = right.text_input(
        "Disliked rows", key=UNLIKE, bind="query-params", placeholder="7",
        help="Row numbers, from 1. The query moves away from them with half the weight (Rocchio, 1971).",
    )  # fmt: skip
    return parse_row_numbers(like, info.rows), parse_row_numbers(unlike, info.rows)


def _typed_texts(contenders: tuple[Contender, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Descriptions of what is liked and disliked, one per line."""
    closed = [each.label for each in contenders if not capabilities(each.model).can_embed]
    usable, help_ = not closed, "One per line; embedded by the model, like a query."
    for key in (LIKED_TEXT, UNLIKED_TEXT):
        session.text_from_link(key)
    left, right = st.columns(2)
    fields = ((left, "Liked, described in words", LIKED_TEXT), (right, "Disliked, described in words", UNLIKED_TEXT))
    texts = [
        column.text_area(label, key=key, height=68, help=help_, disabled=not usable, persist_state="session")
        for column, label, key in fields
    ]
    if closed:
        st.caption(
            f"Imported vectors embed no texts. To describe items, remove from the contenders: {plain(closed[0])}."
        )
    for key in (LIKED_TEXT, UNLIKED_TEXT):
        session.write_text_to_link(key)
    liked, unliked = (tuple(line.strip() for line in (text or "").splitlines() if line.strip()) for text in texts)
    return (liked, unliked) if usable else ((), ())


def _show_find(info: CorpusInfo) -> None:
    """Find items by keywords, to like them."""
    with st.popover("Find an item", icon=":material/search:"):
        text = st.text_input("Keywords", key="recommend_find", placeholder="words of the item")
        if not text.strip():
            return
        result = session.ask(search, session.corpus_ref(info), None, SearchQuery(text, "keyword", k=FIND_HITS), None)
        if not len(result.hits):
            st.caption("No items have these words.")
        for row, excerpt in zip(result.hits.rows.tolist(), result.texts, strict=True):
            st.caption(f"Row {row + 1:,}: {plain(cut(''.join(piece for piece, _ in excerpt), 120))}")
            _row_buttons(row, f"find-{row}")


def _show_actions(item: Item, key: str) -> None:
    _row_buttons(item.row, key)


def _row_buttons(row: int, key: str) -> None:
    with st.container(horizontal=True):
        for field, label, icon in (
            (LIKE, "Like", ":material/thumb_up:"),
            (UNLIKE, "Dislike", ":material/thumb_down:"),
        ):
            st.button(label, key=f"{key}-{field}", type="tertiary", icon=icon, on_click=_add_row, args=(field, row))


def _add_row(field: str, row: int) -> None:
    current = str(session.widget_value(field) or "")
    numbers = [part for part in current.replace(",", " ").split() if part]
    if str(row + 1) not in numbers:
        session.set_widget(field, ", ".join([*numbers, str(row + 1)]))
