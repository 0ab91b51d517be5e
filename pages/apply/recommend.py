"""Recommend: items similar to items, lists for users, and which embedding recommends best."""

from collections.abc import Callable

from core.store import CorpusInfo
from core.vectors.contenders import Contender
from pages.shared import contenders
from pages.shared.recommend.evaluation import show_evaluation
from pages.shared.recommend.similar import show_similar
from pages.shared.recommend.users import show_users

VIEWS: dict[str, Callable[[CorpusInfo, tuple[Contender, ...]], None]] = {
    "Similar items": show_similar,
    "For users": show_users,
    "Evaluation": show_evaluation,
}
HELP = (
    "Similar items: rows similar to some and unlike others, with reasons. For users: lists from what users read, under "
    "each contender. Evaluation: whether the lists contain what users read next, beside popularity and random lists."
)


def page() -> None:
    frame = contenders.start_page("Recommend", "No data yet. Add items with texts to recommend them.", minimum=1)
    if frame is None:
        return
    view = contenders.select_view(VIEWS, "recommend_view", HELP)
    contenders.run_view(VIEWS[view], *frame)


page()
