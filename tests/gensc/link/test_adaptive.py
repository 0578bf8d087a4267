"""The adaptive code over the link: bits and symbols of one image, through noise and fades."""

from collections.abc import Iterator

import numpy as np
import pytest

from gensc.link.channels import spread_of
from gensc.link.run import LinkRunner
from gensc_models.metrics.fidelity import psnr
from gensc_phy.adaptation.side_link import side_symbols
from small_hyperprior import photo, small_codec

IMAGE = photo(64, 96)
RATE, BLOCKS = 96, 4 * 6


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LinkRunner]:
    folder = tmp_path_factory.mktemp("weights")
    small_codec().save_pretrained(folder / "tiny-bank")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENSC_WEIGHTS", str(folder))
        yield LinkRunner("tiny-bank", RATE)


def test_without_noise_the_picture_is_what_the_codec_decodes(runner: LinkRunner) -> None:
    out = runner.send(IMAGE, "cat", snr_db=0, channel="none", design_snr_db=12.0)
    told = {"side_cost": side_symbols, "spread_db": spread_of("none")}
    sent = runner.codec.encode_image(IMAGE, RATE, 12.0, **told)
    clean = np.full(len(sent.symbols), 10**-4.5, np.float32)
    expected = runner.codec.decode_image(sent.received(sent.symbols, clean))
    assert psnr(expected, out.image) > 40.0


def test_all_symbols_are_counted(runner: LinkRunner) -> None:
    out = runner.send(IMAGE, "cat", snr_db=12, seed=3)
    assert out.symbols.analog + out.symbols.digital == RATE * BLOCKS
    assert out.symbols.digital > 0
    assert psnr(IMAGE, out.image) > 20.0


def test_over_a_channel_that_is_known_bits_travel_densely(runner: LinkRunner) -> None:
    """Noise alone is the same for all images; fading is taken for as wide as it may be."""
    from gensc_models.codecs.adaptive.section import Fields

    def scheme(channel: str) -> float:
        made = runner.scheme.encoder(runner._gensc, RATE, 12.0, spread_of(channel))
        sent = made.chain[-1].codec.encode_image(
            IMAGE, RATE, 12.0, side_cost=side_symbols, spread_db=made.chain[-1].spread_db
        )
        return Fields.unpack(sent.side).mcs.efficiency

    assert scheme("awgn") > 1.5 * scheme("fading")
