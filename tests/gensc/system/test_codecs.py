"""Weights by name: listed with their SHA-256, and refused in one line when they are not right."""

import hashlib
import shutil

import pytest

from gensc.system import codecs
from gensc.system.errors import UserError
from small_refiner import store


def copy_of(name, folder):
    from gensc_models import available

    (path,) = (info.path for info in available() if info.name == name)
    return shutil.copytree(path, folder / "copy")


def test_shipped_weights_are_listed_with_the_sha256_of_their_file():
    listed = {w.name: w for w in codecs.list_weights()}
    assert {codecs.DEFAULT, codecs.LINEAR} <= listed.keys()
    from gensc_models import available

    for info in available():
        data = (info.path / "model.safetensors").read_bytes()
        assert listed[info.name].sha256 == hashlib.sha256(data).hexdigest()
        assert listed[info.name].size == len(data)


def test_fingerprints_are_distinct():
    # Refiners have none: no burst names them.
    ids = [w.fingerprint for w in codecs.list_weights() if w.fingerprint]
    assert len(ids) == len(set(ids)) > 1


def test_loading_says_which_weights_they_are():
    codec, weights = codecs.load("softcast")
    assert codec.name == weights.id == "softcast"
    assert weights.sha256 == codecs.list_weights("softcast")[0].sha256


@pytest.mark.parametrize("use", [codecs.load, codecs.list_weights])
def test_unknown_weights_are_named_beside_the_known_ones(use):
    with pytest.raises(UserError, match=r"'nowhere'.*softcast"):
        use("nowhere")


def test_weights_of_another_kind_say_which():
    with pytest.raises(UserError, match="'importance' are of kind 'importance', not a codec"):
        codecs.load("importance")
    with pytest.raises(UserError, match="gened-photo is a codec of several sections"):
        codecs.load("gened-photo")
    assert codecs.load("gened-photo", several=True)[1].id == "gened-photo"


@pytest.mark.parametrize("damage", ["cut short", "altered", "missing", "config"])
def test_damaged_weights_are_refused_in_one_line(tmp_path, damage):
    folder = copy_of("softcast", tmp_path)
    file = folder / "model.safetensors"
    data = bytearray(file.read_bytes())
    if damage == "cut short":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "altered":
        data[-1] ^= 1
        file.write_bytes(data)
    elif damage == "missing":
        file.unlink()
    else:
        (folder / "config.json").write_text("{")
    with pytest.raises(UserError, match="copy") as caught:
        codecs.load(str(folder))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rate", [0, 129, 32.5, -1])
def test_rates_outside_the_codec_are_refused(rate):
    with pytest.raises(UserError, match="--rate"):
        codecs.check_rate(rate)


@pytest.mark.parametrize("snr_db", [-31, 61, float("nan"), float("inf")])
def test_snrs_that_are_no_operating_point_are_refused(snr_db):
    with pytest.raises(UserError, match="--snr"):
        codecs.check_snrs([snr_db])


def test_the_same_codec_is_loaded_once():
    assert codecs.load("softcast")[0] is codecs.load("softcast")[0]


def test_a_refiner_says_which_weights_it_has(tmp_path):
    refiner, weights = codecs.load_refiner(str(store(tmp_path)))
    assert refiner.name == weights.id == "small-refiner"
    data = (tmp_path / "small-refiner" / "model.safetensors").read_bytes()
    assert weights.sha256 == hashlib.sha256(data).hexdigest()
    assert codecs.load_refiner("none") is None


def test_the_default_refiner_is_none_where_it_is_not_installed(tmp_path, monkeypatch):
    import gensc_models

    monkeypatch.setattr(gensc_models, "available", list)
    assert codecs.default_refiner() == "none"
    monkeypatch.undo()
    store(tmp_path).rename(tmp_path / "refiner-photo")
    config = tmp_path / "refiner-photo" / "config.json"
    config.write_text(config.read_text().replace("small-refiner", "refiner-photo"))
    monkeypatch.setenv("GENSC_WEIGHTS", str(tmp_path))
    assert codecs.default_refiner() == "refiner-photo"


def test_refiners_are_listed_without_a_fingerprint(tmp_path, monkeypatch):
    store(tmp_path)
    monkeypatch.setenv("GENSC_WEIGHTS", str(tmp_path))
    assert codecs.list_weights("small-refiner")[0].fingerprint == ""
