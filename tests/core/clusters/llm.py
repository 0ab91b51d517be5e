"""Clusters to be named, and a chat server whose replies a test writes."""

import threading

import httpx2

from core.clusters.llm_names import (
    ClusterSummary,
)
from core.models.chat import Chat, ChatModel
from core.secret import Secret

KEY = "sk-test-0123456789abcdef"
OPENAI = ChatModel("gpt-5-mini")


def group(*labels: int) -> tuple[ClusterSummary, ...]:
    return tuple(ClusterSummary(label, 10, (f"word{label}",), (f"text {label}",)) for label in labels)


def chat(handler, model=OPENAI, key=KEY, **options):
    client = httpx2.Client(transport=httpx2.MockTransport(handler))
    return Chat(model, Secret(key), http_client=client, **options)


def ask(made: Chat) -> str:
    return made.ask([{"role": "user", "content": "JSON?"}], threading.Event())
