"""API keys: needed, checked, and shown nowhere."""

import json
import pickle

import pytest

from core.errors import ServiceError
from core.secret import Secret
from tests.core.models.openai.wire import KEY, Wire, embedder, refusal


@pytest.mark.parametrize("key", [None, "", "  ", Secret("")])
def test_openai_needs_a_key(key):
    with pytest.raises(ServiceError, match="needs an API key"):
        embedder(Wire(), key=key)


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-ключ", "sk a"])
def test_broken_keys_are_refused_unseen(key):
    with pytest.raises(ServiceError) as caught:
        embedder(Wire(), key=key)
    assert key not in str(caught.value)


def test_the_key_is_in_no_spec_or_repr():
    client = embedder(Wire(), key=Secret(KEY))
    client.embed(["a"])
    printed = repr(client.spec) + client.spec.key + client.spec.label + repr(client) + repr(pickle.dumps(client.spec))
    assert KEY not in printed + json.dumps(client.spec.to_dict()) + repr(vars(client)) + repr(vars(client._sender))


def test_the_key_is_not_logged(caplog, waits):
    caplog.set_level(0)
    embedder(Wire(refusal(500, "no"))).embed(["a"])
    assert KEY not in caplog.text


def test_secret_hides_pickles_and_compares():
    secret = Secret(KEY)
    assert KEY not in f"{secret} {secret!r} {[secret]} {secret:}"
    assert pickle.loads(pickle.dumps(secret)).reveal() == KEY
    assert secret == Secret(KEY) != Secret("other")
    assert len({secret, Secret(KEY)}) == 1
