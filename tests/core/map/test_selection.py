"""What is chosen on a map: reading anything at all, and the rows it means against a computation point by point."""

import json

import numpy as np
import pytest

from core.map.selection import GRID_STEPS, MISSING_CODE, Bounds, MapSelection, SelectionStep, rows_in_selection

POINTS = np.random.default_rng(3).uniform(-5, 5, (3_000, 2)).astype(np.float32)
OTHER = np.random.default_rng(4).uniform(-5, 5, (3_000, 2)).astype(np.float32)
BOUNDS = Bounds.of([POINTS, OTHER])
KEY = "0123456789abcdef"

WHOLE = {
    "steps": [
        {"k": "lasso", "o": "set", "p": [0, 0, 500_000, 0, 0, 400_000]},
        {"k": "box", "o": "sub", "p": [10, 20, -5, 300_000], "m": 1},
        {"k": "rows", "o": "add", "a": KEY},
    ],
    "color": "column:subject",
    "hidden": [0, 3],
    "range": [4, 200],
    "brushes": {"stars": [0, 2], "Größe <b>": [1, 1]},
    "clicked": 17,
}
NONSENSE = [
    None, True, 0, -1, 1.5, float("nan"), float("inf"), 10**400, "", "x", "\x00", b"x", [], [None], [[]], {}, {"a": 1},
    [1, 2, 3], ["1", "2"], [float("nan"), 1], [[1, 2], [3, 4]], {"x": [1, 2]}, {1: [0, 1]}, {"k": "box"}, ...,
    [{"k": "box", "o": "set"}], [{"k": ["box"], "o": "set"}], [{"k": "rows", "o": "add", "a": "../../x"}], (1, 2),
    {"\ud800": [0, 1]}, "\ud800",
]  # fmt: skip


def corners(*places: tuple[float, float], bounds: Bounds = BOUNDS) -> tuple[int, ...]:
    """Places in the layout's units as differences between whole steps."""
    steps = np.array([bounds.steps(*place) for place in places])
    return tuple(int(part) for part in np.diff(steps, axis=0, prepend=0).ravel())


def even_odd(x: float, y: float, polygon: list[tuple[float, float]]) -> bool:
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def rows_one_by_one(steps: list[tuple[str, str, list, np.ndarray]]) -> list[int]:
    """(kind, operation, places, points) after one another, each point for itself."""
    chosen: set[int] = set()
    for kind, operation, places, points in steps:
        if kind == "box":
            (x0, y0), (x1, y1) = np.min(places, axis=0), np.max(places, axis=0)
            found = {i for i, (x, y) in enumerate(points.tolist()) if x0 <= x <= x1 and y0 <= y <= y1}
        else:
            found = {i for i, (x, y) in enumerate(points.tolist()) if even_odd(x, y, places)}
        chosen = found if operation == "set" else chosen | found if operation == "add" else chosen - found
    return sorted(chosen)


# reading


def test_whole_choice_is_read_and_written_back():
    choice = MapSelection.read(WHOLE)
    assert choice.steps[0] == SelectionStep("lasso", "set", (0, 0, 500_000, 0, 0, 400_000))
    assert choice.steps[1] == SelectionStep("box", "sub", (10, 20, -5, 300_000), panel=1)
    assert choice.steps[2] == SelectionStep("rows", "add", key=KEY)
    assert (choice.color, choice.hidden, choice.span, choice.clicked) == ("column:subject", (0, 3), (4, 200), 17)
    assert choice.brushes == (("stars", 0, 2), ("Größe <b>", 1, 1))
    assert choice.to_dict() == WHOLE
    assert MapSelection.read(choice.to_dict()) == choice
    assert MapSelection.from_text(choice.to_text()) == choice
    assert "ß" in choice.to_text()  # short in an address
    assert choice.has_selection
    assert choice.has_filters


def test_nothing_chosen_takes_no_room():
    assert MapSelection().to_text() == "{}"
    assert MapSelection.read({}) == MapSelection.read(None) == MapSelection()
    assert not MapSelection().has_selection
    assert not MapSelection(clicked=3, color="trust:").has_selection


