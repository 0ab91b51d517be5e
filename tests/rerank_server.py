"""A small server with POST /rerank on the loopback interface, which records its requests."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Rules = Callable[[dict[str, Any]], tuple[int, Any] | None]


def shared_words(question: str, text: str) -> float:
    """A score whose order can be read by eye: words of the question in the text, shorter texts first."""
    return len(set(question.split()) & set(text.split())) - len(text) / 1e6


def results(body: dict[str, Any]) -> dict[str, Any]:
    """Cohere's answer, the best first."""
    scores = [shared_words(body["query"], text) for text in body.get("documents") or body["texts"]]
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    return {"results": [{"index": i, "relevance_score": scores[i]} for i in order]}


class RerankServer:
    """bodies: requests as they came; paths and keys: of them. rules: body -> (status, answer), None for a sound answer;
    an answer of bytes is sent as it is."""

    def __init__(self, rules: Rules = lambda body: None) -> None:
        self.rules = rules
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.bodies.append(body)
                server.paths.append(self.path)
                server.keys.append(self.headers.get("authorization", ""))
                status, answer = server.rules(body) or (200, results(body))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
