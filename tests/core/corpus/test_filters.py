import numpy as np
import pandas as pd
import pytest

from core.corpus.filters import Filter, apply_filters, filter_options, filters_from_json, filters_to_json
from core.errors import InputError, StorageError


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "area": ["Tea", "Coffee", None, "  ", "tea pots"],
            "rating": [5, 4, np.nan, 1, 5],
            "day": pd.to_datetime(
                ["2026-01-01 10:00", "2026-01-31 23:59", None, "2026-02-01 00:00", "2025-12-31 00:00"]
            ),
            "new": [True, False, True, True, False],
            "tags": [["a"], ["b"], None, ["a"], ["c"]],
        }
    )


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        (Filter("area", "values", ("Tea", "Coffee")), [0, 1]),
        (Filter("rating", "values", ("5",)), [0, 4]),
        (Filter("new", "values", ("True",)), [0, 2, 3]),
        (Filter("day", "values", ("2026-02-01T00:00:00",)), [3]),
        (Filter("tags", "values", ("['a']",)), [0, 3]),
        (Filter("area", "contains", text="TEA"), [0, 4]),
        (Filter("area", "contains", text="tea p"), [4]),
        (Filter("area", "contains", text="."), []),
        (Filter("area", "missing"), [2, 3]),
        (Filter("rating", "missing"), [2]),
        (Filter("rating", "range", low=4), [0, 1, 4]),
        (Filter("rating", "range", low=1, high=4), [1, 3]),
        (Filter("day", "range", low="2026-01-01", high="2026-01-31"), [0, 1]),
        (Filter("day", "range", high="2026-01-01T10:00:00"), [0, 4]),
        (Filter("day", "range", low="2026-01-01T11:00:00+02:00"), [0, 1, 3]),
    ],
)
def test_each_kind_of_filter(table, wanted, rows):
    mask = apply_filters(table, [wanted])
    assert mask.dtype == bool
    assert np.flatnonzero(mask).tolist() == rows


def test_filters_are_joined_by_and_and_none_passes_all(table):
    both = [Filter("rating", "values", ("5",)), Filter("area", "contains", text="pot")]
    assert np.flatnonzero(apply_filters(table, both)).tolist() == [4]
    assert apply_filters(table, []).all()
    assert apply_filters(table.iloc[:0], both).shape == (0,)


def test_times_with_a_zone_are_compared_in_utc():
    table = pd.DataFrame({"day": pd.to_datetime(["2026-01-01 23:30"]).tz_localize("America/New_York")})
    assert not apply_filters(table, [Filter("day", "range", high="2026-01-01")]).any()
    assert apply_filters(table, [Filter("day", "range", low="2026-01-02")]).all()


def test_what_does_not_fit_is_explained(table):
    with pytest.raises(InputError, match='no column "price"'):
        apply_filters(table, [Filter("price", "missing")])
    with pytest.raises(InputError, match='does not fit the column "day"'):
        apply_filters(table, [Filter("day", "range", low="soon")])
    with pytest.raises(InputError, match='does not fit the column "rating"'):
        apply_filters(table, [Filter("rating", "range", low="soon")])


def test_options_suit_the_column(table):
    area = filter_options(pd.Series(["b", "a", "b", None]))
    assert (area.kind, area.values, area.distinct, area.missing) == ("values", (("b", 2), ("a", 1)), 2, 1)
    day = filter_options(table["day"])
    assert (day.kind, day.low, day.high) == ("range", "2025-12-31T00:00:00", "2026-02-01T00:00:00")
    rating = filter_options(table["rating"])
    assert (rating.kind, rating.values[0], rating.low, rating.high) == ("values", ("5", 2), 1.0, 5.0)
    assert filter_options(pd.Series(np.arange(50.0))).kind == "range"
    assert filter_options(table["new"]).column_kind == "bool"
    free = filter_options(pd.Series([f"text {i}" for i in range(500)]))
    assert (free.kind, free.values, free.distinct) == ("contains", (), 500)
    assert filter_options(pd.Series(["x" * 201, "y"])).kind == "contains"  # no one chooses among essays
    empty = filter_options(pd.Series([None, None], dtype=object))
    assert (empty.kind, empty.values, empty.missing) == ("values", (), 2)
    assert filter_options(pd.Series([np.nan, np.nan])).low is None


def test_a_value_offered_finds_as_many_rows_as_it_says(table):
    for column in table.columns:
        for value, count in filter_options(table[column]).values:
            assert apply_filters(table, [Filter(column, "values", (value,))]).sum() == count


def test_the_text_form_gives_the_same_filters_back():
    filters = (
        Filter("评分", "values", ("5", 'a"b')),
        Filter("day", "range", low="2026-01-01"),
        Filter("n", "range", low=0.0, high=2.5),
        Filter("t", "contains", text="<b>"),
        Filter("t", "missing"),
        Filter("Tea & <b>", "rows", text="0123456789abcdef"),
    )
    assert filters_from_json(filters_to_json(filters)) == filters
    assert filters_from_json("[]") == ()


@pytest.mark.parametrize(
    "text",
    ["", "{}x", "[1]", '[{"column":"a"}]', '[{"column":"a","kind":"eval"}]', "[" * 100_000, "5",
     '[{"column":"a","kind":"range","low":[1]}]', '[{"column":"a","kind":"rows"}]',
     '[{"column":"a","kind":"rows","text":"../../../../etc/x"}]',
     '[{"column":"a","kind":"rows","text":"0123456789ABCDEF"}]',
     '[{"column":"a","kind":"rows","text":["0123456789abcdef"]}]'],
)  # fmt: skip
def test_a_text_form_that_can_not_be_read_is_refused(text):
    with pytest.raises(InputError, match="can't be read"):
        filters_from_json(text)


def test_the_rows_of_a_selection_pass(table):
    kept = {"a" * 16: np.array([True, True, False, False, True]), "b" * 16: np.array([True])}

    def members(key):
        if key not in kept:
            raise StorageError("gone")
        return kept[key]

    within = Filter("no column", "rows", text="a" * 16)
    assert np.flatnonzero(apply_filters(table, [within], members)).tolist() == [0, 1, 4]
    both = [within, Filter("rating", "values", ("5",))]
    assert np.flatnonzero(apply_filters(table, both, members)).tolist() == [0, 4]
    for wanted, loader in ((within, None), (Filter("x", "rows", text="c" * 16), members)):
        with pytest.raises(InputError, match="no selection"):
            apply_filters(table, [wanted], loader)
    with pytest.raises(InputError, match="no selection"):  # one of another number of rows
        apply_filters(table, [Filter("x", "rows", text="b" * 16)], members)