@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: repr(value)[:30])
def test_nonsense_never_raises_and_what_is_left_can_be_used(value):
    wholes = [value, *({**WHOLE, name: value} for name in WHOLE)]
    wholes += [{**WHOLE, "steps": [WHOLE["steps"][1], {**WHOLE["steps"][0], part: value}]} for part in "kopma"]
    for whole in wholes:
        choice = MapSelection.read(whole)
        hash(choice)
        choice.to_text().encode()  # it is written to an address
        assert MapSelection.from_text(choice.to_text()) == choice
        rows = rows_in_selection(
            choice, [POINTS], BOUNDS, np.zeros(3_000, np.uint8), {"stars": np.ones(3_000, np.uint8)}
        )
        assert rows.dtype == np.int64
    assert len(MapSelection.read({**WHOLE, "color": value}).steps) == 3  # the rest stays


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "1e999", "NaN", '{"clicked":NaN}', "9" * 5_000, "[" * 100_000, '{"steps":{}}',
             '{"brushes":{"\\ud800":[0,1]}}'],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_addresses_that_say_nothing_choose_nothing(text):
    assert MapSelection.from_text(text) == MapSelection()


@pytest.mark.parametrize(
    "step",
    [
        {"k": "box", "o": "set", "p": [0, 0]},
        {"k": "box", "o": "set", "p": [0, 0, 1, 1, 5, 5]},  # the browser would look at two corners only
        {"k": "lasso", "o": "set", "p": [0, 0, 1, 1]},
        {"k": "lasso", "o": "set", "p": [0, 0, 1, 1, 2]},
        {"k": "lasso", "o": "set", "p": [0, 0, 1, 1, 2, 0.5]},
        {"k": "lasso", "o": "set", "p": [0, 0, 1, 1, 2, 1 << 41]},
        {"k": "lasso", "o": "set", "p": [0, 0] * 2_001},
        {"k": "box", "o": "set", "p": [0, 0, 1, 1], "m": 4},
        {"k": "box", "o": "set", "p": [0, 0, 1, 1], "m": -1},
        {"k": "box", "o": "xor", "p": [0, 0, 1, 1]},
        {"k": "disc", "o": "set", "p": [0, 0, 1, 1]},
        {"k": "rows", "o": "set", "a": KEY.upper()},
        {"k": "rows", "o": "set", "a": KEY + "\n"},
    ],
)
def test_a_step_that_is_no_shape_is_left_out(step):
    assert MapSelection.read({"steps": [step, {"k": "rows", "o": "add", "a": KEY}]}).steps == (
        SelectionStep("rows", "add", key=KEY),
    )


def test_numbers_from_javascript_are_whole_numbers_and_hidden_codes_are_bytes():
    choice = MapSelection.read({"hidden": [3.0, 1, 1, -1, 256, 2.5, True, "4"], "range": [0.0, 9.0], "clicked": 4.0})
    assert (choice.hidden, choice.span, choice.clicked) == ((1, 3), (0, 9), 4)
    assert all(type(part) is int for part in (*choice.hidden, *choice.span, choice.clicked))
    assert json.loads(choice.to_text()) == {"hidden": [1, 3], "range": [0, 9], "clicked": 4}
    assert MapSelection.read({"clicked": -1}).clicked is None
    assert MapSelection.read({"range": [1, 2, 3]}).span is None


def test_at_most_two_hundred_steps_are_read():
    box = {"k": "box", "o": "add", "p": [0, 0, 1, 1]}
    assert len(MapSelection.read({"steps": [box] * 1_000}).steps) == 200


# rows


LASSO = [(-4.0, -4.0), (3.5, -3.0), (4.0, 4.0), (0.0, -1.0), (-3.0, 4.5)]
BOX = [(-1.0, -2.0), (2.0, 4.0)]
SMALL = [(-2.5, -2.5), (0.5, 0.5)]


