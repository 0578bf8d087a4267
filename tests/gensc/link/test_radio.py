"""Places on the command line, and SDR hardware behind a fake of its driver."""

import numpy as np
import pytest
from PIL import Image

from gensc.data.images import fit, load_image
from gensc.link.radio import Place, RadioSettings, parse_place
from gensc.receiver.run import ReceiveSettings, receive_images
from gensc.system.errors import UserError
from gensc.transmitter.run import SendSettings, send_images


@pytest.mark.parametrize(
    ("target", "sdr", "kind", "name"),
    [
        ("capture.sigmf-data", "", "file", "capture.sigmf-data"),
        ("tcp://*:5555", "", "zmq", "tcp://*:5555"),
        ("ipc:///tmp/x", "", "zmq", "ipc:///tmp/x"),
        ("", "uhd:type=b200", "uhd", "type=b200"),
        ("", "uhd", "uhd", ""),
        ("", "pluto:ip:192.168.2.1", "pluto", "ip:192.168.2.1"),
        ("", "soapy:driver=hackrf", "soapy", "driver=hackrf"),
    ],
)
def test_places(target, sdr, kind, name):
    assert parse_place(target, sdr, "--to") == Place(kind, name)


@pytest.mark.parametrize(
    ("radio", "kind", "name"),
    [
        ("pluto:", "pluto", ""),
        ("pluto", "pluto", ""),
        ("uhd:addr=192.168.10.2,type=x300", "uhd", "addr=192.168.10.2,type=x300"),
        ("soapy:driver=lime", "soapy", "driver=lime"),
        ("file:day/capture.cfile", "file", "day/capture.cfile"),
        ("zmq:tcp://*:5555", "zmq", "tcp://*:5555"),
        ("zmq:127.0.0.1:5555", "zmq", "tcp://127.0.0.1:5555"),
    ],
)
def test_places_of_a_radio(radio, kind, name):
    assert parse_place("", "", "--to", radio) == Place(kind, name)


@pytest.mark.parametrize("radio", ["file:", "zmq:", "lime:1", "b200"])
def test_a_radio_that_is_none(radio):
    with pytest.raises(UserError, match=f"--radio '{radio}'.*soapy:driver=NAME"):
        parse_place("", "", "--to", radio)


@pytest.mark.parametrize(
    ("target", "sdr", "named"),
    [
        ("", "", "--to"),
        ("a", "uhd", "--to"),
        ("", "lime:1", "lime:1"),
        ("http://x", "", "http://x"),
    ],
)
def test_places_that_are_none(target, sdr, named):
    with pytest.raises(UserError, match=named):
        parse_place(target, sdr, "--to")


@pytest.mark.parametrize(
    ("kind", "name"), [("uhd", "type=b200"), ("pluto", ""), ("soapy", "driver=lime")]
)
def test_photo_crosses_from_one_device_to_another(air, tmp_path, kind, name):
    photo = tmp_path / "a.png"
    Image.fromarray(fit(load_image("skimage:chelsea"), 64, 96)).save(photo)
    settings = SendSettings([str(photo)], model="softcast", amplitude=0.2)
    send_images(settings, Place(kind, name), RadioSettings())
    sent = air.sent()
    assert np.abs(sent).max() < 1.0  # what hardware can take
    air.heard = sent
    report = receive_images(
        ReceiveSettings(tmp_path / "out", count=1), Place(kind, name), RadioSettings()
    )
    assert report.images == 1
