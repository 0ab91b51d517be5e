"""The same way through core/, in a fresh process: file, vectors, neighbors, map with its trust."""

import sys
import time

started = time.perf_counter()

from benchmarks.report import say  # noqa: E402
from core.corpus.build import read_corpus  # noqa: E402
from core.map.layout import project  # noqa: E402
from core.models.registry import load_embedder  # noqa: E402
from core.store import Workspace  # noqa: E402
from core.vectors.embedding import embed  # noqa: E402
from core.vectors.neighbors import build_neighbors  # noqa: E402


def main(path: str, model: str, out: str) -> None:
    workspace = Workspace(f"{out}.work")
    imported = time.perf_counter()
    corpus = read_corpus(path, text="text", label="category")
    embedder = load_embedder(model)
    vectors = embed(corpus, embedder, workspace=workspace)
    embedded = time.perf_counter()
    neighbors = build_neighbors(vectors, k=100)
    found = time.perf_counter()
    layout = project(vectors, neighbors)
    done = time.perf_counter()
    say(out, {"vectors": vectors.rows, "points": layout.points}, imports=imported - started, embed=embedded - imported,
        neighbors=found - embedded, layout=done - found, total=done - started)  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
