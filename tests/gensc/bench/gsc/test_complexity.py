"""Table I: operations are counted, times are per image, and the batch is set beside the queue."""

import pytest

from gensc.bench.gsc import complexity
from gensc.experiment.scheme import Picture
from gensc.experiment.schemes.codec import CodecScheme
from gensc.experiment.schemes.wrapped import Refined
from gensc.system.weights import Weights
from gensc_models.restore.refiner import Refiner
from gsc_weights import REFINER, pictures, swin_codec


def test_every_part_has_its_size_and_cost_and_they_add_up():
    codec, refiner = swin_codec(), Refiner("refiner-cifar", REFINER)
    scheme = Refined(CodecScheme(codec, "ngf"), refiner, Weights("tiny", "0" * 64), "gsc")
    images = [Picture(f"p{i}", image) for i, image in enumerate(pictures(4))]
    rows = complexity.measure(scheme, images, 128, repeat=2)
    assert {r["scheme"] for r in rows} == {"gsc"}
    parts = {r["part"]: r for r in rows if "users" not in r}
    assert set(parts) == {"encoder", "decoder", "refiner", "all"}
    for key in ("parameters", "macs"):
        assert parts["all"][key] == sum(parts[p][key] for p in ("encoder", "decoder", "refiner"))
        assert all(parts[p][key] > 0 for p in parts)
    networks = (codec.network, refiner.network)
    whole = sum(p.numel() for network in networks for p in network.parameters())
    assert parts["all"]["parameters"] == whole
    served = [(r["users"], r["way"]) for r in rows if "users" in r]
    assert served == [(3, "serial"), (3, "batched"), (32, "serial"), (32, "batched")]
    # Even of tiny networks: 32 passes cost more than one.
    assert complexity.speed_up(rows, 32)[0] > 1


def test_speed_up_is_the_ratio_of_the_times_and_none_where_not_measured():
    rows = [{"users": 3, "way": "serial", "ms": 9.0}, {"users": 3, "way": "batched", "ms": 6.0}]
    assert complexity.speed_up(rows, 3) == pytest.approx([1.5])
    assert complexity.speed_up(rows, 32) == []
