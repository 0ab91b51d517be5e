"""Colors and columns as bytes: every row's byte means what its cell says."""

import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest

from core.map.color_codes import BINS, MAX_CODE, color_codes, color_legend, column_bins
from core.map.coloring import color_spec
from core.map.selection import MISSING_CODE
from core.palette import COLORS, GREY

EVIL = '<img src=x onerror=alert(1)> & "b"'
RNG = np.random.default_rng(0)
NUMBERS = pd.Series(np.where(np.arange(500) % 50 == 0, np.nan, RNG.uniform(-3, 9, 500)))
TIMES = pd.Series(pd.date_range("2026-01-01", "2026-03-01", periods=200)).where(np.arange(200) % 40 != 0)
MANY = pd.Series([f"kind {i % 1_000}" for i in range(3_000)])
SERIES = {
    "numbers": NUMBERS,
    "few numbers": pd.Series([3.0, 1, 10, np.nan, 2] * 20),
    "booleans": pd.Series([True, False, None] * 9),
    "texts": pd.Series(["b", EVIL, None, "b", "", "a"]),
    "times": TIMES,
    "1,000 categories": MANY,
    "all missing": pd.Series([None] * 7),
    "all missing numbers": pd.Series([np.nan] * 7),
    "all missing times": pd.Series([pd.NaT] * 7, dtype="datetime64[ns]"),
    "all equal": pd.Series([4.5] * 30),
    "one time": pd.Series([pd.Timestamp("2026-05-04")] * 30),
    "infinite": pd.Series([np.inf, -np.inf, *np.arange(30.0)]),
    "stretched": pd.Series([*np.arange(500.0), 1e9]),
    "lists": pd.Series([[1], [2], [1]]),
    "huge": pd.Series(np.arange(30) * 1e30),
}


@pytest.mark.parametrize("name", SERIES)
def test_codes_stay_in_the_range_of_the_look(name):
    spec = color_spec(SERIES[name], name)
    codes, look = color_codes(spec), color_legend(spec, "light")
    assert codes.dtype == np.uint8
    assert len(codes) == len(SERIES[name])
    json.dumps(look, allow_nan=False)
    if look["kind"] == "category":
        counts = [category["count"] for category in look["categories"]]
        assert np.bincount(codes, minlength=len(counts)).tolist() == counts
        colors = [category["color"] for category in look["categories"]]
    else:
        missing = look["missing"]["count"] if look["missing"] else 0
        assert look["top"] == MAX_CODE
        assert np.count_nonzero(codes == MISSING_CODE) == missing
        assert codes[codes != MISSING_CODE].max(initial=0) <= MAX_CODE
        assert len(look["ticks"]) == 3 or not len(codes[codes != MISSING_CODE])
        colors = look["gradient"]
    assert all(re.fullmatch(r"#[0-9a-fA-F]{6}", color) for color in colors)


@pytest.mark.parametrize("name", SERIES)
def test_bins_stay_in_the_range_of_their_labels(name):
    codes, labels = column_bins(SERIES[name], name)
    assert codes.dtype == np.uint8
    assert len(codes) == len(SERIES[name])
    assert np.isin(codes, [*range(len(labels)), MISSING_CODE]).all()
    assert len(labels) <= max(BINS, 22)
    assert all(isinstance(label, str) for label in labels)


def test_category_codes_are_positions_of_the_names():
    series = SERIES["texts"]
    spec = color_spec(series, "names")
    look = color_legend(spec, "dark")
    told = [look["categories"][code]["label"] for code in color_codes(spec)]
    assert told == ["b", EVIL, "missing", "b", "(empty)", "a"]  # HTML stays the text it is
    assert [category["color"] for category in look["categories"]][:3] == list(COLORS[:3])
    assert look["categories"][-1] == {"label": "missing", "count": 1, "color": GREY, "diamond": False}


def test_a_thousand_categories_are_twenty_and_the_others():
    spec = color_spec(MANY, "kind")
    look = color_legend(spec, "light")
    labels = [category["label"] for category in look["categories"]]
    assert len(labels) == 21
    assert labels[-1] == "other (980 categories)"
    assert look["categories"][-1]["count"] == 2_940
    codes = color_codes(spec)
    for row in (0, 1_000, 19, 2_019, 20, 999):
        assert labels[codes[row]] == (MANY[row] if row % 1_000 < 20 else labels[-1])
    pairs = {(category["color"], category["diamond"]) for category in look["categories"][:20]}
    assert len(pairs) == 20


