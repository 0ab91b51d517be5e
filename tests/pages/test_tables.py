"""Percentages in tables: one decimal, rounded and not cut off; downloads and sorting have numbers."""

import numpy as np
import pandas as pd

from pages.shared.tables import number, percentage, round_numbers


def test_shares_are_rounded_where_streamlit_would_cut_them_off():
    table = pd.DataFrame({"share": [0.12367, 0.9996, np.nan, 0.05], "cosine": [0.12367] * 4, "name": list("abcd")})
    columns = {"share": percentage("Share"), "cosine": number("Cosine", "%.3f"), "name": "Name", "absent": percentage()}
    rounded = round_numbers(table, columns)
    np.testing.assert_array_equal(rounded["share"], [0.124, 1.0, np.nan, 0.05])
    pd.testing.assert_frame_equal(rounded[["cosine", "name"]], table[["cosine", "name"]])


def test_no_number_shows_as_a_negative_zero():
    values = [-0.0004, -0.0006, 0.0004, -0.0, np.nan]
    table = pd.DataFrame({"gain": values, "share": values, "other": values, "row": range(5)})
    rounded = round_numbers(table, {"gain": number("Gain", "%+.3f"), "share": percentage("Share")})
    np.testing.assert_array_equal(rounded["gain"], [0.0, -0.0006, 0.0004, 0.0, np.nan])
    np.testing.assert_array_equal(rounded["other"], values)
    assert not np.signbit(rounded[["gain", "share"]].to_numpy()[[0, 3]]).any()
