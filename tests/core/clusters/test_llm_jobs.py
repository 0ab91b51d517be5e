"""Cluster names by a chat server in a workspace: stored, continued after a failure, as a job."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from core.clusters import llm_names, naming
from core.clusters.methods import ClusterParams
from core.clusters.names import edited_names, save_names
from core.clusters.results import CLUSTERS, ClusterQuery
from core.clusters.service import cluster_set, keyword_names
from core.corpus.build import build_corpus
from core.corpus.reading.values import RawTable
from core.errors import InputError, RateLimitError, ServiceError
from core.jobs.manager import JobManager
from core.jobs.types import JobSpec
from core.models.chat import ChatModel
from core.models.openai_client.requests import waiting_at_most
from core.models.registry import load_embedder
from core.secret import Secret
from core.store import Workspace
from core.types import CorpusRef, Roles
from core.vectors.embedding import embed
from core.vectors.loaders import NEIGHBORS, ModelQuery
from tests.chat_server import ChatServer, asked_groups, names_of
from tests.core.clusters.llm import KEY
from tests.waiting import wait_until

SUBJECTS = ("parcel", "lamp", "garden chair", "teapot", "notebook", "gift card")
MOODS = ("arrived late", "looks lovely", "broke at once", "was well worth it", "came in the wrong color")
PARAMS = ClusterParams("kmeans", k=6)


@pytest.fixture
def server():
    made = ChatServer()
    yield made
    made.close()


@pytest.fixture
def where(tmp_path):
    """A small corpus in six groups: folder, corpus, model, parameters."""
    import pandas as pd

    texts = [
        f"My {summarize_cluster} {mood}{mark}"
        for mark in (".", "!")
        for summarize_cluster in SUBJECTS
        for mood in MOODS
    ]
    raw = RawTable(table=pd.DataFrame({"text": texts}), sources=(), notes=(), vectors=None, vectors_name="")
    built = build_corpus(raw, Roles("{text}")).corpus
    workspace = Workspace(tmp_path / "work")
    workspace.save_corpus(built)
    model = embed(built, load_embedder("lexical"), workspace).model
    NEIGHBORS.get_or_compute(ModelQuery(CorpusRef(str(workspace.folder), built.digest), model))
    CLUSTERS.get_or_compute(ClusterQuery(CorpusRef(str(workspace.folder), built.digest), model, PARAMS))
    return CorpusRef(str(workspace.folder), built.digest), model, PARAMS


def by_server(where, server, most=6, again=False, key=KEY):
    before = edited_names(Workspace(where[0].folder), where[0].digest, *where[1:]) if again else None
    return naming.name_with_model(*where, ChatModel("small", server.url), most, before, Secret(key))


def test_names_by_a_model_persist_and_come_back(where, server):
    assert by_server(where, server) == 6
    names = cluster_set(*where).names
    assert all(name.startswith("About ") for name in names)
    assert len({name.casefold() for name in names}) == 6
    assert server.keys == [f"Bearer {KEY}"]
    told = asked_groups(server.bodies[0])
    assert [each["size"] for each in told] == np.bincount(cluster_set(*where).labels).tolist()
    assert all(1 <= len(each["texts"]) <= naming.SENT_TEXTS for each in told)
    naming.reset_names(*where)
    assert cluster_set(*where).names == keyword_names(*where)


def test_given_names_stay_unless_asked_again(where, server):
    save_names(Workspace(where[0].folder), where[0].digest, where[1], PARAMS, {0: "Mine"})
    assert by_server(where, server, most=3) == 2
    names = cluster_set(*where).names
    assert names[0] == "Mine"
    assert names[3:] == keyword_names(*where)[3:]
    assert by_server(where, server, most=3, again=True) == 3
    assert cluster_set(*where).names[0] != "Mine"


def test_after_a_limit_the_names_written_before_are_not_requested_again(where, server, monkeypatch):
    monkeypatch.setattr(llm_names, "MAX_REQUEST_TOKENS", 1)  # a request for each cluster
    monkeypatch.setattr(llm_names, "CONCURRENT_REQUESTS", 1)
    save_names(Workspace(where[0].folder), where[0].digest, where[1], PARAMS, {0: "Mine", 5: "Ours"})
    before = edited_names(Workspace(where[0].folder), where[0].digest, where[1], PARAMS)
    run = partial(naming.name_with_model, *where, ChatModel("small", server.url), 6, before, Secret(KEY))

    def limited(groups):
        server.fail = 429 if len(server.bodies) == 4 else 0  # of this request
        return names_of(groups)

    server.reply = limited
    with pytest.raises(RateLimitError), waiting_at_most(0.1):
        run()
    server.fail = 0
    assert len(server.bodies) == 4
    assert run() == 3
    assert len(server.bodies) == 7
    assert all(name.startswith("About ") for name in cluster_set(*where).names)


def test_one_name_for_all_leaves_the_others_by_their_words(where, server):
    server.reply = lambda groups: json.dumps({"names": {str(group["group"]): "Stuff" for group in groups}})
    with pytest.raises(ServiceError, match=r"1 of 6 clusters were named.*repeated a name"):
        by_server(where, server)
    names, own = cluster_set(*where).names, keyword_names(*where)
    assert names == ("Stuff", *own[1:])
    assert len(server.bodies) == 2


def test_given_names_are_not_lost_to_one_name_for_all(where, server):
    given = {label: f"Mine {label}" for label in range(6)}
    save_names(Workspace(where[0].folder), where[0].digest, where[1], PARAMS, given)
    server.reply = lambda groups: json.dumps({"names": {str(group["group"]): "Stuff" for group in groups}})
    with pytest.raises(ServiceError, match="1 of 6"):
        by_server(where, server, again=True)
    assert cluster_set(*where).names == ("Stuff", *list(given.values())[1:])


def test_too_few_names_are_said_and_the_rest_is_kept(where, server):
    server.reply = lambda groups: json.dumps({"names": {"1": f"Name of {groups[0]['words'][0]}"}})
    with pytest.raises(ServiceError, match=r"of 6 clusters were named"):
        by_server(where, server)
    assert 1 <= len(edited_names(Workspace(where[0].folder), where[0].digest, *where[1:])) <= 2


def test_errors_leave_without_what_holds_the_key(where, server):
    server.fail = 401
    with pytest.raises(ServiceError) as error:
        by_server(where, server)
    assert error.value.__context__ is None
    assert error.value.__cause__ is None
    assert len(server.bodies) == 1


def test_a_plan_counts_without_sending(where, server):
    plan = naming.naming_plan(*where, 4, False)
    assert (plan.clusters, plan.requests) == (4, 1)
    assert plan.tokens_out >= 4 * 10
    assert "My " in plan.first
    by_server(where, server)
    assert naming.naming_plan(*where, 4, False).clusters == 0
    sent = sum(len(message["content"]) for message in server.bodies[0]["messages"])
    six = naming.naming_plan(*where, 6, True)
    assert six.tokens_in == pytest.approx(sent / 4, rel=0.15)


def test_names_by_hand_are_kept_and_checked(where):
    own = keyword_names(*where)
    assert naming.save_edited_names(*where, ("Mine", *own[1:])) == 1
    assert cluster_set(*where).names == ("Mine", *own[1:])
    assert naming.names_table(*where)["name"].tolist() == ["Mine", *own[1:]]
    with pytest.raises(InputError, match="Cluster 2 needs a name"):
        naming.save_edited_names(*where, ("Mine", "", *own[2:]))
    with pytest.raises(InputError, match="Cluster 3 needs a name"):
        naming.save_edited_names(*where, ("Mine", own[1], None, *own[3:]))
    with pytest.raises(InputError, match="Clusters 1 and 4 have the same name"):
        naming.save_edited_names(*where, (own[3].upper(), *own[1:]))
    assert cluster_set(*where).names[0] == "Mine"


@pytest.fixture(scope="module")
def manager():
    made = JobManager(workers=1)
    yield made
    made.close()


def job(where, server) -> JobSpec:
    corpus, model, params = where
    from dataclasses import asdict

    asked = {"clusters": asdict(params), "chat": {"name": "small", "base_url": server.url}, "limit": 6, "rename": False}
    return JobSpec("name_clusters", corpus.folder, corpus.digest, {"model": model.to_dict(), **asked}, title="Names")


def ended(manager, job_id):
    wait_until(lambda: not manager.get(job_id).open, lambda: manager.get(job_id))
    return manager.get(job_id)


@pytest.mark.slow
def test_as_a_job_its_key_is_nowhere_on_disk(where, server, manager):
    spec = job(where, server)
    assert KEY not in json.dumps(spec.params)
    server.fail = 401
    failed = ended(manager, manager.submit(spec, Secret(KEY)))
    assert failed.status == "failed"
    assert "refused the API key" in failed.error
    server.fail = 0
    done = ended(manager, manager.submit(spec, Secret(KEY)))
    assert done.status == "done", done
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert all(name.startswith("About ") for name in cluster_set(*where).names)
    written = [path for path in Path(where[0].folder).rglob("*") if path.is_file()]
    assert not [path for path in written if KEY.encode() in path.read_bytes()]


@pytest.mark.slow
def test_a_silent_server_can_be_cancelled(where, server, manager):
    server.speaks.clear()
    submitted = manager.submit(job(where, server), Secret(KEY))
    wait_until(lambda: server.bodies, lambda: manager.get(submitted))
    manager.cancel(submitted)
    assert ended(manager, submitted).status == "cancelled"  # while the server is silent
    assert not edited_names(Workspace(where[0].folder), where[0].digest, *where[1:])
