"""The command that measures the table of `auto`: from photos to what the controller reads."""

import importlib.util
import sys
from pathlib import Path

from PIL import Image
from skimage.data import astronaut, chelsea

from gensc_models.codecs.auto.codec import MEMBERS
from gensc_models.codecs.auto.table import TABLE, read_table
from small_hyperprior import small_codec

SCRIPT = Path(__file__).parents[2] / "scripts" / "family_table.py"


def test_photos_become_the_table_beside_the_bank(tmp_path, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("family_table", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    small_codec().save_pretrained(tmp_path / "bank")
    photos = []
    for n, image in enumerate((astronaut(), chelsea(), astronaut()[::-1])):
        photos.append(str(tmp_path / f"{n}.png"))
        Image.fromarray(image).save(photos[-1])
    asked = ["--limit", "2", "--side", "64", "--rates", "64", "--snrs=-2,12", "--spreads", "0"]
    weights = ["--bank", str(tmp_path / "bank"), "--analog", "softcast"]
    monkeypatch.setattr(sys, "argv", ["family_table.py", *photos, *asked, *weights])
    script.main()
    table = read_table(tmp_path / "bank" / TABLE)
    assert table.members == MEMBERS
    assert (table.rates, table.snrs_db, table.spreads_db) == ((64,), (-2.0, 12.0), (0.0,))
    assert table.about["photos"] == ["0.png", "2.png"]
    assert table.about["sizes"] == ["64x64"]
    assert "rate 64, 12 dB, spread 0 dB: analog " in capsys.readouterr().out
