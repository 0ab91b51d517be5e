import numpy as np
import pytest

from core.map.selection import clicked_rows, drawn_shapes, rows_in_box, rows_in_polygon

GRID = np.stack(np.meshgrid(np.arange(10), np.arange(10)), axis=-1).reshape(-1, 2).astype(np.float32)


def test_polygon_equals_a_disc_and_a_triangle():
    points = np.random.default_rng(0).uniform(-2, 2, (20_000, 2)).astype(np.float32)
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    disc = rows_in_polygon(points, np.column_stack([np.cos(angles), np.sin(angles)]))
    radius = np.hypot(*points.T)
    assert disc[radius < 0.999].all()
    assert not disc[radius > 1].any()
    triangle = rows_in_polygon(points, np.array([[0, 0], [1, 0], [0, 1]]))
    np.testing.assert_array_equal(triangle, (points.min(axis=1) > 0) & (points.sum(axis=1) < 1))


def test_a_notch_and_a_crossing_are_outside():
    notched = np.array([[0, 0], [4, 0], [4, 4], [2, 1], [0, 4]])
    assert rows_in_polygon(np.array([[2, 2.0], [0.5, 2], [3.5, 2], [2, 0.5]]), notched).tolist() == [
        False,
        True,
        True,
        True,
    ]
    bow = np.array([[0, 0], [2, 2], [2, 0], [0, 2]])
    assert rows_in_polygon(np.array([[0.5, 1.0], [1, 0.5], [1.5, 1]]), bow).tolist() == [True, False, True]


def test_points_without_a_place_are_outside():
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    assert rows_in_polygon(np.array([[np.nan, 0.5], [0.5, 0.5]]), square).tolist() == [False, True]


def test_box_takes_its_ends_in_any_order():
    np.testing.assert_array_equal(rows_in_box(GRID, [3, 1], [8, 7]), rows_in_box(GRID, [1, 3], [7, 8]))
    assert rows_in_box(GRID, [1, 3], [7, 8]).sum() == 6


def test_boxes_come_before_lassos_with_their_corners():
    lasso = {"x": [-0.5, 1.5, 1.5, -0.5], "y": [-0.5, -0.5, 0.5, 0.5]}
    event = {"selection": {"points": [{"customdata": [0]}], "point_indices": [5], "box": [], "lasso": [lasso]}}
    assert told(event) == [("lasso", lasso["x"], lasso["y"])]
    event["selection"]["box"] = [{"xref": "x", "yref": "y", "x": [9, 8.5], "y": [9, 8]}]
    assert told(event) == [("box", [9, 8.5], [9, 8]), ("lasso", lasso["x"], lasso["y"])]
    assert told(event["selection"]) == told(event)  # the inner part alone
    assert all(part.dtype == np.float64 for _, *parts in drawn_shapes(event) for part in parts)


def test_a_shape_that_makes_no_sense_is_passed_over():
    box = {"x": [0, 1], "y": [0, 1]}
    broken = [{"x": [0, 1], "y": [0]}, {"x": [0, np.inf], "y": [0, 1]}, {"x": [[0, 1]], "y": [[0, 1]]}, 5, None, "x"]
    assert told({"box": [*broken, box], "lasso": broken}) == [("box", [0, 1], [0, 1])]


@pytest.mark.parametrize(
    ("customdata", "ids"),
    [(7, [7]), ([7], [7]), ({"0": 7}, [7]), (7.0, [7]), (np.int32(7), [7]), (None, []), ([], []), ("7", []), (-1, []),
     (True, []), (7.5, []), (float("nan"), [])],
)  # fmt: skip
def test_a_click_is_known_by_its_customdata(customdata, ids):
    assert clicked_rows({"points": [{"customdata": customdata}]}).tolist() == ids


def test_clicks_are_sorted_and_each_counts_once():
    event = {"points": [{"customdata": i} for i in (5, 3, 5)] + [{"x": 1}], "box": [], "lasso": []}
    rows = clicked_rows({"selection": event})
    assert rows.tolist() == [3, 5]
    assert rows.dtype == np.int64


@pytest.mark.parametrize(
    "event",
    [None, {}, {"selection": None}, {"selection": {}}, {"points": None}, {"lasso": [{"x": [1], "y": [1]}]},
     {"lasso": [{"x": ["a", "b"], "y": [1, 2]}], "box": "x"}, {"box": [{}]}, {"points": ["x"]},
     {"lasso": [{"x": [0, 1, None], "y": [0, 1, 1]}]}],
)  # fmt: skip
def test_an_event_that_says_nothing_selects_nothing(event):
    assert drawn_shapes(event) == []
    assert clicked_rows(event).tolist() == []


def told(event):
    return [(kind, x.tolist(), y.tolist()) for kind, x, y in drawn_shapes(event)]
