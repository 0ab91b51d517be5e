"""Recommend in a browser: typed tastes and a dislike, lists for users of an uploaded table, and its evaluation."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Sample
from tests.e2e.steps import button, choose_part, keyed, no_traceback, rerun, settled, start_unless_inline

pytestmark = pytest.mark.browser
USERS, EVALUATION = 1, 2  # of the views
FILE = 1  # of the origins of histories
ITEMS = "similar-0-"  # begins the keys of an item's buttons


def events(sample: Sample, path: Path) -> Path:
    """Twelve users who read five rows each, of one area."""
    table = sample.corpus.table
    areas = table["area"].value_counts().index[:4]
    rows = [
        (f"user {user}", item, f"2026-01-{day + 1:02d}")
        for user in range(12)
        for day, item in enumerate(table["id"][table["area"] == areas[user % 4]].iloc[user : user + 5])
    ]
    pd.DataFrame(rows, columns=["user", "item", "date"]).to_csv(path, index=False)
    return path


def test_items_users_and_an_evaluation(sample: Sample, visit: Callable[[], Page], tmp_path: Path):
    page = visit()
    page.goto(sample.url("recommend", recommend_view="Similar items", contenders=sample.maps[0].model.key))
    settled(page)
    field = keyed(page, "recommend_liked_text").locator("textarea")
    field.fill("The desk is stable and well made")
    with rerun(page):
        field.press("Control+Enter")
    dislike = page.locator(f'[class*="st-key-{ITEMS}"][class*="-recommend_unlike"]').first
    disliked = dislike.get_attribute("class") or ""
    with rerun(page):
        dislike.get_by_role("button").click()
    row = disliked.partition(ITEMS)[2].partition("-")[0]
    expect(keyed(page, "recommend_unlike").locator("input")).to_have_value(str(int(row) + 1))
    expect(page.locator(f'[class*="st-key-{ITEMS}{row}-"]')).to_have_count(0)  # no longer listed
    choose_part(page, "recommend_view", USERS)
    choose_part(page, "recommend_origin", FILE)
    keyed(page, "recommend_upload").locator("input[type=file]").set_input_files(events(sample, tmp_path / "events.csv"))
    expect(keyed(page, "user-0-select")).to_be_visible()
    expect(keyed(page, "recommend_reader").locator("input")).to_have_value("user 0 (5 events)")
    choose_part(page, "recommend_view", EVALUATION)
    start_unless_inline(page, keyed(page, "rec_intervals").locator(".js-plotly-plot"))
    expect(button(page, "rec_user")).to_be_visible()
    no_traceback(page)
