"""semantic_router, gened_encoder and gened_decoder: an image to two streams and back."""

from dataclasses import replace

import numpy as np
import pmt
import pytest

from gensc_models.codecs.gened.codec import load_gened
from gensc_phy.adaptation.side_link import side_symbols
from gnuradio import gensc, gr
from gnuradio.gensc.metadata import kept_blocks, make_pdu, read_image, read_pdu
from pdu_blocks import Collect, Feed, image_pdu, junk, run, smooth_image, through

IMAGE = smooth_image(96, 128)
RATE = 100
PORTS = ("side", "foreground", "background")


def routed(model, image=IMAGE, rate=RATE, snr_db=10.0, **keys):
    router = gensc.semantic_router(model, rate, snr_db)
    (out,) = through(router, [image_pdu(image, **keys)], "image", "image")
    return out


def sections(model, messages, rate=RATE, snr_db=10.0):
    """What the encoder sends, in the order it is sent."""
    flowgraph = gr.top_block()
    feed, encoder = Feed("image", messages), gensc.gened_encoder(model, rate, snr_db)
    sink = Collect("section")
    flowgraph.msg_connect(feed, "image", encoder, "image")
    for port in PORTS:
        flowgraph.msg_connect(encoder, port, sink, "section")
    run(flowgraph)
    return sink.messages


def received(pdu, noise_var=1e-3, **changes):
    """A section as an assembler gives it out."""
    metadata, symbols = read_pdu(pdu, np.complex64)
    variances = np.full(symbols.size, noise_var, np.float32)
    told = {"snr_db": 30.0, "cfo_hz": 5.0, "fragments": 2, "fragments_received": 2, "keep": None}
    return make_pdu(replace(metadata, noise_var=variances, **{**told, **changes}), symbols)


def decoded(decoder, messages):
    return [read_image(m) for m in through(decoder, messages, "section", "image")]


def test_the_router_says_what_is_foreground_and_shows_it(gened_model):
    router, sinks = gensc.semantic_router(gened_model, RATE, 7.2), {}
    flowgraph, feed = gr.top_block(), Feed("image", [image_pdu(IMAGE, name="x.png")])
    flowgraph.msg_connect(feed, "image", router, "image")
    for port in ("image", "mask", "score"):
        sinks[port] = Collect(port)
        flowgraph.msg_connect(router, port, sinks[port], port)
    run(flowgraph)
    metadata, image = read_image(sinks["image"].messages[0])
    found = load_gened(gened_model).route(IMAGE, RATE, 7.2, side_symbols)
    assert np.array_equal(image, IMAGE)
    assert np.array_equal(kept_blocks(metadata), found.mask)
    np.testing.assert_allclose(metadata.importance.reshape(6, 8), found.score)
    assert (metadata.rate, metadata.snr_db, metadata.name) == (RATE, 7.2, "x.png")
    _, mask = read_image(sinks["mask"].messages[0])
    inside = found.mask.repeat(16, axis=0).repeat(16, axis=1)
    assert np.array_equal(mask[inside], IMAGE[inside])
    assert mask[~inside].max() <= 0.3 * 255
    assert read_image(sinks["score"].messages[0])[1].shape == IMAGE.shape


def test_foreground_and_background_are_sections_of_their_own_and_all_is_counted(
    gened_model,
):
    side, foreground, background = (
        read_pdu(m, np.complex64) for m in sections(gened_model, [routed(gened_model)])
    )
    assert [m.section for m, _ in (side, foreground, background)] == ["bits", "analog", "analog"]
    assert [m.stream for m, _ in (side, foreground, background)] == [0, 0, 1]
    assert {m.weights for m, _ in (side, foreground, background)} == {
        load_gened(gened_model).fingerprint
    }
    assert side[1].size == side_symbols(side[0].total, 10.0)
    assert sum(x.size for _, x in (side, foreground, background)) == RATE * 6 * 8
    assert all(m.total == x.size for m, x in (foreground, background))
    both = np.concatenate([foreground[1], background[1]])
    assert np.mean(np.abs(both) ** 2) == pytest.approx(1, abs=1e-3)


