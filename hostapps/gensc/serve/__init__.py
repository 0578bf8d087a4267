"""The receiver as a service: many users' received sections in, decoded images out.

::

    clients ── ZMQ ── server.Server ── service.Service ──┬─ runner.ProcessRunner ── worker process
                      (frames, replies)  (cache, fair    └─ …                       (the model)
                                          queue, batches)

`gensc serve` puts the pieces together. `Service` alone needs neither ZeroMQ nor torch.
"""

from gensc.serve.answer import Answer, ServiceError, Source, Status, Times
from gensc.serve.client import AsyncClient, Client
from gensc.serve.limits import ServiceConfig
from gensc.serve.runner import ProcessRunner
from gensc.serve.section import ImageFormat, Request, Section
from gensc.serve.server import Server
from gensc.serve.service import Service
from gensc.serve.ticket import Refused, Ticket

__all__ = [
    "Answer",
    "AsyncClient",
    "Client",
    "ImageFormat",
    "ProcessRunner",
    "Refused",
    "Request",
    "Section",
    "Server",
    "Service",
    "ServiceConfig",
    "ServiceError",
    "Source",
    "Status",
    "Ticket",
    "Times",
]
