"""The service past one machine: Ray Serve runs the replicas of the model.

::

    clients ── ZMQ ── server.Server ── service.Service ──┬─ ClusterRunner ─┐             ┌─ Replica
                      (frames, replies)  (cache, fair    └─ …              ├─ Ray Serve ─┼─ Replica
                                          queue, batches)                  │  (routing)  └─ …
                      another front ───────────────────────────────────────┘

Clients and everything they may rely on (fairness, back-pressure, cancellation, exactly one answer)
stay as they are on one machine; Ray Serve starts replicas wherever the cluster has room, starts
those again that die, and sends a batch where the queue is shortest. Fronts on several machines may
share the replicas; what they send at the same time is decoded together. Needs the extra
`[cluster]` on every node.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gensc.serve.decoder import Decoder, Result
from gensc.serve.runner import CODECS, WorkerDied, WorkerStartError
from gensc.serve.section import Group, Request
from gensc.serve.worker import make
from gensc.system.errors import UserError

#: Name of the application on the cluster.
APPLICATION = "gensc"
#: Batches of several fronts that one pass over a replica's queue takes.
MAX_MERGED = 8
#: Batches a replica may have in hand or waiting.
MAX_ONGOING = 64
#: How long the head of a cluster may take to answer.
CONNECT_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class ClusterConfig:
    """How the replicas are laid out.

    Attributes:
        address: of a Ray cluster ("auto", "10.0.0.1:6379"); "" takes what RAY_ADDRESS says, else
            one that runs on this machine, else starts one here for as long as the service lives.
        replicas: copies of the model; 0: as many as the cluster has room for.
        cpus, gpus: what each of them occupies.
        max_batch: most images decoded together.
        max_batch_pixels: most pixels decoded together.
    """

    address: str = ""
    replicas: int = 0
    cpus: int = 1
    gpus: int = 0
    max_batch: int = 32
    max_batch_pixels: int = 1 << 17


class Replica:
    """One copy of the decoder, in a process that Ray Serve looks after.

    Args:
        target, options: the decoder, as for `ProcessRunner`.
        max_batch, max_batch_pixels: limits of one pass of the model.
    """

    def __init__(
        self, target: str, options: dict[str, Any], max_batch: int, max_batch_pixels: int
    ) -> None:
        from ray import serve

        decoder = self._decoder = make(target, options)

        # Without waiting: a front has waited already where it was worth it.
        @serve.batch(max_batch_size=MAX_MERGED, batch_wait_timeout_s=0.0)
        async def together(batches: list[list[Request]]) -> list[tuple[float, list[Result]]]:
            # In a thread, so that more can arrive meanwhile.
            return await asyncio.to_thread(
                decode_merged, decoder, batches, max_batch, max_batch_pixels
            )

        self._together = together

    def models(self) -> dict[int, str]:
        """Wire ids and names of the decoder's codecs."""
        return self._decoder.models

    def where(self) -> tuple[str, int]:
        """Id of the replica's node, and its process there."""
        import ray

        return ray.get_runtime_context().get_node_id(), os.getpid()

    async def decode(self, batch: list[Request]) -> tuple[float, list[Result]]:
        """Seconds of the model and one result per request."""
        return await self._together(batch)


