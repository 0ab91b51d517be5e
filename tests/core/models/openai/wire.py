"""An embedder of OpenAI whose requests are answered by a list of replies."""

import base64
import json
import random
import threading

import httpx2
import numpy as np

from core.models.openai_embedder import OpenAIEmbedder
from core.types import ModelSpec

KEY = "sk-test-0123456789abcdef"
SMALL = ModelSpec("openai", "text-embedding-3-small")


def vector(text, dimensions):
    """What the fake model says of a text: a fixed random direction, not of unit length."""
    return 3 * np.random.default_rng(abs(hash(text)) % 2**32).standard_normal(dimensions)


def unit(text, dimensions=1536):
    row = vector(text, dimensions).astype(np.float32)
    return row / np.linalg.norm(row)


def answer(request, native=1536, shuffle=True):
    """A well-formed answer, as base64 or floats as asked, out of order."""
    body = json.loads(request.content)
    dimensions = body.get("dimensions", native)
    data = []
    for index, text in enumerate(body["input"]):
        row = vector(text, dimensions)
        if body["encoding_format"] == "base64":
            row = base64.b64encode(row.astype("<f4").tobytes()).decode()
        data.append({"object": "embedding", "index": index, "embedding": row if isinstance(row, str) else row.tolist()})
    if shuffle:
        random.Random(0).shuffle(data)
    return httpx2.Response(200, json={"object": "list", "data": data, "model": body["model"], "usage": {}})


def refusal(status, message, code=None, headers=None):
    body = {"error": {"message": message, "type": code or "some_error", "code": code}}
    return httpx2.Response(status, json=body, headers=headers)


def embedder(handler, spec=SMALL, key=KEY, **options):
    client = httpx2.Client(transport=httpx2.MockTransport(handler))
    return OpenAIEmbedder(spec, api_key=key, http_client=client, **options)


class Wire:
    """Answers requests from a list of replies (a response or a function), then as a sound server."""

    def __init__(self, *replies):
        self.replies, self.requests, self.lock = list(replies), [], threading.Lock()

    def __call__(self, request):
        with self.lock:
            self.requests.append(request)
            reply = self.replies.pop(0) if self.replies else answer
        if isinstance(reply, Exception):
            raise reply
        return reply(request) if callable(reply) else reply

    @property
    def bodies(self):
        return [json.loads(request.content) for request in self.requests]
