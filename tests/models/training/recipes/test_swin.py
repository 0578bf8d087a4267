"""Swin JSCC on CIFAR-10: another shape, and growth around DeepJSCC."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gensc_models.codecs.deepjscc.network import DeepJsccConfig
from gensc_models.codecs.jscc import CodecConfig, JsccCodec, load_jscc
from gensc_models.codecs.swin.network import CIFAR, PHOTO, SwinConfig, SwinJscc
from gensc_models.training.initial_weights import go_on_from, start_base
from gensc_models.training.recipes import find
from gensc_models.weights.store import WeightsError
from small_training import SWIN_NETWORK, prepared, store

TINY = SwinConfig((4, 8), (1, 1), (2, 2), window=2, condition=8, detail_width=4, detail_depth=1)
WIDE = replace(TINY, wide=True)
SMALL = (
    *SWIN_NETWORK, "network.window=2", "network.wide=true", "statistics_crops=40",
    "crop_shapes=((32,4,1.0),)", "validation_photos=4", "validation_points=((128,15.0),)",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("training"))


def on_cifar(folder: Path, out: Path, *more: str, **settings: object):
    assignments = (*SMALL, *more)
    return prepared("swin", folder, out, *assignments, data=folder / "cifar", **settings)


def test_what_it_learns_by_default_follows_from_the_data(folder: Path) -> None:
    kind = find("swin")
    small, large = (kind.options_for([folder / name])() for name in ("cifar", "photos"))
    assert (small.network, large.network) == (CIFAR, PHOTO)
    assert (small.base, large.base) == ("deepjscc-cifar", "")
    assert (small.points.rates, small.points.block) == ((128,), 0.25)


def test_a_run_on_cifar_becomes_weights_of_one_rate(folder: Path, tmp_path: Path) -> None:
    no_base = ("base=-", "network.convolutional_snrs_db=")
    run = on_cifar(folder, tmp_path / "run", *no_base, max_steps=3)
    codec = load_jscc(run.train())
    assert codec.rates == (128,)
    assert codec.config.network == WIDE
    sent = codec.encode_image(np.zeros((32, 32, 3), np.uint8), 128, 10.0)
    assert sent.cbr == pytest.approx(1 / 6)
    assert "--rate 128" in run.recipe.usage


def test_a_run_grows_around_deepjscc_and_goes_on_from_weights(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(4)
    baseline = JsccCodec(CodecConfig("base", (128,), DeepJsccConfig((1.0, 7.0, 13.0))))
    baseline.save_pretrained(tmp_path / "deepjscc")
    torch.manual_seed(6)
    codec = JsccCodec(CodecConfig("before", (128,), WIDE))
    torch.nn.init.normal_(codec.network.decoder.detail.out.weight, std=0.1)
    codec.save_pretrained(tmp_path / "before")
    grow = ("network.convolutional_snrs_db=1,7", f"base={tmp_path / 'deepjscc'}")
    run = on_cifar(
        folder, tmp_path / "run", *grow, f"start={tmp_path / 'before'}",
        precision="bfloat16", max_steps=1,
    )  # fmt: skip
    grown = load_jscc(run.train())
    assert grown.config.network.convolutional_snrs_db == (1.0, 7.0)
    tensors, before = grown.network.state_dict(), load_jscc(tmp_path / "before").network
    networks = load_jscc(tmp_path / "deepjscc").network.networks
    for name, stored in before.state_dict().items():
        torch.testing.assert_close(tensors[name], stored, rtol=0.02, atol=2e-2)
    for i in (0, 1):
        for name, stored in networks[i].state_dict().items():
            torch.testing.assert_close(
                tensors[f"base.networks.{i}.{name}"], stored, atol=2e-2, rtol=0
            )

    # A base code that has grown together with its networks is not set back to DeepJSCC.
    first = grown.network.base.networks[0].encoder[0]
    torch.nn.init.constant_(first.bias, 0.5)
    grown.save_pretrained(tmp_path / "grown")
    further = on_cifar(folder, tmp_path / "again", *grow, f"start={tmp_path / 'grown'}")
    bias = further.network.base.networks[0].encoder[0].bias
    torch.testing.assert_close(bias, torch.full_like(bias, 0.5), atol=2e-2, rtol=0)


def test_cifar_is_trained_on_alone(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="CIFAR-10 is trained on alone"):
        on_cifar(folder, tmp_path, exclude_prefix=("test_",))


def test_weights_to_start_from_are_refused_by_name() -> None:
    model = SwinJscc(replace(WIDE, convolutional_snrs_db=(1.0, 5.0)))
    with pytest.raises(WeightsError, match="'softcast': a convolutional base code starts from"):
        start_base(model, "softcast")
    with pytest.raises(WeightsError, match="no network for 5 dB"):
        start_base(model, "deepjscc-cifar")
    with pytest.raises(WeightsError, match="'softcast' do not fit"):
        go_on_from(model, "softcast")
    with pytest.raises(WeightsError, match="starts from DeepJSCC"):
        start_base(SwinJscc(WIDE), "deepjscc-cifar")
