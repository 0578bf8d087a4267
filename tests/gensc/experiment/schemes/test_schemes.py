"""Every scheme: within its budget, back again, and never fooled by what it hears."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc.data.images import fit, load_image
from gensc.experiment.baselines.jpeg_short import ShortJpegs, decode
from gensc.experiment.grid import budget_of
from gensc.experiment.scheme import Picture, Section
from gensc.experiment.schemes.files import CODERS, FileScheme, ShortJpeg
from gensc.experiment.schemes.load import load_found, load_scheme
from gensc.experiment.ways import load_way
from gensc.system.errors import UserError
from gensc_models.metrics.fidelity import psnr
from small_refiner import store

NAMES = ("softcast", "deepjscc-photo", "tiny-gened", "tiny-gened+caption",
         *(f"{coder}+ldpc" for coder in CODERS))  # fmt: skip


@pytest.fixture(scope="module")
def picture():
    return Picture("coffee", fit(load_image("skimage:coffee"), 120, 150), "A cup.")


@pytest.fixture(scope="module")
def way():
    return load_way("torch")


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_of_any_size_comes_back_within_the_budget(name, picture, way, gened_model):
    scheme, budget = load_scheme(name), budget_of(picture.pixels, 96)
    sent = scheme.send(picture, budget, 15.0)
    assert 0 < sent.symbols.payload <= budget
    assert all(s.height == 120 and s.width == 150 for s in sent.sections)
    got = scheme.receive(way.carry(sent, "awgn", 18.0, 1, budget).sections)
    assert got.image.shape == picture.pixels.shape
    if name != "tiny-gened" and "gened" not in name:
        assert psnr(picture.pixels, got.image) > 18


@pytest.mark.parametrize("name", NAMES)
def test_what_hears_nothing_shows_nothing(name, gened_model):
    got = load_scheme(name).receive(())
    assert got.image is None
    assert got.events["lost"]


@pytest.mark.parametrize("name", NAMES)
def test_noise_is_no_digital_picture(name, picture, way, gened_model):
    scheme = load_scheme(name)
    sent = scheme.send(picture, budget_of(picture.pixels, 96), 15.0)
    got = scheme.receive(way.carry(sent, "awgn", -25.0, 1).sections)
    if name.endswith("+ldpc"):
        assert got.image is None
    else:
        assert got.image.shape == picture.pixels.shape


@settings(max_examples=40)
@given(
    kind=st.sampled_from(["analog", "bits", "text"]), n=st.integers(0, 300),
    rate=st.integers(0, 255), total=st.integers(0, 400), height=st.integers(0, 80),
    width=st.integers(0, 80), model=st.integers(0, 9), stream=st.integers(0, 3),
    aux=st.integers(0, 65535),
)  # fmt: skip
@pytest.mark.parametrize("name", ["softcast", "tiny-gened+caption", "jpeg+ldpc", "bank+ldpc"])
def test_no_section_whatever_its_header_says_raises(
    name, gened_model, kind, n, rate, total, height, width, model, stream, aux
):
    symbols = np.ones(n, np.complex64)
    variances = np.full(n, 0.5, np.float32)
    scheme = load_scheme(name)
    codec = getattr(getattr(scheme, "inner", scheme), "codec", None)
    weights = codec.fingerprint if codec is not None and model else 0
    section = Section(kind, symbols, height, width, rate, total, aux, weights, stream,
                      noise_var=variances)  # fmt: skip
    scheme.receive((section,))


@pytest.mark.parametrize("name", ["jpeg+ldpc", "tiny-gened", "softcast"])
def test_what_cannot_be_sent_in_so_few_symbols_is_said(name, picture, gened_model):
    with pytest.raises(ValueError, match=r"\d"):
        load_scheme(name).send(picture, 50, 5.0)


def test_a_caption_takes_its_symbols_from_the_image_and_is_received(picture, way, gened_model):
    plain, captioned = load_scheme("tiny-gened"), load_scheme("tiny-gened+caption")
    budget = budget_of(picture.pixels, 96)
    with_text = captioned.send(picture, budget, 15.0)
    assert with_text.symbols.text > 0
    assert with_text.symbols.payload == plain.send(picture, budget, 15.0).symbols.payload == budget
    got = captioned.receive(way.carry(with_text, "awgn", 15.0, 1).sections)
    assert (got.text, got.events["text"]) == ("A cup.", "exact")


def test_a_lost_stream_leaves_an_image_and_a_lost_header_section_none(picture, way, gened_model):
    scheme = load_scheme("tiny-gened")
    heard = way.carry(scheme.send(picture, budget_of(picture.pixels, 96), 15.0), "awgn", 15.0, 1)
    without = [[s for s in heard.sections if s.stream != n or s.kind == "bits"]
               for n in (0, 1)]  # fmt: skip
    assert all(scheme.receive(some).image is not None for some in without)
    no_side = [s for s in heard.sections if s.kind != "bits"]
    assert "header section" in scheme.receive(no_side).events["lost"]


def test_two_damaged_copies_of_a_header_section_are_put_together(picture, gened_model):
    scheme = load_scheme("tiny-gened")
    sent = scheme.send(picture, budget_of(picture.pixels, 128), 2.0)
    rng = np.random.default_rng(4)

    def noisy(section, sigma2):
        noise = rng.standard_normal((len(section.symbols), 2)) @ [1, 1j] * np.sqrt(sigma2 / 2)
        variances = np.full(len(section.symbols), sigma2, np.float32)
        return section.heard((section.symbols + noise).astype(np.complex64), variances)

    side = [s for s in sent.sections if s.kind == "bits"]
    assert len(side) == 2
    rest = [noisy(s, 0.1) for s in sent.sections if s.kind != "bits"]
    together = alone = 0
    for _ in range(12):
        copies = [noisy(s, 3.6) for s in side]
        alone += scheme.receive((*rest, copies[0])).image is not None
        together += scheme.receive((*rest, *copies)).image is not None
    assert together > alone


def test_a_refined_scheme_shows_what_the_refiner_makes_of_it(picture, way, tmp_path):
    plain, refined = (load_scheme(n) for n in ("softcast", f"softcast+{store(tmp_path)}"))
    assert refined.name == "softcast+small-refiner"
    assert [w.id for w in refined.weights] == ["softcast", "small-refiner"]
    heard = way.carry(plain.send(picture, budget_of(picture.pixels, 32), 10.0), "awgn", 10.0, 1)
    coarse = plain.receive(heard.sections)
    expected = refined.refiner.refine(coarse.image, coarse.snr_db)
    assert np.array_equal(refined.receive(heard.sections).image, expected)


def test_an_edited_scheme_says_what_became_of_the_edit(picture, way):
    scheme = load_scheme("softcast+editor-photo")
    heard = way.carry(scheme.send(picture, budget_of(picture.pixels, 32), 10.0), "awgn", 10.0, 1)
    got = scheme.receive(heard.sections)
    assert got.events["edit"] in ("accepted", "blended", "rejected", "untouched")
    assert got.image.shape == picture.pixels.shape


def test_over_fading_channels_a_digital_scheme_tries_margins(picture):
    scheme = load_scheme("jpeg+ldpc+caption")
    assert len(scheme.variants("awgn")) == 1
    tried = scheme.variants("fading")
    assert len({v.setting for v in tried}) == len(tried) == 5
    assert {v.name for v in tried} == {"jpeg+ldpc+caption"}
    sent = [v.send(picture, budget_of(picture.pixels, 96), 20.0).facts["bytes"] for v in tried]
    assert sent == sorted(sent, reverse=True)


def test_scaled_files_beat_plain_ones_at_few_bytes(picture):
    plain, scaled = (load_scheme(n).coder for n in ("webp+ldpc", "webp-scaled+ldpc"))
    few = 520
    data = scaled.fit(picture.pixels, few)
    assert len(data) <= few
    assert data[0] > 1
    shown = scaled.decode(data, *picture.pixels.shape[:2])
    other = plain.fit(picture.pixels, few)
    best = psnr(picture.pixels, plain.decode(other, 120, 150)) if other else 0.0
    assert psnr(picture.pixels, shown) > best


def test_the_bank_takes_its_best_operating_point_that_fits(picture):
    coder = load_scheme("bank+ldpc").coder
    data = coder.fit(picture.pixels, 1500)
    assert len(data) <= 1500
    sizes = {len(coder.bank.encode(picture.pixels, p).data) for p in coder.bank.points}
    assert len(data) == max(size for size in sizes if size <= 1500)


def test_a_folder_whose_name_holds_a_plus_is_a_folder(tmp_path, picture):
    import shutil

    from gensc_models.weights.store import locate

    shutil.copytree(locate("softcast"), tmp_path / "soft+cast")
    assert load_scheme(str(tmp_path / "soft+cast")).name == "softcast"
    assert load_scheme(f"{tmp_path / 'soft+cast'}+caption").name == "softcast+caption"


@pytest.mark.parametrize(
    ("name", "why"),
    [("nowhere", "'nowhere'"), ("jpeg", r"jpeg\+ldpc"), ("softcast+nowhere", "nowhere"),
     ("softcast+ldpc", "'ldpc'"), ("softcast+", "''"), ("importance", "'importance'"),
     ("caption-only:nonsense", "nonsense")],
)  # fmt: skip
def test_what_is_no_scheme_is_named(name, why):
    with pytest.raises(UserError, match=why):
        load_scheme(name)


@pytest.fixture(scope="module")
def small():
    photo = load_image("skimage:coffee")
    return [Picture(f"p{i}", fit(photo[50 * i : 50 * i + 200], 32, 32)) for i in range(4)]


@pytest.mark.parametrize("margin_db", [0.5, 6.0, 12.0])
def test_the_short_jpeg_of_a_small_picture_is_its_best_one_and_fills_its_symbols(
    small, way, margin_db
):
    scheme = FileScheme("short", ShortJpeg((1, 2, 4)), margin_db)
    for picture in small:
        sent = scheme.send(picture, 512, 14.0)
        assert 460 < sent.symbols.payload <= 512
        got = scheme.receive(way.carry(sent, "awgn", 16.0, 1, 512).sections)
        best = ShortJpegs(picture.pixels).fit(sent.facts["bytes"])
        assert np.array_equal(got.image, decode(best.data, 32, 32))


def test_smaller_sizes_fit_where_the_whole_picture_does_not(small):
    plain, scaled = (FileScheme("short", ShortJpeg(sizes), 0.5) for sizes in ((1,), (1, 2, 4)))
    with pytest.raises(ValueError, match="no short of"):
        plain.send(small[0], 400, 0.0)
    assert scaled.send(small[0], 400, 0.0).symbols.payload <= 400


def test_a_file_is_tried_with_the_margins_of_its_channel():
    scheme = FileScheme("f", ShortJpeg(), margins={"awgn": (0.0, 1.0)})
    assert [v.setting for v in scheme.variants("awgn")] == ["margin 0 dB", "margin 1 dB"]
    assert len(scheme.variants("rayleigh")) == 5
    assert [v.setting for v in scheme.variants("none")] == ["margin 0.5 dB"]


def test_of_several_schemes_those_are_found_that_can_be_had_and_called_as_asked():
    found, missing = load_found({"linear": "softcast", "none": "nothing", "file": "jpeg+ldpc"})
    assert {called: scheme.name for called, scheme in found.items()} == {
        "linear": "linear", "file": "file"
    }  # fmt: skip
    assert missing.keys() == {"none"}
    assert "nothing" in missing["none"]
