"""What an analyst would write without Planisphere: each library's defaults, one after the other."""

import sys
import time

started = time.perf_counter()

import pandas as pd  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402
from sklearn.neighbors import NearestNeighbors  # noqa: E402
from umap import UMAP  # noqa: E402

from benchmarks.report import say  # noqa: E402


def main(path: str, model: str, out: str) -> None:
    imported = time.perf_counter()
    texts = pd.read_csv(path)["text"].tolist()
    vectors = SentenceTransformer(model, device="cpu").encode(texts, normalize_embeddings=True)
    embedded = time.perf_counter()
    points = UMAP(metric="cosine").fit_transform(vectors)
    laid_out = time.perf_counter()
    NearestNeighbors(n_neighbors=16, metric="cosine").fit(vectors).kneighbors(vectors)
    done = time.perf_counter()
    say(out, {"vectors": vectors, "points": points}, imports=imported - started, embed=embedded - imported,
        layout=laid_out - embedded, neighbors=done - laid_out, total=done - started)  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
