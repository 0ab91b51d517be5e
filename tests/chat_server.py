"""A small chat server with OpenAI's protocol on the loopback interface, which keeps what it is asked."""

import json
import re
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[list[dict[str, Any]]], str]
Streams = Callable[[dict[str, Any]], bytes | Iterable[bytes]]


def asked_groups(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The groups of a request for names."""
    told = body["messages"][-1]["content"]
    return json.loads(told.removeprefix("<data>\n").removesuffix("\n</data>"))["groups"]


def names_of(groups: list[dict[str, Any]]) -> str:
    """What a sound model answers: a name of its own for each group, here of its most central text."""
    return json.dumps({"names": {str(group["group"]): f"About {group['texts'][0]}" for group in groups}})


def events(*pieces: str, end: bool = True) -> bytes:
    """A streamed completion of these pieces. end: as a whole answer ends."""
    deltas = [json.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]}) for piece in pieces]
    return "".join(f"data: {data}\n\n" for data in [*deltas, *(["[DONE]"] if end else [])]).encode()


def data_of(body: dict[str, Any]) -> dict[str, Any]:
    """What a request has between <data> and </data>."""
    return json.loads(body["messages"][-1]["content"].split("<data>\n", 1)[1].split("\n</data>", 1)[0])


def obedient(body: dict[str, Any]) -> list[str]:
    """Pieces of the answer of a model that obeys whatever stands outside of the data, and cites the first passage."""
    user = body["messages"][-1]["content"]
    outside = user.split("<data>", 1)[0] + user.rsplit("</data>", 1)[1]
    command = re.search(r"SAY: (.*)", body["messages"][0]["content"] + outside)
    return [command[1]] if command else [f"“{next(iter(data_of(body)['passages'].values()))}”", " [1]."]


def completion(content: str | None) -> bytes:
    return json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]}).encode()


class ChatServer:
    """bodies: requests as they came; keys: their authorization headers. reply: from groups to the model's words.
    fail: a status for every answer. speaks: cleared, the server is silent until it is set or closed. streams: from a
    request to the bytes of a streamed answer, or to pieces of them."""

    def __init__(self, reply: Reply = names_of, streams: Streams | None = None) -> None:
        self.streams = streams
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
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self._http.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.place}/v1"

    def answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        self.speaks.wait()
        content: bytes | Iterable[bytes] = b'{"error": {"message": "out of order"}}'
        is_stream = bool(body.get("stream") and self.streams and not self.fail)
        if is_stream and self.streams:
            content = self.streams(body)
        elif not self.fail:
            content = completion(self.reply(asked_groups(body)))
        try:
            handler.send_response(self.fail or 200)
            handler.send_header("content-type", "text/event-stream" if is_stream else "application/json")
            handler.end_headers()
            for piece in [content] if isinstance(content, bytes) else content:
                handler.wfile.write(piece)
                handler.wfile.flush()
        except ConnectionError:  # the client was stopped: what some tests are about
            pass

    def close(self) -> None:
        self.speaks.set()
        self._http.shutdown()
        self._http.server_close()