def test_scale_codes_run_from_the_least_to_the_greatest():
    spec = color_spec(NUMBERS, "n")
    codes = color_codes(spec)
    known = NUMBERS.notna().to_numpy()
    low, high = NUMBERS.min(), NUMBERS.max()
    assert (codes[~known] == MISSING_CODE).all()
    assert np.abs(codes[known] - (NUMBERS[known] - low) / (high - low) * MAX_CODE).max() <= 0.5001
    assert {codes[NUMBERS.idxmin()], codes[NUMBERS.idxmax()]} == {0, MAX_CODE}
    look = color_legend(spec, "light")
    assert look["missing"] == {"label": "missing", "count": 10, "color": GREY}
    assert look["ticks"] == [f"{value:,.4g}" for value in (low, (low + high) / 2, high)]
    assert (look["kind"], look["name"]) == ("scale", "n")


def test_the_gradient_is_the_scale_itself():
    from plotly.colors import sample_colorscale

    light, dark = (color_legend(color_spec(NUMBERS, "n"), theme)["gradient"] for theme in ("light", "dark"))
    assert light != dark
    first = sample_colorscale("cividis", [0.0])[0]  # on a light ground the scale begins at its own beginning
    assert light[0] == "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", first))
    assert len(light) == len(set(light)) == 9


def test_values_beyond_a_cut_scale_have_the_end_colors():
    codes = color_codes(color_spec(SERIES["stretched"], "n"))
    assert codes[-1] == MAX_CODE
    assert codes[250] == pytest.approx(MAX_CODE / 2, abs=2)


def test_one_color_names_it():
    spec = color_spec(None, "", "none", rows=4)
    assert color_codes(spec).tolist() == [0, 0, 0, 0]
    assert color_legend(spec, "light") == {"kind": "none", "name": "", "plain": COLORS[0], "categories": []}


def test_measured_values_are_told_in_their_own_terms():
    trust = color_spec(np.array([0, 0.5, np.nan, 1.0]), "kept", "trust")
    look = color_legend(trust, "light")
    assert color_codes(trust).tolist() == [0, 127, MISSING_CODE, MAX_CODE]
    assert look["ticks"] == ["0%", "50%", "100%"]
    assert look["missing"]["label"] == "not in the measured sample"
    near = color_legend(color_spec(np.linspace(-0.25, 0.75, 40), "cosine", "similarity"), "light")
    assert near["ticks"] == ["-0.250", "0.250", "0.750"]


def test_few_numbers_have_a_bin_each_in_their_order():
    series = pd.Series([3.0, 1, 10, np.nan, 2] * 20 + [10.0] * 50)
    codes, labels = column_bins(series, "n")
    assert labels == ["1", "2", "3", "10", "missing"]
    told = [labels[code] for code in codes]
    assert told == ["missing" if np.isnan(value) else f"{value:g}" for value in series]


def test_categories_have_bins_by_size_and_stay_text():
    codes, labels = column_bins(pd.Series([EVIL, "b", "b", None, "10", "9", "9", "9"]), "n")
    assert labels == ["9", "b", EVIL, "10", "missing"]
    assert codes.tolist() == [2, 1, 1, 4, 3, 0, 0, 0]
    assert len(column_bins(MANY, "n")[1]) == 21


def test_many_numbers_fall_into_equal_bins():
    codes, labels = column_bins(NUMBERS, "n")
    known = NUMBERS.dropna()
    counts, edges = np.histogram(known.astype(np.float32), BINS)
    assert np.bincount(codes[codes != MISSING_CODE], minlength=BINS).tolist() == counts.tolist()
    assert (codes[NUMBERS.isna()] == MISSING_CODE).all()
    assert labels == [f"{low:,.4g} to {high:,.4g}" for low, high in itertools.pairwise(edges)]


def test_times_fall_into_bins_of_days():
    codes, labels = column_bins(TIMES, "day")
    assert len(labels) == BINS
    assert labels[0].startswith("2026-01-01 to 2026-01-0")
    assert labels[-1].endswith("to 2026-03-01")
    share = (TIMES - TIMES.min()) / (TIMES.max() - TIMES.min())
    expected = np.minimum(np.floor(share.dropna() * BINS), BINS - 1)
    assert np.count_nonzero(codes[TIMES.notna()] != expected) <= 1  # float32 days, at an edge
    assert (codes[TIMES.isna()] == MISSING_CODE).all()


def test_a_single_time_is_told_as_a_time():
    codes, labels = column_bins(SERIES["one time"], "day")
    assert labels[codes[0]] == "2026-05-04 00:00 to 2026-05-04 00:00"
    assert color_legend(color_spec(SERIES["one time"], "day"), "light")["ticks"] == ["2026-05-04 00:00"] * 3


def test_names_are_one_short_line():
    look = color_legend(color_spec(pd.Series(["a\u202eb\nc" * 50]), "x\n\u202e" * 90), "light")
    for text in (look["name"], look["categories"][0]["label"], column_bins(pd.Series(["y\n" * 90]), "n")[1][0]):
        assert len(text) <= 60
        assert text.isprintable()
