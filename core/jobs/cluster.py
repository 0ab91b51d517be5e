"""Worker processes: a local Dask cluster, or an existing scheduler by address; and what they load before the first job.

Workers have an abstract resource: "job" (one task at a time: embedding batches, neighbors), "layout" (one of them,
whose kernels are compiled, so that two layouts never share the cores) or "answer" (what a page waits for, so that long
jobs never delay a search).
"""

import logging
import os
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from core.errors import JobError
from core.jobs.context import STEP
from core.models.registry import PRESETS
from core.vectors.loaders import cached_embedder

if TYPE_CHECKING:
    from distributed import Client

_LOCAL = {"host": "127.0.0.1", "dashboard": False, "dashboard_address": "127.0.0.1:0"}
NICENESS = 5  # of job workers
FACTS = "5s"  # timeout for asking a scheduler
CONNECT = "30s"  # timeout for reaching a scheduler
_THREADS = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
_SETTINGS = {
    # Dask's own also sets MALLOC_TRIM_THRESHOLD_, which gives every freed buffer back to the system: a third slower
    "distributed.nanny.pre-spawn-environ": _THREADS,
    "distributed.scheduler.allowed-failures": 2,
    # the cluster gives up a worker that is absent 15 seconds after any earlier loss; its nanny restarts it in any case
    "distributed.deploy.lost-worker-timeout": "1000 days",
    "distributed.worker.daemon": True,
    # what watches the workers takes a tenth of a core when nothing runs
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.cycle": "10s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.scheduler.work-stealing-interval": "1s",
}
_ENVIRONMENT = {"TOKENIZERS_PARALLELISM": "false", "KMP_BLOCKTIME": "0"}


def connect(address: str = "", job_workers: int = 0) -> "Client":
    """A client of the scheduler at `address`, or of a new local cluster. Raises JobError if it can't be reached."""
    import dask
    from distributed import Client

    dask.config.set(_SETTINGS | {"distributed.comm.timeouts.connect": CONNECT})
    for name in ("distributed", "distributed.nanny", "distributed.scheduler", "distributed.worker"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        client = Client(address or local_cluster(job_workers or os.cpu_count() or 1), timeout=CONNECT)
        if not address:
            client.register_plugin(_background_plugin())
        return client
    except (OSError, TimeoutError, ValueError) as error:
        remedy = "Check PLANISPHERE_SCHEDULER, or unset it to use workers on this machine."
        raise JobError(f"The workers can't be reached ({address or 'local'}): {error}.", remedy) from error


def _background_plugin() -> Any:
    """Gives job workers a lower priority, restarted ones too: the server and the answer worker come first."""
    from distributed import WorkerPlugin

    class Background(WorkerPlugin):
        def setup(self, worker: Any) -> None:
            if "job" in worker.state.total_resources and hasattr(os, "nice"):
                os.nice(NICENESS)

    return Background()


def abandon(client: "Client") -> None:
    """Leave a lost client alone: without its event loop nothing can be closed, and its finalizer must not try to."""
    from distributed.core import Status

    client.status = "closed"
    if client.cluster:
        client.cluster.status = Status.closed


def local_cluster(job_workers: int) -> Any:
    """`job_workers` one-thread job workers and one answer worker, all on the loopback interface, no dashboard."""
    from distributed import Scheduler
    from distributed.deploy.spec import SpecCluster

    scheduler = {"cls": Scheduler, "options": {"port": 0} | _LOCAL}
    workers = {f"job-{i}": _worker({"job": 1} | ({} if i else {"layout": 1}), 1) for i in range(job_workers)}
    workers["answer"] = _worker({"answer": 2}, 2)
    return SpecCluster(workers=workers, scheduler=scheduler, silence_logs=logging.ERROR)


def _worker(resources: dict[str, int], threads: int) -> dict[str, Any]:
    import psutil
    from distributed import Nanny

    limits = {"nthreads": threads, "memory_limit": int(psutil.virtual_memory().total * 0.8), "resources": resources}
    return {"cls": Nanny, "options": _LOCAL | limits | {"env": _ENVIRONMENT, "silence_logs": logging.ERROR}}


def worker_facts(client: "Client", timeout: str = FACTS) -> dict[str, Any]:
    """What the scheduler knows of each worker, by address. Raises TimeoutError where it does not answer, RuntimeError
    where it has ended: without a timeout, a wait would never end where the event loop ends meanwhile."""
    facts: Any = client.sync(client.scheduler.identity, n_workers=-1, callback_timeout=timeout)
    return dict(facts["workers"])


def offered_resources(client: "Client") -> frozenset[str]:
    """The abstract resources the cluster's workers offer; an existing cluster may offer none."""
    workers = worker_facts(client, CONNECT).values()
    return frozenset(name for worker in workers for name in worker.get("resources", {}))


def job_workers(client: "Client") -> int:
    """How many workers take steps of jobs; an existing cluster may name no resources."""
    offers = [worker.get("resources", {}) for worker in worker_facts(client, CONNECT).values()]
    return sum("job" in offer for offer in offers) or len(offers) or 1


def is_layout_delayed(client: "Client") -> bool:
    """Whether the worker that computes layouts is busy with another step: any other may take one then."""
    workers = worker_facts(client, CONNECT).items()
    layout = [worker for worker, facts in workers if "layout" in facts.get("resources", {})]
    tasks: Any = client.sync(client.scheduler.processing, workers=layout, callback_timeout=CONNECT)
    return any(str(key).startswith(STEP) for keys in tasks.values() for key in keys)


def warm_up(client: Any, folder: str) -> list[Any]:
    """Have workers load and compile what they will need; gives the futures. Job workers wait for the answer worker,
    which the first visitor needs before them.

    folder: the workspace whose models folder is used. Layouts have one worker where resources are offered.
    """
    offered = {worker: facts.get("resources", {}) for worker, facts in worker_facts(client, CONNECT).items()}
    futures: list[Any] = []
    for answers in (True, False):
        earlier = tuple(futures)
        futures += [
            client.submit(task, folder, *earlier, workers=[worker], pure=False, priority=-10 - order)
            for worker, offers in offered.items()
            if ("answer" in offers) == answers
            for order, task in enumerate(_warm_tasks(offers))
        ]
    return futures


def _warm_tasks(offers: dict[str, float]) -> list[Callable[..., None]]:
    layouts = [warm_layouts] if "layout" in offers or not offers else []
    return [warm_answers] if "answer" in offers else [warm_embedder, *layouts, warm_comparisons]


def warm_embedder(folder: str, *earlier: None) -> None:
    """Load the default model as jobs use it. A failure here shows up in the job itself."""
    cached_embedder(folder, PRESETS[0], None, 1).embed(["warm"])


def warm_layouts(folder: str, *earlier: None) -> None:
    """Import umap-learn and compile its kernels."""
    from core.map.layout import warm_up as warm_projection

    warm_projection()


def warm_answers(folder: str) -> None:
    """Import what the Map page asks, start the process that reads files, and load the default model as searches use
    it: in the order in which a new user meets them."""
    from core.corpus.reader_process import start_ahead

    import_module("core.map.scene")
    start_ahead()
    cached_embedder(folder, PRESETS[0]).embed_query(["warm"])
    warm_comparisons(folder)


def warm_comparisons(folder: str, *earlier: None) -> None:
    """Import what the comparison of contenders takes."""
    from core.disagreement.results import warm_up as warm_disagreement

    warm_disagreement()