def test_an_image_without_a_route_is_routed_by_the_encoder(gened_model):
    plain = sections(gened_model, [image_pdu(IMAGE)], rate=RATE, snr_db=10.0)
    along = sections(gened_model, [routed(gened_model)], rate=16, snr_db=0.0)
    for a, b in zip(plain, along, strict=True):
        assert np.array_equal(read_pdu(a, np.complex64)[1], read_pdu(b, np.complex64)[1])


def test_at_low_snr_the_header_section_goes_before_and_after_the_streams(
    gened_model,
):
    sent = [read_pdu(m, np.complex64) for m in sections(gened_model, [image_pdu(IMAGE)], RATE, 0.0)]
    assert [m.section for m, _ in sent] == ["bits", "analog", "analog", "bits"]
    assert sum(x.size for _, x in sent) == RATE * 6 * 8


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 0, 3, 2)])
def test_the_image_comes_back_once_in_whatever_order_its_sections_arrive(gened_model, order):
    sent = [received(m) for m in sections(gened_model, [image_pdu(IMAGE)], RATE, 0.0)]
    decoder = gensc.gened_decoder()
    ((metadata, image),) = decoded(decoder, [sent[i] for i in order])
    codec = load_gened(gened_model)
    encoded = codec.encode_image(IMAGE, RATE, 0.0, side_cost=side_symbols)
    noise = np.full(encoded.symbols.size, 1e-3, np.float32)
    expected = codec.decode_image(encoded.received(encoded.symbols, noise))
    assert np.array_equal(image, expected)
    assert np.array_equal(kept_blocks(metadata), encoded.importance.mask)
    assert (metadata.weights, metadata.rate, metadata.complete) == (codec.fingerprint, RATE, True)
    assert (metadata.fragments, metadata.fragments_received) == (4, 4)
    assert metadata.snr_db == pytest.approx(30)
    assert metadata.total == encoded.symbols.size
    assert (decoder.dropped, decoder.lost, decoder.damaged) == (0, 0, 0)


def test_the_received_streams_leave_apart_for_displays(gened_model):
    sent = [received(m) for m in sections(gened_model, [image_pdu(IMAGE)], RATE, 10.0)]
    for stream, port in zip(sent[1:], PORTS[1:], strict=True):
        (shown,) = through(gensc.gened_decoder(), sent, "section", port)
        assert pmt.equal(shown, stream)


def test_the_encoder_tells_symbols_and_power_of_both_streams(gened_model):
    encoder = gensc.gened_encoder(gened_model, RATE, 10.0)
    (told,) = through(encoder, [image_pdu(IMAGE, 5)], "image", "sent")
    told = pmt.to_python(told)
    sent = load_gened(gened_model).encode_image(IMAGE, RATE, 10.0, side_cost=side_symbols)
    for name in ("foreground", "background"):
        symbols = getattr(sent, name)
        assert told.pop(f"{name}_symbols") == symbols.size
        power = 10 * np.log10(np.mean(np.abs(symbols) ** 2))
        assert told.pop(f"{name}_db") == pytest.approx(power, abs=1e-3)
    assert told.pop("foreground_blocks") == pytest.approx(sent.importance.mask.mean())
    assert told == {
        "image_id": 5,
        "snr_db": 10.0,
        "side_symbols": sent.side_symbols,
        "mask_bits": sent.mask_bits,
    }


def test_a_stream_without_symbols_has_no_power(gened_model):
    (told,) = through(gensc.gened_encoder(gened_model, 40), [image_pdu(IMAGE)], "image", "sent")
    told = pmt.to_python(told)
    assert told["background_symbols"] == 0
    assert "background_db" not in told


def test_a_stream_without_symbols_is_not_sent_and_not_waited_for(gened_model):
    sent = sections(gened_model, [image_pdu(IMAGE)], 40, 10.0)
    assert [read_pdu(m, np.complex64)[0].section for m in sent] == ["bits", "analog"]
    ((metadata, _),) = decoded(gensc.gened_decoder(max_pending=9), [received(m) for m in sent])
    assert metadata.complete is True


