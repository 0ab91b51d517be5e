from dataclasses import replace

import pytest

from core.corpus.language import detect_language, detect_languages, fit_warning
from core.models.registry import PRESETS, find_spec
from tests.sample import labeled_sample


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("你好", "zh"),
        ("訂單還沒有到", "zh"),
        ("iPhone 手机壳 很好，下次还买", "zh"),
        ("注文した商品がまだ届きません", "ja"),
        ("배송이 너무 늦어요", "ko"),
        ("Why was my card payment declined in the shop?", "en"),
        ("Meine Karte wurde gestern im Geschäft abgelehnt", "de"),
        ("¿Por qué ha sido rechazada mi tarjeta en la tienda?", "es"),
        ("Почему мою карту вчера отклонили в магазине?", "ru"),
        ("", "und"),
        ("12345 67.8", "und"),
        ("ok", "und"),
        ("😀😀😀", "und"),
        ("\ud800", "und"),
    ],
)
def test_languages_of_texts(text, code):
    assert detect_language(text) == code


def test_counts_and_shares_of_a_sample_that_is_the_same_each_time():
    texts = ["Why was my payment declined in the shop yesterday?"] * 300 + ["我的订单还没有到"] * 100
    languages = detect_languages(texts, sample=100, seed=3)
    assert languages.sampled == 100
    assert languages == detect_languages(texts, sample=100, seed=3)
    assert list(languages.counts) == ["en", "zh"]
    assert languages.shares["zh"] == pytest.approx(0.25, abs=0.12)
    assert detect_languages([]).shares == {}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_feedback_is_found_to_be_of_its_language(language):
    texts = labeled_sample(language)["text"].tolist()
    assert detect_languages(texts, sample=500).shares[language] > 0.95


def test_an_english_model_on_chinese_rows_is_warned_about():
    warning = fit_warning(PRESETS[0], {"zh": 0.6, "en": 0.2, "und": 0.2})
    assert "English" in warning
    assert "75%" in warning
    assert "Chinese" in warning


def test_no_warning_where_a_model_fits_or_nothing_is_known():
    assert fit_warning(PRESETS[0], {"en": 0.9, "zh": 0.1}) == ""
    assert fit_warning(PRESETS[0], {"und": 1.0}) == ""
    assert fit_warning(PRESETS[0], {}) == ""
    assert fit_warning(replace(PRESETS[0], languages=()), {"zh": 1.0}) == ""
    assert fit_warning(find_spec("lexical"), {"zh": 1.0}) == ""
