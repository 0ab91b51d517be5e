"""Files of word vectors: every format gives the same words, bad files are refused by name and line."""

import gzip

import numpy as np
import pytest

from core.errors import InputError
from core.word_vectors.reading import read_words

WORDS = ["the", "Cat", "naïve", "猫"]
VECTORS = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
LINES = [f"{word} {' '.join(map(str, row))}" for word, row in zip(WORDS, VECTORS.tolist(), strict=True)]
BINARY = b"4 5\n" + b"\n".join(word.encode() + b" " + row.tobytes() for word, row in zip(WORDS, VECTORS, strict=True))


def write(tmp_path, content: str | bytes, name: str = "words.txt"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


GLOVE = "\n".join(LINES).encode()
FORMATS = {"glove": GLOVE + b"\n", "word2vec": b"4 5\n" + GLOVE, "binary": BINARY, "gzip": gzip.compress(BINARY)}


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_words(tmp_path, kind):
    seen = []
    table = read_words(write(tmp_path, FORMATS[kind]), "a", progress=lambda *event: seen.append(event))
    assert table.words == WORDS
    np.testing.assert_allclose(table.vectors, VECTORS, rtol=1e-6)
    assert seen[-1] == (1, 1)


def test_beyond_the_limit_only_needed_words_are_read(tmp_path):
    table = read_words(write(tmp_path, GLOVE), "a", {"猫"}, max_rows=1)
    assert (table.words, table.skipped) == (["the", "猫"], 2)
    spaced = GLOVE + b"\nat name 1 2 3 4 5\n\xff\xfe 1 2 3 4 5"
    table = read_words(write(tmp_path, spaced), "a")
    assert (table.words[-1], table.invalid) == ("at name", 1)


BAD = {
    "ragged": (GLOVE + b"\nlate 1 2 3", "line 5: 3 numbers"),
    "too many": (GLOVE + b"\nlate 1 2 3 4 5 6", "line 5: 6 numbers"),
    "nan": (GLOVE + b"\nlate 1 2 nan 4 5", "line 5: NaN"),
    "infinite": (b"5 5\n" + GLOVE + b"\nlate 1 2 1e999 4 5", "line 6: NaN or inf"),
    "no number": (GLOVE + b"\nlate 1 2 x 4 5", 'line 5: "x" is no number'),
    "twice": (GLOVE + b"\nthe 1 2 3 4 5", "line 5.*already on line 1"),
    "dimensions": (b"4 6\n" + GLOVE, "line 2: 5 numbers, where 6"),
    "announced": (b"9 5\n" + GLOVE, "announces 9 words, but it has 4"),
    "cut": (BINARY[:-8], "ends at word 4 of"),
    "prose": (b"hello\nworld", "holds no word vectors"),
    "empty": (b"", "is empty"),
    "pickle": (b"\x80\x04abc", "pickle"),
    "fasttext": ((793712314).to_bytes(4, "little") + b"12345678", "fastText"),
    "binary": (b"\x01\x00 \x7f\n\x00", "neither a text file"),
    "gzip": (gzip.compress(BINARY)[:-20], "can't be unpacked|file ends"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_refused_with_name_and_line(tmp_path, kind):
    content, message = BAD[kind]
    with pytest.raises(InputError, match=message) as caught:
        read_words(write(tmp_path, content), "my words.vec")
    assert "my words.vec" in caught.value.message
    assert caught.value.remedy
