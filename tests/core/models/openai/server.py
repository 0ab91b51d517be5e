"""A local HTTP server that answers as a test says."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core.types import ModelSpec
from tests.embedding_server import DIMENSIONS, is_trial, vector_of

Reply = tuple[int, Any, dict[str, str]] | None


class Server:
    """Answers as rules(path, body, headers) -> (status, reply, headers) says, else with vectors; `send` writes it."""

    def __init__(self, rules: Callable[..., Reply] = lambda *_: None, index: bool = True) -> None:
        self.requests: list[tuple[float, list[str], int]] = []
        self.send: Callable[[BaseHTTPRequestHandler, bytes], bool] = lambda handler, data: False
        self.headers: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                rows = [vector_of(text).tolist() for text in body["input"]]
                data = [({"index": i} if index else {}) | {"embedding": row} for i, row in enumerate(rows)]
                try:
                    status, reply, headers = rules(self.path, body, self.headers) or (200, {"data": data}, {})
                except ConnectionResetError:  # the connection is closed without an answer
                    server.requests.append((time.monotonic(), body["input"], 0))
                    return
                if not all(map(is_trial, body["input"])):  # those of the contact check
                    server.requests.append((time.monotonic(), body["input"], status))
                content = json.dumps(reply).encode()
                try:
                    if server.send(self, content):
                        return
                    self.send_response(status)
                    for name, value in {"content-length": str(len(content)), **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(content)
                except ConnectionError:
                    pass

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_port
        self.url = f"http://127.0.0.1:{self.port}/v1"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec("openai", "letters", base_url=self.url, dimensions=DIMENSIONS, probed=True)


def poison(*words: str, status: int = 500, reply: Any = None) -> Callable[..., Reply]:
    """Refuses each request that holds one of the words."""

    def rules(path: str, body: dict[str, Any], headers: Any) -> Reply:
        bad = any(word in text for text in body["input"] for word in words)
        return (status, reply or {"error": "cannot write the reply: a value is NaN"}, {}) if bad else None

    return rules


BAD_ROWS = [40, 41, 233]
WORDS = [f"text number {row} " for row in BAD_ROWS]
