"""A small embedding server with OpenAI's protocol on the loopback interface, which counts what it is asked."""

import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from core.models.checks import CANARIES, ENDINGS

DIMENSIONS = 16


def vector_of(text: str, dimensions: int = DIMENSIONS) -> np.ndarray:
    """The vector this server gives a text: from its letters, so that a test can work it out."""
    return np.bincount([ord(letter) % dimensions for letter in text], minlength=dimensions) + 0.1


def is_trial(text: str) -> bool:
    """Whether a text is one of the contact check's own."""
    return text in CANARIES or text.endswith(ENDINGS)


class EmbeddingServer:
    """`asked` counts how often each text came, those of the contact check left out. `delay`: seconds a request.
    `fail`: a status for every answer. `names`: the models it has, any where empty.

    `refused`: texts that make a request fail with `status`. `sizes`: the `dimensions` that requests named.
    `takes_dimensions`: "ignores", "refuses" (400) or "obeys" them.
    """

    def __init__(
        self,
        delay: float = 0.0,
        dimensions: int = DIMENSIONS,
        takes_dimensions: str = "ignores",
        refused: Sequence[str] = (),
        status: int = 500,
    ) -> None:
        self.refused, self.status = refused, status
        self.asked: Counter[str] = Counter()
        self.dimensions, self.takes_dimensions, self.sizes = dimensions, takes_dimensions, list[int]()
        self.names: tuple[str, ...] = ()
        self.delay, self.fail, self.lock = delay, 0, threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.answer(self, body["input"], body.get("dimensions"), body["model"])

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def answer(self, handler: BaseHTTPRequestHandler, texts: list[str], size: int | None, model: str) -> None:
        time.sleep(self.delay)
        with self.lock:
            self.asked.update(text for text in texts if not is_trial(text))
            self.sizes += [] if size is None else [size]
        status = 404 if self.names and model not in self.names else self.fail or 200
        status = 400 if size and self.takes_dimensions == "refuses" else status
        status = self.status if set(texts) & set(self.refused) else status
        length = size if size and self.takes_dimensions == "obeys" else self.dimensions
        data = [{"index": i, "embedding": row} for i, row in enumerate(self.rows(model, texts, length))]
        body = json.dumps({"data": data, "model": "letters", "usage": {"prompt_tokens": 1, "total_tokens": 1}}).encode()
        try:
            handler.send_response(status)
            handler.send_header("content-type", "application/json")
            handler.end_headers()
            handler.wfile.write(body if status == 200 else b'{"error": {"message": "out of order"}}')
        except ConnectionError:  # the client was killed: what these tests are about
            pass

    def rows(self, model: str, texts: list[str], dimensions: int) -> list[list[float]]:
        return [vector_of(text, dimensions).tolist() for text in texts]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
