"""The installed codecs behind the service: the same images as without it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.data import astronaut, chelsea

from gensc.serve import (
    AsyncClient,
    ImageFormat,
    ProcessRunner,
    Request,
    Section,
    Server,
    Service,
    ServiceError,
    Status,
    precision,
)
from gensc.serve.decoder import CodecDecoder
from gensc_models import WeightsError, load_codec
from gensc_phy.waveform.assemble import Assembler
from gensc_phy.waveform.burst import BurstModulator
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.fragment import split
from gensc_phy.waveform.header import Header
from gensc_phy.waveform.header import Section as Kind
from gensc_phy.waveform.receiver import BurstReceiver

codec_named = cache(load_codec)
decoder = cache(CodecDecoder)
Photo = NDArray[np.uint8]


def reception(photo: Photo, name: str = "softcast", rate: int = 32, seed: int = 1) -> Section:
    """A photo's section over AWGN at 10 dB."""
    codec = codec_named(name)
    sent = codec.encode_image(photo, rate, 10.0)
    noise = np.random.default_rng(seed).standard_normal((2, len(sent.symbols))) * np.sqrt(0.05)
    return Section(
        codec.fingerprint,
        rate,
        sent.height,
        sent.width,
        sent.aux,
        sent.symbols + noise[0] + 1j * noise[1],
        np.full(len(sent.symbols), 0.1),
    )


def alone(section: Section, name: str = "softcast") -> Photo:
    s = section
    return codec_named(name).decode_image(s.received)


def requests(*sections: Section, form: ImageFormat = ImageFormat.RAW) -> list[Request]:
    return [Request("ann", i, section, form) for i, section in enumerate(sections)]


def pixels(result: bytes | ValueError, section: Section) -> NDArray[np.int16]:
    assert isinstance(result, bytes)
    return np.frombuffer(result, np.uint8).reshape(section.height, section.width, 3).astype(int)


PHOTOS = [astronaut()[i : i + 40, 200:260] for i in range(0, 120, 40)]


@pytest.mark.parametrize("name", ["softcast", "deepjscc-photo"])
def test_a_batch_is_decoded_as_each_image_alone(name: str) -> None:
    sections = [reception(photo, name) for photo in PHOTOS]
    for result, section in zip(decoder().decode(requests(*sections)), sections, strict=True):
        assert np.abs(pixels(result, section) - alone(section, name)).max() <= 1


@pytest.mark.parametrize("name", ["softcast", "deepjscc-photo"])
def test_a_large_image_is_the_same_to_one_level_in_half_precision(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "native", lambda: True)
    halved = CodecDecoder([name])
    assert list(halved.halved) == list(halved.models)
    sections = [reception(astronaut()[:128, at : at + 128], name) for at in (0, 200)]
    for result, section in zip(halved.decode(requests(*sections)), sections, strict=True):
        assert np.abs(pixels(result, section) - alone(section, name)).max() <= 1


def test_who_asks_for_single_precision_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "native", lambda: True)
    whole = CodecDecoder(["deepjscc-photo"], precision="float32")
    assert not whole.halved
    section = reception(astronaut()[:128, :128], "deepjscc-photo")
    (result,) = whole.decode(requests(section))
    assert np.array_equal(pixels(result, section), alone(section, "deepjscc-photo"))


def test_a_section_with_too_few_symbols_fails_alone_and_says_why() -> None:
    good, other = reception(PHOTOS[0]), reception(PHOTOS[1])
    short = replace(good, symbols=good.symbols[:-1], noise_var=good.noise_var[:-1])
    first, bad, second = decoder().decode(requests(good, short, other))
    assert str(bad) == f"expected {good.symbols.size} symbols, got {short.symbols.size}"
    assert np.abs(pixels(first, good) - alone(good)).max() <= 1
    assert np.abs(pixels(second, other) - alone(other)).max() <= 1


def test_missing_weights_are_named() -> None:
    with pytest.raises(WeightsError, match="nothing"):
        CodecDecoder(["nothing"])


def test_weights_that_are_named_twice_are_one_codec() -> None:
    assert list(CodecDecoder(["softcast", "softcast"]).models.values()) == ["softcast"]


def test_what_the_waveform_received_is_what_the_service_takes() -> None:
    config = WaveformConfig()
    photo = chelsea()[100:148, 150:214]
    codec = codec_named("softcast")
    sent = codec.encode_image(photo, 32, 20.0)
    whole = Header(
        1, 5, codec.fingerprint, Kind.ANALOG, 0, 0, 1, sent.rate, sent.height, sent.width,
        len(sent.symbols), sent.aux,
    )  # fmt: skip
    fragments = split(whole, sent.symbols, config)
    modulator, receiver, assembler = BurstModulator(config), BurstReceiver(config), Assembler()
    gap = np.zeros(500, np.complex64)
    air = [np.concatenate([gap, modulator.modulate(h, symbols), gap]) for h, symbols in fragments]
    bursts = [*receiver.push(np.concatenate(air)), *receiver.flush()]
    received = [s for burst in bursts for s in assembler.add(burst)] + assembler.flush()
    section = Section.from_symbols(received[0])
    assert section.group == (codec.fingerprint, 32, 48, 64)
    (result,) = decoder().decode(requests(section))
    error = pixels(result, section) - photo
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 25


def test_over_tcp_from_a_worker_process_raw_and_as_png() -> None:
    async def story() -> None:
        section = reception(PHOTOS[0])
        server = Server(
            Service([ProcessRunner(options={"models": ["softcast"]})]), "tcp://127.0.0.1:*"
        )
        await server.start()
        assert server.service.models == {codec_named("softcast").fingerprint: "softcast"}
        async with AsyncClient(server.address, "ann") as client:
            raw = await client.decode(section)
            assert np.abs(raw.image.astype(int) - alone(section)).max() <= 1
            png = await client.decode(section, ImageFormat.PNG)
            assert png.payload.startswith(b"\x89PNG")
            assert (png.image == raw.image).all()
            unknown = replace(section, weights=200)
            with pytest.raises(ServiceError, match="weights 00c8") as error:
                await client.decode(unknown)
            assert error.value.status is Status.REFUSED
        await server.stop()

    asyncio.run(asyncio.wait_for(story(), 60))
