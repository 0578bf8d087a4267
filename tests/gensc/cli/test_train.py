"""`gensc train`: the right trainer with the right configuration, and mistakes named in a line."""

import json
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from gensc.cli.main import run
from small_packs import write_pack

BATCHES = [f"data_batch_{i}.bin" for i in range(1, 6)]


@pytest.fixture
def cifar(tmp_path):
    folder = tmp_path / "cifar"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name in BATCHES:
        records = random.integers(0, 256, (250, 3073), dtype=np.uint8)
        records[:, 0] = 3
        records.tofile(folder / name)
    return folder


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (40, 40)).save(folder / "small.png")
    return folder


@pytest.fixture
def refused(capsys):
    """Runs a command line that must end with status 2 and one line on stderr; gives the line."""

    def call(*argv):
        assert run([str(a) for a in argv]) == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1
        return lines[0]

    return call


@pytest.fixture
def asked(monkeypatch):
    """The configurations that trainers were started with, without any training."""
    from gensc_models.training.recipes import (
        deepjscc as train_deepjscc,
    )
    from gensc_models.training.recipes import (
        photo as train_jscc,
    )
    from gensc_models.training.recipes import (
        refiner as train_refiner,
    )

    configs = []
    for module in (train_deepjscc, train_jscc, train_refiner):
        monkeypatch.setattr(module, "train", configs.append)
    return configs


def gsc(part, data, out, *more):
    return ["train", "gsc", "--part", part, "--data", str(data), "--out", str(out), *more]


def cie(part, data, out, *more):
    return ["train", "cie", "--part", part, "--data", str(data), "--out", str(out), *more]


COMMON = ("--minutes", "3", "--threads", "1", "--seed", "7")


@pytest.mark.parametrize("part", ["codec", "deepjscc", "refiner"])
def test_every_part_is_told_the_time_the_threads_and_the_seed(cifar, tmp_path, asked, part):
    assert run(gsc(part, cifar, tmp_path / "run", *COMMON)) == 0
    (config,) = asked
    assert (config.minutes, config.threads, config.seed) == (3, 1, 7)
    assert config.out == tmp_path / "run"


def test_the_codec_is_the_papers_for_cifar_and_four_stages_for_photos(
    cifar, photos, tmp_path, asked
):
    from gensc_models.codecs.swin.network import CIFAR, PHOTO

    assert run(gsc("codec", cifar, tmp_path / "a")) == 0
    assert run(gsc("codec", photos, tmp_path / "b", "--exclude-prefix", "test_")) == 0
    small, large = asked
    assert (small.model, large.model) == (CIFAR, PHOTO)
    assert (small.data, large.data) == ((cifar,), (photos,))
    assert large.exclude_prefix == ("test_",)


def test_the_refiner_learns_behind_the_codec_that_is_named(cifar, photos, tmp_path, asked):
    from gensc_models.restore.refiner.config import CONFIGS

    assert run(gsc("refiner", cifar, tmp_path / "a")) == 0
    assert run(gsc("refiner", photos, tmp_path / "b", "--codec", "deepjscc-photo")) == 0
    small, large = asked
    assert (small.codec, small.cifar, small.data) == ("swin-cifar", cifar, ())
    assert (large.codec, large.cifar, large.data) == ("deepjscc-photo", None, (photos,))
    assert (small.model, large.model) == (CONFIGS["cifar"], CONFIGS["photo"])


def test_codec_and_deepjscc_go_on_from_weights_and_the_refiner_does_not(
    cifar, tmp_path, asked, refused
):
    assert run(gsc("codec", cifar, tmp_path / "a", "--start", "swin-cifar")) == 0
    assert run(gsc("deepjscc", cifar, tmp_path / "b", "--start", "deepjscc-cifar")) == 0
    assert run(gsc("codec", cifar, tmp_path / "c")) == 0
    assert [config.start for config in asked] == ["swin-cifar", "deepjscc-cifar", None]
    assert asked[0].base == "deepjscc-cifar"
    assert "--start" in refused(*gsc("refiner", cifar, tmp_path / "d", "--start", "refiner-cifar"))


