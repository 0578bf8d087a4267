"""Whoever forgets to close a socket is not waited for when he is collected."""

import subprocess
import sys

import pytest

MAKE = {
    "a sink of samples": "from gensc.link.zmq_stream import ZmqStreamSink\n"
    "thing = ZmqStreamSink('tcp://127.0.0.1:*')",
    "a source of samples": "from gensc.link.zmq_stream import ZmqStreamSource\n"
    "thing = ZmqStreamSource('tcp://127.0.0.1:5999')",
    "a user of the service": "from gensc.serve.client import Client\n"
    "thing = Client('tcp://127.0.0.1:5999', 'alice')",
    "a user of the service, asynchronous": "from gensc.serve.client import AsyncClient\n"
    "thing = AsyncClient('tcp://127.0.0.1:5999', 'alice')",
    "the service": "from gensc.serve.server import Server\nthing = Server(None, 'tcp://127.0.0.1:*')",
    "a server of reports": "from gensc.remote.sockets import ReportServer\n"
    "thing = ReportServer('tcp://127.0.0.1:*', print)",
    "a client of reports": "from gensc.remote.sockets import ReportClient\n"
    "thing = ReportClient('tcp://127.0.0.1:5999', print)",
}
# In a cycle, where Python chooses what is finalised first.
FORGET = "import gc\nthing.itself = thing\ndel thing\ngc.collect()\nprint('collected')"


@pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)
def test_one_that_is_forgotten_in_a_cycle_is_collected(make):
    ended = subprocess.run(
        [sys.executable, "-c", f"{make}\n{FORGET}"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ended.stdout.splitlines()[-1:] == ["collected"], ended.stderr
