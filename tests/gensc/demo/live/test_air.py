"""The channel of the live demo: what goes in comes out at an address, with noise."""

import numpy as np
import pytest
import zmq

from gensc.demo.live.air import WalkingAir
from gensc.link.walk import Walk
from gensc.system.errors import UserError
from gnuradio import blocks, gr


@pytest.mark.parametrize("channel", ["awgn", "fading", "indoor-walk"])
def test_what_goes_in_comes_out_with_the_noise_of_the_walk(tmp_path, channel):
    address = f"ipc://{tmp_path}/air"
    air = WalkingAir(address, channel, Walk(10.0, 10.0, 1.0))
    pull = zmq.Context.instance().socket(zmq.PULL)
    pull.connect(address)
    top = gr.top_block()
    source = blocks.vector_source_c([1.0] * 20_000)
    top.connect(source, air)
    top.start()
    air.begin()
    received = b""
    while message := pull.recv() if pull.poll(10_000) else b"":
        received += message
    top.wait()
    air.end()
    pull.close()
    samples = np.frombuffer(received, np.complex64)
    assert samples.size > 19_000
    if channel == "awgn":
        noise = samples[100:] - np.mean(samples[100:])
        assert 10 * np.log10(np.mean(np.abs(noise) ** 2)) == pytest.approx(-10.0, abs=0.3)


def test_an_unknown_channel_is_named(tmp_path):
    with pytest.raises(UserError, match="unknown channel 'water'"):
        WalkingAir(f"ipc://{tmp_path}/air", "water", Walk(3.0, 18.0, 60.0))


def test_an_air_that_never_ran_gives_its_address_back(tmp_path):
    address = f"ipc://{tmp_path}/air"
    WalkingAir(address, "awgn", Walk(3.0, 18.0, 60.0)).stop()
    WalkingAir(address, "awgn", Walk(3.0, 18.0, 60.0)).stop()
