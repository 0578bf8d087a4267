"""Sending images: the transmitting flowgraph behind `gensc send`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gensc.caption.choose import choose_captioner
from gensc.data.images import load_image
from gensc.data.named import Found, find, open_all
from gensc.link.driver_output import caught
from gensc.link.radio import Place, RadioSettings, open_sink
from gensc.link.schemes import load_scheme
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc.transmitter.gone import Gone

if TYPE_CHECKING:
    from gnuradio.gensc.metadata import ImageKey


@dataclass(frozen=True)
class SendSettings:
    """What is sent, and how.

    Attributes:
        images: files, folders or ``skimage:NAME``; one that cannot be opened is left out.
        model, rate: codec and channel symbols per 16×16 block.
        snr_db: what the encoder is told to expect.
        caption: text section sent after each image, see `gensc.caption.choose`; "" sends none.
        max_side: larger images are scaled down; 0 leaves them.
        repeat: how often the images are sent, under the same numbers; 0 is for ever.
        first_id: image_id of the first image.
        session: tag of all images, 0 … 65535; None draws one.
        amplitude: of the samples; 1 is unit mean power. Bursts peak at about four times that,
            and hardware has a full scale of 1.
    """

    images: Sequence[str]
    model: str = ""
    rate: int = codecs.DEFAULT_RATE
    snr_db: float = 10.0
    caption: str = ""
    max_side: int = 0
    repeat: int = 1
    first_id: int = 0
    session: int | None = None
    amplitude: float = 1.0


@dataclass(frozen=True)
class SendReport:
    """What went out.

    Attributes:
        images, bursts: that left as a whole, as far as where they went to tells (a ZeroMQ address
            and a SigMF recording do).
        samples, seconds: of the bursts and the gaps between them.
        lost: images that were asked for and did not leave.
        underflows: times that a radio had to wait for samples.
    """

    images: int
    bursts: int
    samples: int
    seconds: float
    underflows: int = 0
    lost: int = 0


def send_images(
    settings: SendSettings,
    place: Place,
    radio: RadioSettings,
    *,
    bind: bool = True,
    on_image: Callable[[str], None] = lambda name: None,
    say: Callable[[str], None] = lambda line: None,
) -> SendReport:
    """Send the images and wait until they are out; Ctrl-C stops after what is under way.

    Captions are made before the first image is sent.

    Args:
        settings, place, radio: what, where to, and how.
        bind: ZeroMQ: which end this is.
        on_image: told the name of each image as it is sent.
        say: told a line where a captioner fails or an image cannot be opened.

    Raises:
        UserError: no image that can be opened and is not too large, unknown model, no such device,
            no caption beside an image. Nothing has been sent then.
    """
    from gensc_phy.waveform.config import WaveformConfig, header_symbols_for
    from gensc_phy.waveform.session import draw_session

    gensc = codecs.gnuradio_blocks()
    scheme = load_scheme(settings.model)
    codecs.check_rate_of(scheme.codec, settings.rate)
    captioner = choose_captioner(settings.caption, say)
    texts: dict[str, str] = {}

    def checked(one: Found) -> Found:
        image = load_image(one.path, settings.max_side)
        codecs.check_fits(one.path, image.shape, settings.rate)
        return one

    photos = open_all(find(settings.images), checked, say)
    if captioner is not None:
        for path in dict.fromkeys(one.path for one in photos):
            texts[path] = captioner.caption(load_image(path, settings.max_side), path)

    from gensc.link.blocks import PduCollector, PduSource
    from gensc.transmitter.chain import SendChain
    from gnuradio.gensc.metadata import Metadata, make_pdu

    config = WaveformConfig(
        sample_rate=radio.sample_rate, header_symbols=header_symbols_for(settings.snr_db)
    )
    asked = 0
    session = draw_session() if settings.session is None else settings.session
    captions: dict[ImageKey, str] = {}

    def pdus() -> Any:
        """Images are opened one by one, as the flowgraph asks for them."""
        nonlocal asked
        round_ = 0
        while settings.repeat == 0 or round_ < settings.repeat:
            for number, one in enumerate(photos):
                if getattr(air, "error", ""):
                    return  # nothing leaves any more
                asked += 1
                try:
                    image = load_image(one.path, settings.max_side)
                except UserError as error:  # it was there before; the others follow
                    say(f"{error}: not sent")
                    continue
                # The same number in every round: a receiver then puts the copies together.
                image_id = (settings.first_id + number) & 0xFFFF
                height, width, _ = image.shape
                meta = Metadata(session, image_id, shape=(height, width, 3), name=one.name)
                captions[meta.key] = texts.get(one.path, "")
                yield make_pdu(meta, image)
                on_image(one.name)
            round_ += 1

    source = PduSource(pdus())
    air = open_sink(place, radio, bind)
    if place.kind == "file":
        air.keep_going = False  # a full disk ends the sending
    gone = Gone(config)
    fragments = PduCollector(np.complex64, on_pdu=gone.add)
    chain = SendChain(
        config,
        air,
        (fragments, "in"),
        (fragments, "out"),
        is_hardware=place.is_hardware,
        amplitude=settings.amplitude,
        caption=None if captioner is None else lambda before: captions[before.key],
    )
    chain.add(source, scheme.encoder(gensc, settings.rate, settings.snr_db))
    if place.is_hardware:
        say(air.tuned.line())
    with caught() as printed:
        chain.top.run()
    why = getattr(air, "error", "")
    if why:
        say(f"{place}: {why}")
    images, bursts, samples = gone.within(getattr(air, "samples", None))
    seconds = samples / config.sample_rate
    return SendReport(images, bursts, samples, seconds, printed.underflows, asked - images)
