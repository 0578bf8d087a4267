"""A Ray cluster of several nodes on this machine, as benchmarks need it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gensc.serve.cluster import Cluster, ClusterConfig, ClusterRunner, import_ray

#: Shared memory of a node; a batch of receptions is far smaller.
OBJECT_STORE_BYTES = 80 << 20


@contextmanager
def local_nodes(model: str, count: int) -> Iterator[list[ClusterRunner]]:
    """Replicas of a codec on a cluster of so many nodes of one core each.

    Raises:
        UserError: Ray is not installed.
    """
    import_ray()
    from ray.cluster_utils import Cluster as LocalNodes

    node = {"num_cpus": 1, "object_store_memory": OBJECT_STORE_BYTES}
    nodes = LocalNodes(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(count - 1):
            nodes.add_node(**node)
        options = {"models": [model], "threads": 1}
        cluster = Cluster(ClusterConfig(address=nodes.address), options=options)
        try:
            yield cluster.start()
        finally:
            cluster.stop()
    finally:
        nodes.shutdown()
