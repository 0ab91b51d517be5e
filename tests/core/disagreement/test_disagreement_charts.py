"""Figures say what they are given, and nothing a name could smuggle in."""

import numpy as np

from core.disagreement.charts import (
    bump_figure,
    odds_figure,
    overlap_by_k_figure,
    short_name,
    similarity_figure,
    votes_figure,
)

NAMES = ["<b>one</b>", "a model with a very long name · first 64d", "a model with a very long name · binary"]


def test_names_are_escaped_and_stay_apart():
    assert short_name(NAMES[0]) == "&lt;b&gt;one&lt;/b&gt;"
    assert short_name(NAMES[1]).endswith("first 64d")
    assert short_name(NAMES[1]) != short_name(NAMES[2])


def test_the_heat_map_has_values_and_intervals():
    values = np.array([[1, 0.25, np.nan], [0.25, 1, -0.1], [np.nan, -0.1, 1]])
    low, high = values - 0.05, values + 0.05
    figure = similarity_figure(NAMES, values, low, high, percent=True, theme="dark")
    cells = figure.data[0]
    assert cells.z[0][1] == 0.25
    assert cells.z[0][2] is None
    assert cells.text[0][1] == "25%"
    assert "20% to 30%" in cells.hovertext[0][1]
    assert cells.zmin == -0.1
    assert "<b>" not in str(figure.to_dict())


def test_lines_over_depths_have_chance_beside_them():
    depths, values = (1, 10, 100), np.array([[0.1, 0.2, 0.4]])
    figure = overlap_by_k_figure(["a and b"], depths, values, values - 0.01, values + 0.02, np.array([0, 0.1, 0.2]), 10)
    assert [trace.name for trace in figure.data] == ["a and b", "Chance level"]
    assert np.allclose(figure.data[0].error_y.array, 0.02)
    assert np.allclose(figure.data[0].error_y.arrayminus, 0.01)


def test_odds_are_drawn_within_reason():
    alone = np.array([[3.1, 2.0, 4.7], [5e6, 10, 1e30]])
    figure = odds_figure(["texts under 6 words", "<i>x"], alone, np.full((2, 3), np.nan))
    assert figure.data[0].x[0] == 3.1
    assert max(figure.data[0].x) <= 1_000
    assert "2 to 4.7" in figure.data[0].hovertext[0]
    assert "<i>" not in str(figure.to_dict())


def test_ranks_beyond_the_list_lie_below_it():
    figure = bump_figure(["a", "b"], ["first", "<u>second"], np.array([[1, 40], [2, 3]]), k=10)
    assert list(figure.data[0].y) == [1, 11]
    assert figure.data[0].marker.symbol == ("circle", "circle-open")
    assert "rank 40" in figure.data[0].hovertext[1]
    assert "<u>" not in str(figure.to_dict())


def test_votes_have_their_contenders_colors():
    figure = votes_figure(["a", "b"], np.array([0.3, 0.7]), np.array([0.1, 0.4]), np.array([0.6, 0.9]), range(2))
    assert len(set(figure.data[0].marker.color)) == 2
    assert np.allclose(figure.data[0].error_x.array, [0.3, 0.2])
