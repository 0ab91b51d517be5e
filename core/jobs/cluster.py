"""Worker processes: a local Dask cluster of our own, or an existing scheduler by address.

Workers carry an abstract resource: "job" (one task at a time: embedding batches, neighbors),
"layout" (on one of them, whose kernels are warm, so that two layouts never share the cores) or "answer" (what a page
waits for). Long jobs so never delay a search.
"""

import logging
import os
from typing import TYPE_CHECKING, Any

from core.errors import JobError

if TYPE_CHECKING:
    from distributed import Client

LOOPBACK = "127.0.0.1"
CONNECT = "30s"  # how long a scheduler is waited for
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
        target: Any = address or local_cluster(job_workers or os.cpu_count() or 1)
        return Client(target, timeout=CONNECT)
    except (OSError, TimeoutError, ValueError) as error:
        raise JobError(
            f"The workers can't be reached ({address or 'local'}): {error}.",
            "Check PLANISPHERE_SCHEDULER, or unset it to use workers on this machine.",
        ) from error


def local_cluster(job_workers: int) -> Any:
    """`job_workers` one-thread job workers and one answer worker, all on the loopback interface, no dashboard."""
    from distributed import Scheduler
    from distributed.deploy.spec import SpecCluster

    scheduler = {
        "cls": Scheduler,
        "options": {"host": LOOPBACK, "port": 0, "dashboard": False, "dashboard_address": f"{LOOPBACK}:0"},
    }
    workers = {
        f"job-{number}": _worker({"job": 1} | ({} if number else {"layout": 1}), 1) for number in range(job_workers)
    }
    return SpecCluster(
        workers=workers | {"answer": _worker({"answer": 2}, 2)}, scheduler=scheduler, silence_logs=logging.ERROR
    )


def _worker(resources: dict[str, int], threads: int) -> dict[str, Any]:
    import psutil
    from distributed import Nanny

    options = {
        "host": LOOPBACK,
        "nthreads": threads,
        "resources": resources,
        "dashboard": False,
        "dashboard_address": f"{LOOPBACK}:0",
        "memory_limit": int(psutil.virtual_memory().total * 0.8),
        "env": _ENVIRONMENT,
        "silence_logs": logging.ERROR,
    }
    return {"cls": Nanny, "options": options}


def resources_of(client: "Client") -> frozenset[str]:
    """The abstract resources the cluster's workers offer; an existing cluster may offer none."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return frozenset(name for worker in workers for name in worker.get("resources", {}))