@pytest.mark.parametrize("missing", [1, 2])
def test_an_image_without_one_of_its_streams_comes_out_at_the_end(gened_model, missing):
    sent = [received(m) for m in sections(gened_model, [image_pdu(IMAGE)], RATE, 10.0)]
    del sent[missing]
    decoder = gensc.gened_decoder(gened_model)
    ((metadata, image),) = decoded(decoder, sent)
    assert image.shape == IMAGE.shape
    assert metadata.complete is False
    assert decoder.lost == 0


def test_a_newer_image_does_not_wait_for_one_whose_stream_is_lost(gened_model):
    sent = [
        [received(m) for m in sections(gened_model, [image_pdu(IMAGE, image_id=i)], RATE, 10.0)]
        for i in range(3)
    ]
    del sent[0][1]
    images = decoded(gensc.gened_decoder(max_pending=1), [m for image in sent for m in image])
    assert sorted(m.image_id for m, _ in images) == [0, 1, 2]


def test_without_its_header_section_an_image_is_counted_as_lost(gened_model):
    sent = sections(gened_model, [image_pdu(IMAGE)], RATE, 10.0)
    decoder = gensc.gened_decoder()
    assert decoded(decoder, [received(m) for m in sent[1:]]) == []
    assert decoder.lost == 1
    decoder = gensc.gened_decoder()
    metadata, symbols = read_pdu(sent[0], np.complex64)
    noise = np.random.default_rng(0).standard_normal((2, symbols.size))
    drowned = make_pdu(metadata, (noise[0] + 1j * noise[1]).astype(np.complex64))
    messages = [received(drowned, 2.0), *(received(m) for m in sent[1:])]
    assert decoded(decoder, messages) == []
    assert (decoder.damaged, decoder.lost) == (1, 1)


def test_two_copies_of_the_header_section_are_enough_where_neither_is_alone(gened_model):
    sent = sections(gened_model, [image_pdu(IMAGE)], RATE, 0.0)
    noise = np.random.default_rng(3)

    def drowned(pdu):
        metadata, symbols = read_pdu(pdu, np.complex64)
        parts = noise.standard_normal((2, symbols.size)) * np.sqrt(0.5 * 10**0.6)
        heard = (symbols + parts[0] + 1j * parts[1]).astype(np.complex64)
        return received(make_pdu(metadata, heard), 10**0.6)

    copies = [drowned(sent[0]), drowned(sent[3])]
    streams = [received(m) for m in sent[1:3]]
    decoder = gensc.gened_decoder()
    assert decoded(decoder, [copies[0], *streams]) == []
    assert (decoder.damaged, decoder.lost) == (1, 1)
    decoder = gensc.gened_decoder()
    assert len(decoded(decoder, [copies[0], *streams, copies[1]])) == 1
    assert (decoder.damaged, decoder.lost) == (1, 0)
    decoder = gensc.gened_decoder()
    assert len(decoded(decoder, [received(sent[0]), *streams, copies[1]])) == 1
    assert decoder.lost == 0


def test_an_image_number_that_comes_round_again_begins_anew(gened_model):
    other = np.ascontiguousarray(IMAGE[::-1])
    first, second = (
        [received(m) for m in sections(gened_model, [image_pdu(image)], RATE, 10.0)]
        for image in (IMAGE, other)
    )
    images = [i for _, i in decoded(gensc.gened_decoder(), [*first, *second, *second])]
    assert len(images) == 3
    assert np.array_equal(images[1], images[2])
    assert not np.array_equal(images[0], images[1])


