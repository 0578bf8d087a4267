"""All blocks together: photos through the air and back, whole or with losses."""

import threading

import numpy as np
import pytest

from gnuradio import gensc, gr
from gnuradio.gensc.message_ports import message_block
from gnuradio.gensc.metadata import read_image, read_pdu
from pdu_blocks import CONFIG, Collect, Feed, image_pdu, run, smooth_image


class Lossy(message_block):
    """Loses the fragments it is told to."""

    def __init__(self, lost):
        super().__init__("lossy")
        self.lost, self.count = lost, 0
        self.setup_ports({"fragment": self._pass}, ["fragment"])

    def _pass(self, pdu):
        if not self.lost(self.count):
            self.publish("fragment", pdu)
        self.count += 1


def send(images, *, lost=lambda i: False, snr_db=15.0, **channel):
    """Received images by image_id."""
    flowgraph = gr.top_block()
    encoder, cut = gensc.jscc_encoder("softcast", 64, snr_db), gensc.fragmenter(CONFIG)
    lossy, transmitter = Lossy(lost), gensc.burst_tx(CONFIG)
    air = gensc.channel(snr_db=snr_db, sample_rate=CONFIG.sample_rate, **channel)
    receiver, assembler = gensc.burst_rx(CONFIG), gensc.assembler(CONFIG)
    decoder, sink = gensc.jscc_decoder(), Collect("image")
    feed = Feed("image", [image_pdu(image, i) for i, image in enumerate(images)])
    for one, other, port in [
        (feed, encoder, "image"), (encoder, cut, "section"), (cut, lossy, "fragment"),
        (lossy, transmitter, "fragment"), (receiver, assembler, "fragment"),
        (assembler, decoder, "section"), (decoder, sink, "image"),
    ]:  # fmt: skip
        flowgraph.msg_connect(one, port, other, port)
    flowgraph.connect(transmitter, air, receiver)
    run(flowgraph, 60)
    received = [read_image(pdu) for pdu in sink.messages]
    return {metadata.image_id: (metadata, pixels) for metadata, pixels in received}


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b.astype(float)) ** 2))


def test_every_photo_arrives_whatever_its_size():
    images = [smooth_image(h, w) for h, w in ((64, 96), (33, 17), (256, 384), (1, 1), (100, 500))]
    received = send(images, cfo_hz=3000)
    assert sorted(received) == list(range(5))
    for i, image in enumerate(images):
        metadata, pixels = received[i]
        assert pixels.shape == image.shape
        assert metadata.fragments_received == metadata.fragments
        assert metadata.snr_db == pytest.approx(15, abs=1)
    assert psnr(received[2][1], images[2]) > 25


def test_a_fading_channel_with_three_paths_loses_no_photo_at_high_snr():
    images = [smooth_image(128, 192, seed=i) for i in range(3)]
    received = send(images, snr_db=30, taps=[0.8, 0, 0.5, 0.33], fading_hz=5, cfo_hz=-2000)
    assert sorted(received) == [0, 1, 2]


def test_a_lost_burst_costs_quality_not_the_photo():
    image = smooth_image(256, 384)
    whole = send([image])[0]
    with_loss = send([image], lost=lambda i: i == 3)[0]
    metadata, pixels = with_loss
    assert metadata.fragments_received == metadata.fragments - 1
    assert 15 < psnr(pixels, image) < psnr(whole[1], image)


def test_losing_every_burst_is_silence_not_a_crash():
    assert send([smooth_image()], lost=lambda i: True) == {}


def test_two_flowgraphs_run_side_by_side():
    results = {}

    def one(seed):
        results[seed] = send([smooth_image(64, 64, seed)], seed=seed)

    threads = [threading.Thread(target=one, args=[seed]) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {seed: list(received) for seed, received in results.items()} == {1: [0], 2: [0]}


def test_bits_and_text_travel_beside_the_photo():
    flowgraph = gr.top_block()
    text = gensc.make_pdu(gensc.Metadata(image_id=1), np.frombuffer(b"a cat", np.uint8))
    data = gensc.make_pdu(gensc.Metadata(image_id=1), np.arange(256, dtype=np.uint8))
    feeds = Feed("text", [text]), Feed("bytes", [data])
    encoders = gensc.text_encoder(), gensc.bits_encoder(mcs=2)
    cut, transmitter = gensc.fragmenter(CONFIG), gensc.burst_tx(CONFIG)
    receiver, assembler = gensc.burst_rx(CONFIG), gensc.assembler(CONFIG)
    decoders = gensc.text_decoder(), gensc.bits_decoder()
    sinks = Collect("text"), Collect("bytes")
    for port, feed, encoder, decoder, sink in zip(
        ("text", "bytes"), feeds, encoders, decoders, sinks, strict=True
    ):
        flowgraph.msg_connect(feed, port, encoder, port)
        flowgraph.msg_connect(encoder, "section", cut, "section")
        flowgraph.msg_connect(assembler, "section", decoder, "section")
        flowgraph.msg_connect(decoder, port, sink, port)
    flowgraph.msg_connect(cut, "fragment", transmitter, "fragment")
    flowgraph.msg_connect(receiver, "fragment", assembler, "fragment")
    flowgraph.connect(transmitter, gensc.channel(snr_db=10), receiver)
    run(flowgraph)
    assert [read_pdu(pdu, np.uint8)[1].tobytes() for pdu in sinks[0].messages] == [b"a cat"]
    (received,) = sinks[1].messages
    assert read_pdu(received, np.uint8)[1].tobytes() == bytes(range(256))