@pytest.mark.parametrize(
    "parts",
    [
        [("lasso", "set", LASSO, 0)],
        [("lasso", "add", LASSO, 0)],
        [("lasso", "sub", LASSO, 0)],
        [("lasso", "set", LASSO, 0), ("box", "add", BOX, 0), ("box", "sub", SMALL, 0)],
        [("lasso", "set", LASSO, 0), ("box", "sub", SMALL, 0), ("box", "add", BOX, 0)],
        [("lasso", "set", LASSO, 0), ("box", "set", SMALL, 0)],
        [("lasso", "set", LASSO, 1), ("box", "sub", BOX, 0)],
        [("lasso", "set", LASSO, 3), ("box", "add", BOX, 1)],  # a map that is no longer shown: the last one
    ],
)
def test_steps_equal_a_computation_point_by_point(parts):
    layouts = [POINTS, OTHER]
    steps = tuple(SelectionStep(kind, operation, corners(*places), panel) for kind, operation, places, panel in parts)
    # in the layout's units the corners are those of the steps, at most half a step away from those drawn
    exact = [[tuple(corner) for corner in step.polygon(BOUNDS).tolist()] for step in steps]
    for step, (_, _, places, _) in zip(steps, parts, strict=True):
        assert np.allclose(step.polygon(BOUNDS), places, atol=0.51 * BOUNDS.side / GRID_STEPS)
    expected = rows_one_by_one(
        [
            (kind, operation, polygon, layouts[min(panel, 1)])
            for (kind, operation, _, panel), polygon in zip(parts, exact, strict=True)
        ]
    )
    assert rows_in_selection(MapSelection(steps), layouts, BOUNDS).tolist() == expected
    assert 0 < len(expected) < 3_000 or parts[0][1] == "sub"


@pytest.mark.parametrize("ends", [((-1, -2), (2, 4)), ((2, 4), (-1, -2)), ((-1, 4), (2, -2)), ((2, -2), (-1, 4))])
def test_a_box_is_the_same_whichever_corner_was_first(ends):
    rows = rows_in_selection(MapSelection((SelectionStep("box", "set", corners(*ends)),)), [POINTS], BOUNDS)
    x, y = POINTS.T
    assert rows.tolist() == np.flatnonzero((x > -1) & (x < 2) & (y > -2) & (y < 4)).tolist()


def test_without_shapes_all_rows_pass_that_no_filter_stops():
    assert rows_in_selection(MapSelection(), [POINTS], BOUNDS).tolist() == list(range(3_000))
    assert rows_in_selection(MapSelection(clicked=5), [POINTS], BOUNDS).tolist() == list(range(3_000))


def test_filters_and_shapes_hold_together():
    rng = np.random.default_rng(5)
    codes, stars, days = (rng.integers(0, 10, 3_000).astype(np.uint8) for _ in range(3))
    codes[:100] = stars[50:150] = MISSING_CODE
    box = SelectionStep("box", "set", corners(*BOX))
    choice = MapSelection(
        (box,), "c", hidden=(2, 3), span=(1, 7), brushes=(("stars", 3, 6), ("days", 0, 8), ("gone", 0, 0))
    )
    columns = {"stars": stars, "days": days}
    x, y = POINTS.T
    expected = [
        row
        for row in range(3_000)
        if -1 < x[row] < 2
        and -2 < y[row] < 4
        and codes[row] in (1, 4, 5, 6, 7)
        and 3 <= stars[row] <= 6
        and days[row] <= 8
    ]
    assert rows_in_selection(choice, [POINTS], BOUNDS, codes, columns).tolist() == expected
    assert expected
    only = MapSelection(brushes=(("stars", 4, 4),))
    assert rows_in_selection(only, [POINTS], BOUNDS, None, columns).tolist() == np.flatnonzero(stars == 4).tolist()
    missing = MapSelection(hidden=(MISSING_CODE,))
    assert rows_in_selection(missing, [POINTS], BOUNDS, codes).tolist() == list(range(100, 3_000))
    # where the codes of the color are not known, its filters don't count
    plain = rows_in_selection(MapSelection((box,)), [POINTS], BOUNDS)
    assert rows_in_selection(choice, [POINTS], BOUNDS).tolist() == plain.tolist()


def test_kept_rows_come_by_their_key():
    kept = {KEY: np.isin(np.arange(3_000), [5, 7, 2_999]), "f" * 16: np.isin(np.arange(3_000), [7])}
    steps = (SelectionStep("rows", "set", key=KEY), SelectionStep("rows", "sub", key="f" * 16))
    asked = []
    rows = rows_in_selection(MapSelection(steps), [POINTS], BOUNDS, members=lambda key: asked.append(key) or kept[key])
    assert rows.tolist() == [5, 2_999]
    assert asked == [KEY, "f" * 16]
    assert rows_in_selection(MapSelection(steps), [POINTS], BOUNDS).tolist() == []