def test_sections_of_other_codecs_pass_by_in_both_directions(gened_model):
    two_streams = [received(m) for m in sections(gened_model, [image_pdu(IMAGE)], RATE, 10.0)]
    jscc = gensc.jscc_decoder()
    assert decoded(jscc, two_streams) == []
    assert jscc.dropped == 0
    encoder = gensc.jscc_encoder("softcast", 32, 10.0)
    (one,) = through(encoder, [image_pdu(IMAGE)], "image", "section")
    text = make_pdu(gensc.Metadata(section="text", image_id=1), np.zeros(4, np.complex64))
    decoder = gensc.gened_decoder()
    assert decoded(decoder, [received(one), text]) == []
    assert decoder.dropped == 0


def test_what_cannot_be_decoded_is_dropped_and_the_next_image_comes(gened_model):
    good = [received(m) for m in sections(gened_model, [image_pdu(IMAGE)], RATE, 10.0)]
    metadata, symbols = read_pdu(good[1], np.complex64)
    noise = np.zeros(7, np.float32)
    short = make_pdu(replace(metadata, noise_var=noise, image_id=9), symbols[:7])
    side = replace(read_pdu(good[0], np.complex64)[0], image_id=9)
    bad = [
        make_pdu(side, read_pdu(good[0], np.complex64)[1]),
        short,
        received(good[0], rate=77, image_id=10),
        received(good[0], total=5000, image_id=11),
        *junk(),
    ]
    decoder = gensc.gened_decoder()
    assert len(decoded(decoder, [*bad, *good])) == 1
    assert decoder.dropped == len(bad) - 1
    assert decoder.lost == 1


def test_what_is_no_image_is_counted_and_a_route_that_does_not_fit_too(gened_model):
    wrong = replace(
        gensc.Metadata(image_id=3, shape=IMAGE.shape),
        keep=np.ones(48, bool),
        importance=np.ones(7, np.float32),
    )
    messages = [*junk(), make_pdu(wrong, IMAGE), image_pdu(IMAGE)]
    encoder = gensc.gened_encoder(gened_model, RATE)
    assert len(through(encoder, messages, "image", "foreground")) == 1
    assert encoder.dropped == len(messages) - 1
    router = gensc.semantic_router(gened_model, RATE)
    assert len(through(router, [*junk(), image_pdu(IMAGE)], "image", "image")) == 1
    assert router.dropped == len(junk())


@pytest.mark.parametrize("block", ["semantic_router", "gened_encoder"])
@pytest.mark.parametrize(
    "message", [pmt.from_double(3.0), pmt.cons(pmt.intern("snr_db"), pmt.from_double(3.0))]
)
def test_a_measured_snr_sets_what_images_are_made_for(gened_model, block, message):
    made = getattr(gensc, block)(gened_model, 32, 20.0)
    through(made, [message], "snr")
    assert made.snr_db == 3.0


@pytest.mark.parametrize("block", ["semantic_router", "gened_encoder", "gened_decoder"])
def test_an_unknown_model_and_one_of_another_kind_are_one_line(block):
    with pytest.raises(gensc.GenscError, match="'nobody'"):
        getattr(gensc, block)("nobody")
    with pytest.raises(gensc.GenscError, match=r"kind 'photo-jscc', not 'gened'|sends one stream"):
        getattr(gensc, block)("softcast")


def test_a_codec_of_several_sections_is_not_for_the_blocks_of_one_stream(gened_model):
    with pytest.raises(gensc.GenscError, match="several sections: take gened_encoder"):
        gensc.jscc_encoder(gened_model, 32)
    with pytest.raises(gensc.GenscError, match="several sections: take gened_encoder"):
        gensc.jscc_decoder(gened_model)


def test_what_is_reported_of_the_snr_says_how_far_it_spreads(gened_model) -> None:
    encoder = gensc.gened_encoder(gened_model, RATE)
    told = [pmt.from_double(10.0 + (-1) ** n) for n in range(8)]
    assert encoder.spread_db is None
    for message in told[:-1]:
        encoder._told_snr(message)
    assert encoder.spread_db is None
    encoder._told_snr(told[-1])
    assert encoder.spread_db == pytest.approx(2.0)
    encoder.set_spread_db(0.5)
    assert encoder.spread_db == 0.5
