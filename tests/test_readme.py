"""The README's notebook example runs as it stands, on a small file of its own."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import core

ROOT = Path(__file__).parents[1]
WORDS = ("salty", "sweet", "bitter", "fresh", "stale", "crunchy")


@pytest.fixture
def ran(tmp_path, monkeypatch) -> dict:
    """The names the example leaves behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rows = [
        (i % 5 + 1, f"A {word} snack {i}", f"These crisps are far too {word}, bag {i}.")
        for i, word in enumerate(WORDS * 4)
    ]
    pd.DataFrame(rows, columns=["Score", "Summary", "Text"]).to_csv("reviews.csv", index=False)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict = {}
    exec(code, names)
    return names


def test_the_example_gives_what_it_says(ran):
    rows, neighbors = ran["vectors"].rows, ran["neighbors"]
    assert ran["corpus"].texts[0].startswith("Title: A salty snack 0; Content: These crisps")
    assert rows.shape == (24, 384)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -2)
    np.testing.assert_allclose(np.sort(neighbors.scores, axis=1), np.sort(cosines, axis=1)[:, 1:], atol=1e-5)
    assert neighbors.recall == 1.0
    assert ran["ids"].shape == (1, 10)
    assert {ran["corpus"].texts[i].split()[2] for i in ran["ids"][0, :4]} == {"salty"}
    assert ran["layout"].points.shape == (24, 2)
    assert 0 <= ran["layout"].trust.knn_preservation <= 1


def test_every_public_name_is_there():
    for name in core.__all__:
        assert callable(getattr(core, name)), name