def test_points_without_a_place_are_in_no_shape():
    points = np.array([[np.nan, 0], [0, np.nan], [np.inf, 0], [0, 0], [1, 1]], dtype=np.float32)
    bounds = Bounds.of([points])
    around = corners((-1, -1), (2, -1), (2, 2), (-1, 2), bounds=bounds)
    assert rows_in_selection(MapSelection((SelectionStep("lasso", "set", around),)), [points], bounds).tolist() == [
        3,
        4,
    ]
    box = SelectionStep("box", "set", corners((-1, -1), (2, 2), bounds=bounds))
    assert rows_in_selection(MapSelection((box,)), [points], bounds).tolist() == [3, 4]
    assert rows_in_selection(MapSelection(), [points], bounds).tolist() == [0, 1, 2, 3, 4]


# bounds


def test_bounds_are_the_square_around_the_known_points_of_all_layouts():
    one = np.array([[0, 0], [4, 1], [np.nan, 900], [np.inf, 0], [900, -np.inf]], dtype=np.float32)
    assert Bounds.of([one]) == Bounds(0.0, 0.0, 4.0, 1.0, 0.25)
    assert Bounds.of([one, np.array([[-4, 3.0]], dtype=np.float32)]) == Bounds(-4.0, 0.0, 8.0, 1.0, 0.375)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (np.empty((0, 2), np.float32), Bounds(0.0, 0.0, 1.0, 1.0, 1.0)),
        (np.full((3, 2), np.nan, np.float32), Bounds(0.0, 0.0, 1.0, 1.0, 1.0)),
        (np.array([[3, -2]], np.float32), Bounds(3.0, -2.0, 1.0, 1.0, 1.0)),
        (np.array([[3, -2]] * 5, np.float32), Bounds(3.0, -2.0, 1.0, 1.0, 1.0)),
        (np.array([[3, -2], [3, 6]], np.float32), Bounds(3.0, -2.0, 8.0, 1.0, 1.0)),  # one above the other
    ],
)
def test_bounds_of_few_points_can_be_divided_by(points, expected):
    assert Bounds.of([points]) == expected
    assert expected.steps(expected.x, expected.y) == (0, 0)
    assert expected.steps(expected.x + expected.side, expected.y) == (GRID_STEPS, 0)


# Plotly


@pytest.mark.parametrize("seed", range(10, 15))
def test_shapes_of_a_plotly_chart_select_what_was_drawn(seed):
    places = np.random.default_rng(seed).uniform(-5, 5, (7, 2)).tolist()
    x, y = (list(part) for part in zip(*places, strict=True))
    lasso = MapSelection.from_plotly(
        {"selection": {"lasso": [{"x": x, "y": y}], "points": [{"customdata": 3}]}}, BOUNDS
    )
    assert lasso.clicked is None
    expected = rows_one_by_one([("lasso", "set", places, POINTS)])
    # a point within half a step of an edge could fall on its other side; none of these does
    assert rows_in_selection(lasso, [POINTS], BOUNDS).tolist() == expected
    both = MapSelection.from_plotly({"box": [{"x": [2, -1], "y": [-2, 4]}], "lasso": [{"x": x, "y": y}]}, BOUNDS)
    expected = rows_one_by_one([("box", "set", BOX, POINTS), ("lasso", "add", places, POINTS)])
    assert rows_in_selection(both, [POINTS], BOUNDS).tolist() == expected
    assert MapSelection.read(both.to_dict()) == both


@pytest.mark.parametrize(
    ("event", "clicked"),
    [
        ({"points": [{"customdata": 4}]}, 4),
        ({"points": [{"customdata": 4}, {"customdata": 5}]}, None),
        ({"points": []}, None),
        (None, None),
        ({"lasso": [{"x": ["a"], "y": 1}]}, None),
    ],
)
def test_one_point_of_a_plotly_chart_is_a_click(event, clicked):
    assert MapSelection.from_plotly(event, BOUNDS) == MapSelection(clicked=clicked)
