"""image_sink: images and texts become files with a line about each."""

import json

import numpy as np
import pytest
from PIL import Image

from gnuradio import gensc
from gnuradio.gensc.metadata import make_pdu
from pdu_blocks import image_pdu, junk, smooth_image, through


def index(folder):
    return [json.loads(line) for line in (folder / "images.jsonl").read_text().splitlines()]


def test_an_image_is_written_without_loss_and_described(tmp_path):
    image = smooth_image()
    pdu = image_pdu(image, 12, section="analog", session=0xA3F2, weights=0x5C04, rate=32,
                    total=384, snr_db=9.5,
                    cfo_hz=-3.0, fragments=2, fragments_received=1, edit="blended")  # fmt: skip
    sink = gensc.image_sink(str(tmp_path / "new" / "folder"))
    through(sink, [pdu], "image")
    np.testing.assert_array_equal(np.asarray(Image.open(sink.directory / "a3f2-00012.png")), image)
    np.testing.assert_array_equal(sink.last_image, image)
    assert index(sink.directory) == [
        {"file": "a3f2-00012.png", "section": "analog", "image_id": 12, "shape": [48, 64, 3],
         "session": "a3f2", "weights": "5c04", "refiner": None, "edit": "blended", "rate": 32,
         "symbols": 384, "snr_db": 9.5,
         "cfo_hz": -3.0, "fragments": 2, "fragments_received": 1, "crc_ok": None}
    ]  # fmt: skip


def test_nothing_is_overwritten(tmp_path):
    sink = gensc.image_sink(str(tmp_path))
    through(sink, [image_pdu(smooth_image(seed=i), 1) for i in range(3)], "image")
    assert [line["file"] for line in index(tmp_path)] == ["00001.png", "00001-2.png", "00001-3.png"]
    assert sink.images == 3


def test_a_text_is_written_and_described(tmp_path):
    metadata = gensc.Metadata(image_id=2, section="text", rate=3, total=5, crc_ok=True)
    sink = gensc.image_sink(str(tmp_path))
    through(sink, [make_pdu(metadata, np.frombuffer("Löwe".encode(), np.uint8))], "text")
    assert (tmp_path / "00002.txt").read_text(encoding="utf-8") == "Löwe" == sink.last_text
    assert index(tmp_path)[0]["crc_ok"] is True


def test_without_a_folder_the_last_image_is_kept():
    sink = gensc.image_sink("")
    through(sink, [image_pdu(smooth_image(seed=i)) for i in range(2)], "image")
    np.testing.assert_array_equal(sink.last_image, smooth_image(seed=1))
    assert sink.wait(images=2, timeout_s=0)
    assert not sink.wait(images=3, timeout_s=0.01)


def test_an_snr_that_is_no_number_is_null_in_json(tmp_path):
    through(gensc.image_sink(str(tmp_path)),
            [image_pdu(smooth_image(), snr_db=float("inf"))], "image")  # fmt: skip
    assert index(tmp_path)[0]["snr_db"] is None


def test_junk_is_counted(tmp_path):
    sink = gensc.image_sink(str(tmp_path))
    through(sink, [*junk(), image_pdu(smooth_image())], "image")
    assert (sink.dropped, sink.images) == (len(junk()), 1)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(gensc.GenscError, match="file"):
        gensc.image_sink(str(tmp_path / "file"))
