"""A small chat server with OpenAI's protocol on the loopback interface, which keeps what it is asked."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[list[dict[str, Any]]], str]


def asked_groups(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The groups of a request for names."""
    told = body["messages"][-1]["content"]
    return json.loads(told.removeprefix("<data>\n").removesuffix("\n</data>"))["groups"]


def names_of(groups: list[dict[str, Any]]) -> str:
    """What a sound model answers: a name of its own for each group, here of its most central text."""
    return json.dumps({"names": {str(group["group"]): f"About {group['texts'][0]}" for group in groups}})


def completion(content: str | None) -> bytes:
    return json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]}).encode()


class ChatServer:
    """bodies: requests as they came; keys: their authorization headers. reply: from groups to the model's words.
    fail: a status for every answer. speaks: cleared, the server is silent until it is set or closed."""

    def __init__(self, reply: Reply = names_of) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.reply, self.fail, self.lock, self.speaks = reply, 0, threading.Lock(), threading.Event()
        self.speaks.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with server.lock:
                    server.bodies.append(body)
                    server.keys.append(self.headers.get("authorization", ""))
                server.answer(self, body)

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self._http.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.place}/v1"

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        self.speaks.wait()
        content = b'{"error": {"message": "out of order"}}'
        if not self.fail:
            content = completion(self.reply(asked_groups(body)))
        try:
            handler.send_response(self.fail or 200)
            handler.send_header("content-type", "application/json")
            handler.end_headers()
            handler.wfile.write(content)
        except ConnectionError:  # the client was stopped: what some tests are about
            pass

    def close(self) -> None:
        self.speaks.set()
        self._http.shutdown()
        self._http.server_close()
