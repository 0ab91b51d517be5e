"""Texts with planted relations between words, and vectors trained on them."""

import numpy as np
import pandas as pd
import pytest

from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.models.word_files import WordManifest
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.word_vectors.settings import Settings
from core.word_vectors.training import train

PLACES = {"paris": "france", "rome": "italy", "madrid": "spain", "berlin": "germany"}
SYNONYMS = (("lamp", "lantern"), ("soup", "broth"), ("bike", "bicycle"))
SCENES = {
    "lamp": ("bright", "shines", "bulb", "table", "glass"),
    "soup": ("hot", "salty", "spoon", "bowl", "onion"),
    "bike": ("wheel", "rides", "pedal", "chain", "saddle"),
}
EMPTY = WordManifest("", "file", 0, 0, "0" * 16, "toy", 0, 0, 0.0, 0.0)


def planted_texts(count: int = 800, seed: int = 0) -> list[str]:
    """Synonyms occur in the same scenes; capitals with "capital" and their country's words, countries with "nation"."""
    random, texts = np.random.default_rng(seed), []
    for i in range(count):
        first, second = SYNONYMS[i % 3]
        word = first if random.random() < 0.5 else second
        texts.append(f"The {word} {' '.join(random.choice(SCENES[first], 4))}")
        city, country = list(PLACES.items())[i % 4]
        local = " ".join(random.choice([f"{country[:3]}{name}" for name in ("ish", "wine", "king", "sea")], 3))
        role, other = ("mayor streets", city) if i % 8 < 4 else ("border army", country)
        texts.append(f"{role} {other} {local} {role}")
    return list(dict.fromkeys(texts))


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return planted_texts()


@pytest.fixture(scope="session")
def skip_gram(texts):
    return train(texts, Settings("skip-gram", 24, 30), EMPTY)


@pytest.fixture
def corpus(tmp_path, texts) -> CorpusRef:
    table = pd.DataFrame({"text": [*texts[:300], "!!", "?!"]})
    built = build_corpus(RawTable(table, (), (), None, ""), Roles("{text}"), name="toy").corpus
    Workspace(tmp_path).save_corpus(built)
    return CorpusRef(str(tmp_path), built.digest)