def test_a_run_of_deepjscc_trains_is_left_when_done_and_goes_on_with_more_time(
    cifar, tmp_path, capsys, monkeypatch
):
    from gensc_models.training.recipes import deepjscc as train_deepjscc

    monkeypatch.setattr(train_deepjscc, "validate", lambda network, images, snr_db: {})
    out = tmp_path / "run"
    assert run(gsc("deepjscc", cifar, out, "--minutes", "0.02", "--threads", "1")) == 0
    printed = capsys.readouterr().out.splitlines()
    records = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [json.loads(line) for line in printed] == records
    assert (records[0]["snr_db"], records[-1]["snr_db"]) == (13.0, 1.0)
    assert run(gsc("deepjscc", cifar, out, "--minutes", "0.02", "--threads", "1")) == 0
    assert len((out / "log.jsonl").read_text().splitlines()) == len(records)
    assert run(gsc("deepjscc", cifar, out, "--minutes", "0.3", "--threads", "1")) == 0
    assert len((out / "log.jsonl").read_text().splitlines()) > len(records)


@pytest.mark.parametrize("part", ["codec", "deepjscc", "refiner"])
def test_data_that_is_not_there_is_named(refused, tmp_path, part):
    assert "nowhere" in refused(*gsc(part, tmp_path / "nowhere", tmp_path / "run"))


