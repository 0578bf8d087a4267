"""The receiver's figures as Prometheus reads them."""

import time
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gensc.receiver.dashboard.feed import Feed
from gensc.receiver.dashboard.metrics import MOST_LABELS, Metrics


@pytest.fixture
def metrics(receiver) -> Iterator[Metrics]:
    feed = Feed(receiver.bus)
    made = Metrics(receiver, feed)
    yield made
    made.close()
    feed.close()


def read(metrics, *, until=lambda found: True):
    """All samples by name and labels; waits until what was published has come through."""
    for _ in range(500):
        found = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(metrics.text().decode())
            for sample in family.samples
        }
        if until(found):
            return found
        time.sleep(0.01)
    raise AssertionError("it never came through")


def test_totals_are_the_services_own_whatever_events_were_seen(metrics, receiver):
    receiver.counters = {"delivered": 1234, "lost": {"never heard": 5, "header lost": 2}}
    found = read(metrics)
    assert found["gensc_delivered_total",] == 1234
    assert found["gensc_lost_total", "never heard"] == 5
    assert found["gensc_lost_total", "header lost"] == 2
    assert found["gensc_uptime_seconds",] == 754
    assert found["gensc_target_latency_seconds",] == 0.5


def test_stages_tell_their_queue_and_their_state(metrics):
    found = read(metrics)
    assert found["gensc_stage_waiting", "refined"] == 1
    assert found["gensc_stage_dropped_total", "refined"] == 3
    assert found["gensc_stage_failed_total", "edited"] == 4
    assert found["gensc_stage_state", "broken", "edited"] == 1
    assert found["gensc_stage_state", "edited", "ok"] == 0


def test_latency_and_psnr_are_histograms(metrics, receiver, photo):
    for number in range(3):
        receiver.receive(photo, number, 12.0)
    found = read(
        metrics, until=lambda f: f.get(("gensc_stage_latency_seconds_count", "refined")) == 3
    )
    assert found["gensc_stage_latency_seconds_count", "decode"] == 3
    assert found["gensc_stage_latency_seconds_sum", "store"] == pytest.approx(3 * 4.2e-3)
    assert found["gensc_image_psnr_decibels_count",] == 3
    assert found["gensc_snr_decibels", "loopback"] == 12.0


def test_what_is_not_known_is_left_out(metrics, receiver):
    receiver.state = dict
    found = read(metrics)
    assert not any(name == "gensc_uptime_seconds" for name, *_ in found)
    assert found["gensc_users",] == 0


def test_junk_in_the_state_is_left_out(metrics, receiver):
    receiver.state = lambda: {
        "uptime_s": "long", "counters": {"Images, lost!": 1, "x": "y", "lost": {"a": None, "b": 2}},
        "stages": [None, {"name": 'q"\n', "waiting": float("nan")}], "sources": "none",
    }  # fmt: skip
    found = read(metrics)
    assert found["gensc_images_lost_total",] == 1
    assert found["gensc_lost_total", "b"] == 2
    assert ("gensc_lost_total", "a") not in found


def test_labels_that_a_peer_makes_up_end_as_other(metrics, receiver):
    receiver.counters = {"lost": {f"cause {n}": 1 for n in range(MOST_LABELS + 10)}}
    found = read(metrics)
    lost = {labels[0]: v for (name, *labels), v in found.items() if name == "gensc_lost_total"}
    assert len(lost) == MOST_LABELS + 1
    assert lost["other"] == 10
    assert sum(lost.values()) == MOST_LABELS + 10


def test_the_sums_of_each_source_are_labelled_by_it(metrics, receiver):
    before = receiver.state()
    receiver.state = lambda: before | {
        "counters": {"stored": 2, "damaged": 1, "lost": 4, "causes": {"header lost": 4},
                     "sources": {"loopback": {"bursts": 7, "headers_bad": 1, "bad_cfo_hz": 3.5}}},
    }  # fmt: skip
    found = read(metrics)
    assert found["gensc_delivered_total",] == 3
    assert found["gensc_lost_total", "header lost"] == 4
    assert found["gensc_source_headers_bad_total", "loopback"] == 1
    assert not any("bad_cfo" in name for name, *_ in found)
