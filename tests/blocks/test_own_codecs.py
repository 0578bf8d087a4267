"""Codecs of other people in the blocks: whatever they send arrives, whatever they do wrong is one
image lost."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import own_codecs
from gnuradio import gensc, gr
from gnuradio.gensc.metadata import kept_blocks, make_pdu, read_image, read_pdu
from pdu_blocks import Collect, Feed, image_pdu, run, through

FILE = Path(own_codecs.__file__)
IMAGE = np.full((40, 50, 3), (200, 100, 50), np.uint8)


def named(name):
    return f"{FILE}:{name}"


def received(pdu, noise_var=1e-3):
    metadata, symbols = read_pdu(pdu, np.complex64)
    told = {"noise_var": np.full(symbols.size, noise_var, np.float32), "sections": None,
            "snr_db": 20.0, "cfo_hz": 0.0, "keep": None, "streams": None}  # fmt: skip
    return make_pdu(replace(metadata, **told), symbols)


def sections(name, images=1):
    flowgraph, sink = gr.top_block(), Collect("section")
    feed = Feed("image", [image_pdu(IMAGE, image_id=i) for i in range(images)])
    encoder = gensc.gened_encoder(named(name), 64, 10.0)
    flowgraph.msg_connect(feed, "image", encoder, "image")
    for port in ("side", "foreground", "background"):
        flowgraph.msg_connect(encoder, port, sink, "section")
    run(flowgraph)
    return encoder, sink.messages


def decoded(decoder, messages):
    return [read_image(m) for m in through(decoder, messages, "section", "image")]


def test_a_file_is_a_model_of_the_blocks_of_one_stream():
    encoder = gensc.jscc_encoder(named("Grey"), 4)
    (section,) = through(encoder, [image_pdu(IMAGE)], "image", "section")
    metadata, symbols = read_pdu(section, np.complex64)
    assert (metadata.total, symbols.size) == (10, 10)
    assert metadata.weights == encoder.codec.fingerprint > 0
    ((about, image),) = decoded(gensc.jscc_decoder(named("Grey")), [received(section)])
    assert image.shape == IMAGE.shape
    assert abs(int(image[0, 0, 0]) - IMAGE.mean()) < 1
    assert about.rate == 4


def test_streams_header_section_and_mask_of_a_codec_of_ones_own():
    encoder, sent = sections("Colours")
    about = [read_pdu(m, np.complex64)[0] for m in sent]
    assert [(m.section, m.stream) for m in about] == [
        ("bits", 0), ("analog", 0), ("analog", 1), ("analog", 2)
    ]  # fmt: skip
    assert {(m.sections, m.streams) for m in about} == {(4, 3)}
    ((metadata, image),) = decoded(gensc.gened_decoder(named("Colours")), [*map(received, sent)])
    assert np.array_equal(image, IMAGE)
    assert kept_blocks(metadata).all()
    assert (metadata.complete, metadata.total) == (True, 24)
    assert encoder.dropped == 0


def test_a_stream_that_is_lost_is_erased_and_the_image_comes():
    _, sent = sections("Colours")
    decoder = gensc.gened_decoder(named("Colours"))
    ((metadata, image),) = decoded(decoder, [received(m) for m in (*sent[:2], sent[3])])
    assert image[0, 0].tolist() == [200, 0, 50]
    assert metadata.complete is False


def test_a_codec_may_send_bytes_alone():
    _, sent = sections("Digital")
    assert [read_pdu(m, np.complex64)[0].section for m in sent] == ["bits"]
    ((metadata, image),) = decoded(gensc.gened_decoder(named("Digital")), [*map(received, sent)])
    assert np.array_equal(image, IMAGE)
    assert metadata.complete is True


def test_what_a_codec_raises_is_an_image_that_is_counted_and_the_next_one_comes():
    encoder = gensc.jscc_encoder(named("Mute"), 4)
    assert through(encoder, [image_pdu(IMAGE)] * 2, "image", "section") == []
    assert encoder.dropped == 2
    assert "encode_image: RuntimeError: no idea (own_codecs.py, line" in str(encoder.last_error)
    encoder = gensc.jscc_encoder(named("Deaf"), 4)
    sent = through(encoder, [image_pdu(IMAGE)] * 2, "image", "section")
    decoder = gensc.jscc_decoder(named("Deaf"))
    assert decoded(decoder, [*map(received, sent)]) == []
    assert decoder.dropped == 2


def test_several_images_that_cannot_be_decoded_are_all_counted(monkeypatch):
    _, sent = sections("Colours", images=3)
    decoder = gensc.gened_decoder(named("Colours"))
    monkeypatch.setattr(type(decoder._only._codec), "decode_image", lambda self, received: None)
    assert decoded(decoder, [*map(received, sent)]) == []
    assert (decoder.lost, decoder.dropped) == (3, 3)


@pytest.mark.parametrize("name", ["Colours", "Digital"])
def test_without_its_header_section_it_is_lost_and_counted(name):
    _, sent = sections(name)
    decoder = gensc.gened_decoder(named(name))
    about, symbols = read_pdu(sent[0], np.complex64)
    wrong = make_pdu(about, -symbols)
    assert decoded(decoder, [*map(received, (wrong, *sent[1:]))]) == []
    assert (decoder.damaged, decoder.lost) == (1, 1)


def test_misspelt_names_and_broken_files_are_one_line(tmp_path):
    with pytest.raises(gensc.GenscError, match=r"no 'Gray' in it \(there is .*own_codecs.py:Grey"):
        gensc.jscc_encoder(named("Gray"), 4)
    (tmp_path / "broken.py").write_text("import nothing_like_this\n")
    with pytest.raises(gensc.GenscError, match=r"ModuleNotFoundError: .* \(broken\.py, line 1\)"):
        gensc.jscc_decoder(f"{tmp_path}/broken.py:X")
