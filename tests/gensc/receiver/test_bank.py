"""Images of a codec bank arrive over the air, and what is wrong with them has its cause."""

from __future__ import annotations

import numpy as np
import pytest

from gensc.data.images import fit, load_image
from gensc.link.blocks import PduSource
from gensc.link.radio import Place, RadioSettings
from gensc.link.zmq_stream import as_samples
from gensc.receiver.account import BITS_DAMAGED
from gensc.receiver.chain import Chain
from gensc.receiver.taps import ChainSettings, Taps
from gensc.system import codecs
from gensc_phy.coding.mcs import MCS_TABLE
from gensc_phy.waveform.config import WaveformConfig
from gnuradio.gensc.metadata import Metadata, make_pdu

SESSION = 0x00B1
#: A scheme that needs far more than a header does.
MCS = next(mcs.index for mcs in MCS_TABLE if mcs.threshold_db > 8)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """One image of the bank on the air: its bursts in a raw recording, and the picture."""
    from gnuradio import gr

    gensc = codecs.gnuradio_blocks()
    image = fit(load_image("skimage:chelsea"), 96, 128)
    config = WaveformConfig()
    top = gr.top_block()
    told = Metadata(SESSION, 4, shape=image.shape)
    source, encoder = PduSource([make_pdu(told, image)]), gensc.cie_encoder("hyperprior", mcs=MCS)
    bits, cutter = gensc.bits_encoder(), gensc.fragmenter(config)
    transmitter = gensc.burst_tx(config)
    path = tmp_path_factory.mktemp("bank") / "air.cfile"
    from gensc.link.radio import open_sink

    sink = open_sink(Place("file", str(path)), RadioSettings())
    for before, out, after, port in (
        (source, "out", encoder, "image"),
        (encoder, "bytes", bits, "bytes"),
        (bits, "section", cutter, "section"),
        (cutter, "fragment", transmitter, "fragment"),
    ):
        top.msg_connect((before, out), (after, port))
    top.connect(transmitter, sink)
    top.run()
    assert as_samples(path.read_bytes()[:800]) is not None
    return path, image


def receive(path):
    images, failed = [], []
    chain = Chain(
        Place("file", str(path)), RadioSettings(), ChainSettings(),
        Taps(image=images.append, text=print, keep=print, failed=lambda *told: failed.append(told)),
    )  # fmt: skip
    chain.start()
    assert chain.wait(60)
    return images, failed, chain


def test_an_image_of_the_bank_is_decoded_under_its_own_numbers(recording):
    path, original = recording
    (seen,), failed, _ = receive(path)
    assert failed == []
    meta = seen.metadata
    assert (meta.session, meta.image_id, meta.shape) == (SESSION, 4, original.shape)
    assert (meta.complete, meta.crc_ok) == (True, True)
    error = seen.data.reshape(meta.shape).astype(float) - original
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 25


def test_a_container_that_is_noise_has_its_cause_and_gives_no_picture(recording, tmp_path):
    path, _ = recording
    samples = np.fromfile(path, np.complex64)
    noisy = tmp_path / "noisy.cfile"
    # The header is repeated and coded better than the payload: it is read, and nothing else.
    noise = np.random.default_rng(1).standard_normal((samples.size, 2)) @ [1, 1j]
    (samples + 0.9 * noise / np.sqrt(2)).astype("<c8").tofile(noisy)
    images, failed, chain = receive(noisy)
    assert chain.rx.stats.headers_ok > 0
    if images:  # what came before the damage is a picture, and says so
        assert images[0].metadata.complete is False
    else:
        assert [cause for _, cause, _ in failed] == [BITS_DAMAGED]
        assert failed[0][0].image_id == 4


def test_collectors_are_not_needed_to_receive(recording):
    """Only what is asked for is looked at."""
    path, _ = recording
    _, _, chain = receive(path)
    assert chain.probe is None
    assert chain._taken == []
