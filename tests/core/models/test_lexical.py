import numpy as np
import pytest

from core.models import lexical
from core.models.registry import load_embedder
from tests.sample import labeled_sample


def features(text):
    tokens = lexical.TOKEN.findall(text.casefold())
    return {kind: list(lexical._features(kind, tokens)) for kind, _ in lexical.KINDS}


def test_features_by_hand():
    hashed = features("Late card!")
    assert hashed["words"] == ["w late", "w card", "w !"]
    assert hashed["pairs"] == ["p late card", "p card !"]
    assert hashed["spelling"][:9] == ["<la", "lat", "ate", "te>", "<lat", "late", "ate>", "<late", "late>"]


def test_chinese_is_taken_by_characters():
    assert features("退货 ok")["words"] == ["w 退", "w 货", "w ok"]
    assert features("退货")["pairs"] == ["p 退 货"]
    rows = load_embedder("lexical").embed(["我要退货和退款", "怎么退货", "今天天气很好"])
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2


def test_projection_is_sparse_signs_of_unit_rows():
    signs = lexical._signs()
    assert signs.shape == (lexical.FEATURES, lexical.DIMENSIONS)
    assert set(np.unique(np.abs(signs.data))) == {np.float32(1 / np.sqrt(lexical.SIGNS))}
    assert abs(np.sign(signs.data).mean()) < 0.01
    # pinned: vectors kept on disk must match those of a later version of NumPy
    assert signs.indices[:4].tolist() == [95, 289, 56, 29]


def test_projection_keeps_cosines_of_the_hashed_features():
    texts = [f"{a} {b} {c}" for a in ["card", "bank", "cash"] for b in ["lost", "late"] for c in ["now", "today"]]
    tokens = [lexical.TOKEN.findall(text) for text in texts]
    exact = sum(
        weight**2 * (counts @ counts.T).toarray()
        for kind, weight in lexical.KINDS
        for counts in [lexical._hashed([lexical._features(kind, words) for words in tokens])]
    ) / sum(weight**2 for _, weight in lexical.KINDS)
    rows = load_embedder("lexical").embed(texts)
    assert np.abs(rows @ rows.T - exact).max() < 0.2
    assert np.corrcoef((rows @ rows.T).ravel(), exact.ravel())[0, 1] > 0.95


def test_empty_text_points_away_from_words():
    rows = load_embedder("lexical").embed(["", "a lost card"])
    assert abs(rows[0] @ rows[1]) < 0.3
    assert rows[0].argmax() == 0


def test_words_are_counted():
    assert load_embedder("lexical").count_tokens(["", "a lost card!", "退货"]).tolist() == [0, 4, 2]


@pytest.mark.slow
def test_probe_accuracy_on_the_sample():
    """Ten areas, the largest with 15% of the texts; TF-IDF of words, fitted to the corpus, reaches 0.60."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    sample = labeled_sample()
    rows = load_embedder("lexical").embed(sample["text"].tolist())
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    probe = LogisticRegression(C=10, max_iter=200)
    assert cross_val_score(probe, rows, sample["area"], cv=folds).mean() == pytest.approx(0.42, abs=0.04)
