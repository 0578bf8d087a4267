"""The controller over the link: whichever member sends, the receiver shows its picture."""

import json

import numpy as np
import pytest

from gensc.link.channels import spread_of
from gensc.link.run import LinkRunner
from gensc_models.codecs.auto.codec import MEMBERS
from gensc_models.codecs.auto.table import TABLE, FamilyTable
from gensc_models.metrics.fidelity import psnr
from gensc_phy.adaptation.side_link import side_symbols
from small_hyperprior import photo, small_codec

IMAGE = photo(64, 96)
RATE, BLOCKS = 96, 4 * 6


def table_that_prefers(member: str) -> FamilyTable:
    psnr_db = np.array([40.0 if name == member else 20.0 for name in MEMBERS])
    figures = psnr_db.reshape(3, 1, 1, 1)
    return FamilyTable(MEMBERS, (32,), (10.0,), (0.0,), figures, figures / 60.0, {"photos": []})


@pytest.mark.parametrize("member", MEMBERS)
def test_the_picture_is_what_the_member_decodes(member, tmp_path, monkeypatch) -> None:
    small_codec().save_pretrained(tmp_path / "hyperprior")
    table = table_that_prefers(member).as_json()
    (tmp_path / "hyperprior" / TABLE).write_text(json.dumps(table))
    monkeypatch.setenv("GENSC_WEIGHTS", str(tmp_path))
    runner = LinkRunner("auto", RATE)
    told = {"side_cost": side_symbols, "spread_db": spread_of("none")}
    sent = runner.codec.encode_image(IMAGE, RATE, 12.0, **told)
    assert runner.codec.chosen(sent.side) == member
    clean = np.full(len(sent.symbols), 10**-4.5, np.float32)
    expected = runner.codec.decode_image(sent.received(sent.symbols, clean))
    out = runner.send(IMAGE, "cat", snr_db=0, channel="none", design_snr_db=12.0)
    assert psnr(expected, out.image) > 38.0
    assert out.symbols.analog + out.symbols.digital == RATE * BLOCKS
    noisy = runner.send(IMAGE, "cat", snr_db=14, seed=3)
    assert psnr(IMAGE, noisy.image) > 18.0
