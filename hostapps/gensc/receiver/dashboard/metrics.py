"""The receiver's figures in Prometheus' text format.

Totals come from the service's own counters when they are asked for, so an event that the dashboard
has missed falsifies none; histograms of latency and PSNR are filled from events, and
`gensc_dashboard_events_missed_total` says how many of those never came.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gensc.receiver.dashboard.feed import Feed
from gensc.receiver.dashboard.presented import mapping, presented, rows
from gensc.receiver.dashboard.watched import Watched

CONTENT_TYPE = CONTENT_TYPE_LATEST
#: Values that a label takes, at most; what a peer makes up beyond that is "other".
MOST_LABELS = 64
_LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PSNR_DB = (15.0, 17.5, 20.0, 22.5, 25.0, 27.5, 30.0, 32.5, 35.0, 40.0)
_STATES = ("ok", "slow", "broken")


class Metrics(Collector):
    """Follows the bus for the histograms; `text` reads the rest from the service.

    Args:
        watched: the service.
        feed: of the same dashboard.
    """

    def __init__(self, watched: Watched, feed: Feed) -> None:
        self._watched, self._feed = watched, feed
        self._registry = CollectorRegistry()
        self._labels: dict[str, set[str]] = {}
        self._latency = Histogram(
            "gensc_stage_latency_seconds", "Time of one image in a stage.", ["stage"],
            buckets=_LATENCY_S, registry=self._registry,
        )  # fmt: skip
        self._psnr = Histogram(
            "gensc_image_psnr_decibels", "PSNR of images whose original is known.",
            buckets=_PSNR_DB, registry=self._registry,
        )  # fmt: skip
        self._snr: dict[str, float] = {}
        self._registry.register(self)
        self._subscription = watched.bus.subscribe()
        self._thread = threading.Thread(target=self._follow, name="dashboard-metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Follow the bus no longer."""
        self._subscription.close()
        self._thread.join()

    def text(self) -> bytes:
        """All metrics, as `CONTENT_TYPE` says."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is depends on the service, which need not be asked yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        """What the service says of itself now."""
        state = presented(self._watched.state())
        yield _gauge("gensc_uptime_seconds", "Since the start.", state.get("uptime_s"))
        yield _gauge(
            "gensc_paused", "Whether refining and editing stand still.", state.get("paused")
        )
        yield _gauge(
            "gensc_target_latency_seconds", "Age above which a stage leaves an image out.",
            _thousandth(state.get("target_latency_ms")),
        )  # fmt: skip
        snr = GaugeMetricFamily(
            "gensc_snr_decibels", "Es/N0 of the newest burst.", labels=["source"]
        )
        for source, value in list(self._snr.items()):
            snr.add_metric([source], value)
        yield snr
        yield from self._counters(mapping(state.get("counters")))
        yield from self._stages(rows(state.get("stages")))
        yield from _sources(rows(state.get("sources")), mapping(state["source_sums"]))
        yield _gauge("gensc_users", "Transmitters heard.", len(rows(state.get("users"))))
        yield _gauge("gensc_dashboard_browsers", "Browsers that follow.", self._feed.readers)
        missed = self._feed.missed + self._subscription.missed
        yield CounterMetricFamily(
            "gensc_dashboard_events_missed", "Events that came too fast for the dashboard.", missed
        )

    def _counters(self, counters: Mapping[str, Any]) -> Iterator[Metric]:
        """Every sum of the service; one that is split has a label."""
        for name, value in counters.items():
            metric = f"gensc_{_metric_name(name)}"
            help_text = f"{name.replace('_', ' ')}, since the start."
            if isinstance(value, Mapping):
                label = "cause" if name == "lost" else "of"
                family = CounterMetricFamily(metric, help_text, labels=[label])
                summed: dict[str, float] = {}
                for one, count in value.items():
                    if _is_number(count):
                        known = self._label(name, str(one))
                        summed[known] = summed.get(known, 0) + count
                for one, count in summed.items():
                    family.add_metric([one], count)
                yield family
            elif _is_number(value):
                yield CounterMetricFamily(metric, help_text, value)

    def _stages(self, stages: list[Mapping[str, Any]]) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("gensc_stage_waiting", "Images in its queue.", labels=["stage"])
        dropped = CounterMetricFamily(
            "gensc_stage_dropped", "Images it left out to keep up.", labels=["stage"]
        )
        failed = CounterMetricFamily("gensc_stage_failed", "Images it failed on.", labels=["stage"])
        health = GaugeMetricFamily(
            "gensc_stage_state", "1 for the state it is in.", labels=["stage", "state"]
        )
        told: list[tuple[GaugeMetricFamily | CounterMetricFamily, str]]
        told = [(waiting, "waiting"), (dropped, "dropped"), (failed, "failed")]
        for stage in stages:
            name = str(stage.get("name", ""))
            for family, field in told:
                if _is_number(stage.get(field)):
                    family.add_metric([name], stage[field])
            for state in _STATES:
                health.add_metric([name, state], float(stage.get("state") == state))
        yield from (waiting, dropped, failed, health)

    def _follow(self) -> None:
        for event in self._subscription:
            fields = event.fields
            if event.kind == "burst" and _is_number(fields.get("snr_db")):
                self._snr[self._label("source", str(fields.get("source", "")))] = fields["snr_db"]
            elif event.kind == "image":
                for stage, value in mapping(fields.get("latency_ms")).items():
                    self._observe(stage, value)
                if _is_number(fields.get("psnr")):
                    self._psnr.observe(fields["psnr"])
            elif event.kind == "refined":
                self._observe(str(fields.get("stage", "refined")), fields.get("ms"))

    def _observe(self, stage: str, milliseconds: Any) -> None:
        if _is_number(milliseconds):
            known = self._label("stage", stage)
            self._latency.labels(known).observe(milliseconds / 1000)

    def _label(self, name: str, value: str) -> str:
        """A label's value, as long as there are not too many of them."""
        known = self._labels.setdefault(name, set())
        if value not in known and len(known) >= MOST_LABELS:
            return "other"
        known.add(value)
        return value


def _sources(
    sources: list[Mapping[str, Any]], sums: Mapping[str, Any]
) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
    """Whether each runs, and its own sums."""
    running = GaugeMetricFamily("gensc_source_running", "Whether it is.", labels=["source"])
    counted: dict[str, CounterMetricFamily] = {}
    for source in sources:
        name = str(source.get("name", ""))
        running.add_metric([name], float(source.get("state") == "running"))
        own = {**mapping(sums.get(name)), **{k: source.get(k) for k in ("samples", "bursts")}}
        for what, value in own.items():
            if _is_number(value) and not what.endswith("_hz"):  # that one is no sum
                family = counted.setdefault(
                    what,
                    CounterMetricFamily(
                        f"gensc_source_{_metric_name(what)}",
                        f"{what.replace('_', ' ')} of a source, since its start.",
                        labels=["source"],
                    ),
                )
                family.add_metric([name], value)
    yield running
    yield from counted.values()


def _gauge(name: str, help_text: str, value: Any) -> Metric:
    """A number, or none where it is not known."""
    known = isinstance(value, bool) or _is_number(value)
    family = GaugeMetricFamily(name, help_text)
    if known:
        family.add_metric([], float(value))
    return family


def _thousandth(milliseconds: Any) -> float | None:
    return milliseconds / 1000 if _is_number(milliseconds) else None


def _metric_name(name: str) -> str:
    """A counter's name without what Prometheus' names cannot have."""
    return re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")


def _is_number(value: Any) -> bool:
    """Whether something is a finite number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