def test_data_of_another_kind_is_named(refused, cifar, photos, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("no pictures")
    out = tmp_path / "run"
    assert "notes.txt" in refused(*gsc("codec", text, out))
    assert "not on photos" in refused(*gsc("deepjscc", photos, out))
    assert "alone" in refused(*gsc("codec", cifar, out, "--data", str(photos)))
    assert "128 pixels" in refused(*gsc("codec", photos, out))
    pack = tmp_path / "pack.npz"
    pack.write_bytes(b"not a pack")
    assert "pack.npz" in refused(*gsc("deepjscc", pack, out))


def test_options_of_another_part_are_named(refused, cifar, tmp_path):
    out = tmp_path / "run"
    assert "--codec" in refused(*gsc("deepjscc", cifar, out, "--codec", "softcast"))
    assert "--exclude-prefix" in refused(*gsc("codec", cifar, out, "--exclude-prefix", "x"))
    assert "painter" in refused(*gsc("painter", cifar, out))
    assert "--minutes" in refused(*gsc("codec", cifar, out, "--minutes", "0"))


def test_an_unknown_codec_of_the_refiner_is_named(refused, cifar, tmp_path):
    argv = gsc("refiner", cifar, tmp_path / "run", "--codec", "nosuch")
    assert "no weights called 'nosuch'" in refused(*argv)


def test_a_checkpoint_of_another_part_is_not_gone_on_with(refused, cifar, tmp_path):
    from gensc_models.training.recipes.deepjscc import DeepJsccTrainConfig, TrainingRun

    out = tmp_path / "run"
    out.mkdir()
    TrainingRun(DeepJsccTrainConfig(cifar, out)).save()
    line = refused(*gsc("codec", cifar, out))
    assert "checkpoint.pt" in line
    assert "another --out" in line
    torch.save([1, 2], out / "checkpoint.pt")
    assert "another kind of run" in refused(*gsc("deepjscc", cifar, out))
    with zipfile.ZipFile(out / "checkpoint.pt", "w") as archive:
        archive.writestr("notes.txt", "no tensors")
    assert "not a readable checkpoint" in refused(*gsc("deepjscc", cifar, out))
    (out / "checkpoint.pt").write_bytes(b"torn")
    assert "not a readable checkpoint" in refused(*gsc("deepjscc", cifar, out))


def test_out_that_is_a_file_is_named(refused, cifar, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("")
    assert "taken" in refused(*gsc("deepjscc", cifar, taken))


def test_jscc_without_a_photo_large_enough_is_one_line(refused, photos, tmp_path):
    argv = ("train", "jscc", "--data", photos, "--out", tmp_path / "run")
    assert "128 pixels" in refused(*argv)


# ---------------------------------------------------------------- cie


@pytest.fixture
def pack(tmp_path):
    labels, names = np.arange(4), np.array(["ant", "bee", "cat", "dog"])
    images = np.zeros((4, 16, 16, 3), np.uint8)
    return write_pack(tmp_path / "pack.npz", images, labels, classes=names)


@pytest.fixture
def asked_of_cie(monkeypatch):
    """As `asked`, for the parts of GVIF-CIE."""
    from gensc_models.training.recipes import (
        bank as train_hyperprior,
    )
    from gensc_models.training.recipes import (
        classifier as train_classifier,
    )
    from gensc_models.training.recipes import (
        importance as train_importance,
    )
    from gensc_models.training.recipes import (
        inpainter as train_inpainter,
    )

    configs = []
    for module in (train_classifier, train_hyperprior, train_importance, train_inpainter):
        monkeypatch.setattr(module, "train", configs.append)
    return configs


def test_the_classifier_is_told_its_packs_and_the_importance_its_maps(
    pack, photos, tmp_path, asked_of_cie
):
    run_of = tmp_path / "run"
    argv = cie("classifier", pack, run_of, "--validation", str(pack), *COMMON)
    assert run(argv) == 0
    more = ["--maps", str(photos), "--start", "mine", "--exclude-prefix", "test_", *COMMON]
    assert run(cie("importance", photos, run_of, *more)) == 0
    first, second = asked_of_cie
    for config in (first, second):
        assert (config.minutes, config.threads, config.seed, config.out) == (3, 1, 7, run_of)
    assert (first.data, first.validation) == (pack, pack)
    assert (second.data, second.maps) == ((photos,), photos)
    assert (second.start, second.exclude_prefix) == ("mine", ("test_",))


def test_the_codec_bank_takes_photos_alone(photos, tmp_path, asked_of_cie, refused):
    run_of = tmp_path / "run"
    assert run(cie("codec", photos, run_of, "--exclude-prefix", "test_", *COMMON)) == 0
    (config,) = asked_of_cie
    assert (config.data, config.exclude_prefix, config.out) == ((photos,), ("test_",), run_of)
    assert (config.minutes, config.threads, config.seed) == (3, 1, 7)
    assert "--maps is not for" in refused(*cie("codec", photos, run_of, "--maps", str(photos)))


def test_the_inpainter_takes_photos_and_maps_where_there_are_any(photos, tmp_path, asked_of_cie):
    run_of = tmp_path / "run"
    more = ["--exclude-prefix", "test_", *COMMON]
    assert run(cie("inpainter", photos, run_of, *more)) == 0
    assert run(cie("inpainter", photos, run_of, "--maps", str(photos), *more)) == 0
    first, second = asked_of_cie
    assert (first.data, first.saliency, first.exclude_prefix) == ((photos,), None, ("test_",))
    assert (second.saliency, second.out, second.minutes, second.seed) == (photos, run_of, 3, 7)


def test_what_does_not_go_with_a_part_of_cie_is_named(refused, pack, photos, tmp_path):
    out = tmp_path / "run"
    assert "--maps" in refused(*cie("importance", photos, out))
    assert "--maps is not for" in refused(*cie("classifier", pack, out, "--maps", str(photos)))
    assert "--start is not for" in refused(*cie("classifier", pack, out, "--start", "mine"))
    assert "--start is not for" in refused(*cie("inpainter", photos, out, "--start", "mine"))
    assert "no image files under" in refused(
        *cie("inpainter", photos, out, "--maps", str(tmp_path / "nowhere"))
    )
    assert "one pack" in refused(*cie("classifier", photos, out))
    maps = ("--maps", str(photos))
    assert "--validation" in refused(
        *cie("importance", photos, out, *maps, "--validation", str(pack))
    )
    assert "no map for small" in refused(
        *cie("importance", photos, out, "--maps", str(tmp_path / "nowhere"))
    )
    assert "nobody" in refused(*cie("importance", photos, out, *maps, "--start", "nobody"))
    torn = tmp_path / "torn.npz"
    torn.write_bytes(b"torn")
    assert "torn.npz: not a pack" in refused(*cie("classifier", torn, out))


def test_a_checkpoint_of_another_part_or_of_other_classes_is_not_gone_on_with(
    refused, pack, photos, tmp_path
):
    out = tmp_path / "run"
    out.mkdir()
    torch.save({"config": {"classes": ("ant", "bee")}}, out / "checkpoint.pt")
    assert "another --out" in refused(*cie("importance", photos, out, "--maps", str(photos)))
    assert "another --out" in refused(*cie("classifier", pack, out))