def decode_merged(
    decoder: Decoder, batches: Sequence[Sequence[Request]], max_batch: int, max_batch_pixels: int
) -> list[tuple[float, list[Result]]]:
    """Seconds and results of several batches, in order; images of one kind are decoded together.

    Args:
        decoder: whose passes take requests of one group only.
        batches: of requests, each of any groups.
        max_batch, max_batch_pixels: limits of one pass.

    Returns:
        For each batch its share of the decoder's seconds, and one result per request.
    """
    kinds: dict[Group, list[tuple[int, int]]] = defaultdict(list)
    for b, batch in enumerate(batches):
        for r, request in enumerate(batch):
            kinds[request.section.group].append((b, r))
    results: dict[tuple[int, int], Result] = {}
    seconds = [0.0] * len(batches)
    for places in kinds.values():
        b, r = places[0]
        size = max(1, min(max_batch, max_batch_pixels // batches[b][r].section.pixels))
        for start in range(0, len(places), size):
            part = places[start : start + size]
            began = time.perf_counter()
            decoded = decoder.decode([batches[b][r] for b, r in part])
            share = (time.perf_counter() - began) / len(part)
            for place, result in zip(part, decoded, strict=True):
                results[place] = result
                seconds[place[0]] += share
    return [
        (seconds[b], [results[b, r] for r in range(len(batch))]) for b, batch in enumerate(batches)
    ]


class ClusterRunner:
    """One batch at a time on whichever replica has least to do; a `Runner` of the service.

    Args:
        handle: Ray Serve's, of the deployed `Replica`.
        batch_timeout_s: a batch that takes longer counts as lost, and is computed again.
        start_timeout_s: time for a first replica to be there.
    """

    def __init__(
        self, handle: Any, *, batch_timeout_s: float = 120.0, start_timeout_s: float = 120.0
    ) -> None:
        self.models: dict[int, str] = {}
        self._handle = handle
        self._batch_timeout_s, self._start_timeout_s = batch_timeout_s, start_timeout_s

    async def start(self) -> None:
        """Wait until a replica answers.

        Raises:
            WorkerStartError: none does.
        """
        try:
            self.models = await asyncio.wait_for(
                self._handle.models.remote(), self._start_timeout_s
            )
        except Exception as error:  # Ray has many kinds
            raise WorkerStartError(_reason(error, self._start_timeout_s)) from error

    async def run(self, batch: Sequence[Request]) -> tuple[float, list[Result]]:
        """Seconds of the model and one result per request.

        Raises:
            WorkerDied: the replica, or the way to it, is gone; Ray Serve starts another one.
        """
        try:
            seconds, results = await asyncio.wait_for(
                self._handle.decode.remote(list(batch)), self._batch_timeout_s
            )
        except Exception as error:  # Ray has many kinds
            raise WorkerDied(_reason(error, self._batch_timeout_s)) from error
        if len(results) != len(batch):
            raise WorkerDied(f"{len(results)} results for {len(batch)} requests")
        return seconds, results

    async def where(self) -> tuple[str, int]:
        """Node id and process of one of the replicas, as the routing has it."""
        return await self._handle.where.remote()

    async def close(self) -> None:
        """Nothing to give back: the replicas are the cluster's."""


class Cluster:
    """The replicas on a Ray cluster, for as long as this object is started.

    >>> cluster = Cluster(ClusterConfig(), options={"models": ["softcast"]})
    >>> runners = cluster.start()
    >>> # … Service(runners) …
    >>> cluster.stop()

    Args:
        config: how many replicas, and where.
        target, options: the decoder, as for `ProcessRunner`.
    """

    def __init__(
        self,
        config: ClusterConfig,
        target: str = CODECS,
        options: dict[str, Any] | None = None,
    ) -> None:
        self.config = config
        self._target, self._options = target, options or {}
        self._owns_application = self._owns_ray = False

    def start(self) -> list[ClusterRunner]:
        """Connect, deploy the replicas unless another front has, and wait until they run.

        Returns:
            A runner per replica.

        Raises:
            UserError: Ray is not installed, the cluster is not there or has no room.
            WorkerStartError: the replicas cannot be started.
        """
        ray, serve = import_ray()
        if not ray.is_initialized():
            self._connect(ray)
        replicas = self.config.replicas or self._room(ray.cluster_resources())
        try:
            handle = self._deploy(serve, replicas)
        except BaseException:
            self.stop()
            raise
        return [ClusterRunner(handle) for _ in range(replicas)]

    def stop(self) -> None:
        """Remove what `start` has brought up; replicas another front deployed stay."""
        ray, serve = import_ray()
        if self._owns_application:
            serve.delete(APPLICATION)
            self._owns_application = False
        if self._owns_ray:
            ray.shutdown()
            self._owns_ray = False

    def _connect(self, ray: Any) -> None:
        """Join the cluster, or start one."""
        address = self.config.address
        check_reachable(address)
        self._owns_ray = True
        try:
            ray.init(
                address=address or None,
                log_to_driver=False,
                logging_level=logging.ERROR,
                include_dashboard=None if address else False,
            )
        except Exception as error:  # Ray raises even this very class
            raise UserError(f"--ray {address or '(new)'}: {_reason(error, 0.0)}") from error

    def _room(self, resources: dict[str, float]) -> int:
        """Replicas that the cluster has room for."""
        need = {"CPU": self.config.cpus, "GPU": self.config.gpus}
        room = [int(resources.get(name, 0.0) // each) for name, each in need.items() if each]
        if not min(room, default=0):
            raise UserError(
                f"the Ray cluster has {resources.get('CPU', 0):g} CPUs and "
                f"{resources.get('GPU', 0):g} GPUs, a replica needs {self.config.cpus} and "
                f"{self.config.gpus}"
            )
        return min(room)

    def _deploy(self, serve: Any, replicas: int) -> Any:
        """The handle of the application, which is made if it is not there."""
        config = self.config
        serve.start(proxy_location="Disabled", logging_config=_QUIET)
        if APPLICATION in serve.status().applications:
            return serve.get_app_handle(APPLICATION)
        deployment = serve.deployment(Replica).options(
            num_replicas=replicas,
            ray_actor_options={"num_cpus": config.cpus, "num_gpus": config.gpus},
            max_ongoing_requests=MAX_ONGOING,
            # Weights that cannot be loaded cannot be loaded the next time either.
            max_constructor_retry_count=1,
            logging_config=_QUIET,
        )
        app = deployment.bind(
            self._target, self._options, config.max_batch, config.max_batch_pixels
        )
        self._owns_application = True
        try:
            return serve.run(app, name=APPLICATION, route_prefix=None)
        except RuntimeError as error:
            status = serve.status().applications.get(APPLICATION)
            reports = [d.message for d in status.deployments.values()] if status else []
            reason = complaint_in("\n".join(reports)) or _reason(error, 0.0)
            raise WorkerStartError(reason) from error


_QUIET = {"log_level": "ERROR", "enable_access_log": False}


def check_reachable(address: str) -> None:
    """Refuse a host and port where nobody listens; Ray itself would try for half a minute.

    Raises:
        UserError: nobody does.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        return  # "auto" and the like: Ray knows
    try:
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise UserError(f"--ray {address}: no Ray cluster there ({error})") from error


def import_ray() -> tuple[Any, Any]:
    """The modules ray and ray.serve.

    Raises:
        UserError: they are not installed.
    """
    # Reports nothing to anybody.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        from ray import serve
    except ImportError as error:
        raise UserError(
            f"a cluster needs Ray Serve ({error}): pip install 'gr-gensc[cluster]'"
        ) from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    return ray, serve


def complaint_in(report: str) -> str:
    """What the replica's own exception says, in Ray's report with its tracebacks; "" if nothing.

    >>> complaint_in("…\\nTraceback …\\ngensc_models.weights.WeightsError: no weights called 'x'")
    "no weights called 'x'"
    """
    said = re.findall(r"^\s*[\w.]*(?:Error|Exception): (.+)$", report, re.MULTILINE)
    return said[-1].strip() if said else ""


def _reason(error: BaseException, timeout_s: float) -> str:
    """One line of what Ray says, often in many: the last that says anything."""
    if isinstance(error, asyncio.TimeoutError):
        return f"no answer from the cluster in {timeout_s:g} s"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
