"""The codec bank: streams, operating points, masks, weights; the same integers everywhere."""

import copy
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

from gensc_models.codecs.bank import BitstreamError, HyperpriorCodec, HyperpriorConfig
from gensc_models.codecs.bank.codec import Symbols
from gensc_models.codecs.bank.coder import CodingTable, SymbolWriter
from gensc_models.codecs.bank.latents import write_latents
from gensc_models.codecs.bank.points import LAMBDA_HIGH, LAMBDA_LOW, multiplier, position_of_point
from gensc_models.codecs.bank.rate_distortion import evaluate
from gensc_models.codecs.bank.tables import latent_counts
from gensc_models.metrics.fidelity import psnr
from gensc_models.weights.store import WeightsError
from small_hyperprior import photo, small_codec

KEEP = np.zeros((8, 12), bool)
KEEP[2:6, 3:9] = True


def same(a: Symbols, b: Symbols) -> bool:
    return (
        np.array_equal(a.z, b.z)
        and np.array_equal(a.values, b.values)
        and torch.equal(a.side.levels, b.side.levels)
        and torch.equal(a.side.means, b.side.means)
    )


def test_the_bank_has_19_points_from_good_to_small() -> None:
    codec, image = small_codec(), photo()
    assert codec.points == tuple(range(1, 20))
    assert multiplier(position_of_point(1)) == pytest.approx(LAMBDA_HIGH)
    assert multiplier(position_of_point(19)) == pytest.approx(LAMBDA_LOW)
    sizes, quality = [], []
    for point in (1, 4, 7, 10, 13, 16, 19):
        sent = codec.encode(image, point)
        decoded = codec.decode(sent.data)
        assert (decoded.complete, decoded.point, decoded.rows) == (True, point, 128)
        assert decoded.keep.all()
        sizes.append(len(sent.data))
        quality.append(psnr(image, decoded.image))
    assert sizes == sorted(sizes, reverse=True)
    assert quality == sorted(quality, reverse=True)
    assert quality[0] > 38
    assert quality[-1] < 28


def test_a_point_that_the_bank_has_not_is_refused() -> None:
    codec, data = small_codec(), bytearray(small_codec().encode(photo(16, 16), 19).data)
    with pytest.raises(ValueError, match="operating point must be 1 to 19, not 20"):
        codec.encode(photo(16, 16), 20)
    data[5] = 20
    data[18:20] = (zlib.crc32(bytes(data[:18])) & 0xFFFF).to_bytes(2, "big")
    with pytest.raises(BitstreamError, match="operating point 20"):
        codec.decode(bytes(data))


@pytest.mark.parametrize("shape", [(128, 192), (1, 1), (17, 300), (321, 77), (64, 16)])
def test_images_of_any_size_come_back_whole(shape: tuple[int, int]) -> None:
    image = np.resize(photo(), (*shape, 3))
    decoded = small_codec().decode(small_codec().encode(image, 3).data)
    assert decoded.image.shape == image.shape
    assert decoded.keep.shape == (-(-shape[0] // 16), -(-shape[1] // 16))
    assert decoded.complete


def test_bits_are_counted_by_part_and_are_those_of_the_likelihood() -> None:
    codec, image = small_codec(), photo()
    for point in (1, 8):
        sent = codec.encode(image, point)
        guess = codec.estimate_bits(image, point)
        assert sent.bits.total == 8 * len(sent.data)
        assert sent.bits.mask == 0
        assert sent.bits.y == pytest.approx(guess.y, rel=0.01)
        assert sent.bits.z == pytest.approx(guess.z, rel=0.01)
        assert 20 * 8 <= sent.bits.header < 300
    masked, guess = codec.encode(image, 8, KEEP), codec.estimate_bits(image, 8, KEEP)
    assert 10 < masked.bits.mask < 90
    assert masked.bits.mask == pytest.approx(guess.mask)
    assert masked.bits.total == pytest.approx(guess.total, rel=0.02)


@pytest.mark.parametrize("keep", [None, KEEP])
def test_every_machine_decodes_the_same_integers(keep: np.ndarray | None) -> None:
    """float32 and bfloat16 networks, 1 and 2 threads, 1 and 8 streams at once."""
    image = photo(96, 128)
    bfloat16 = copy.deepcopy(small_codec()).set_precision(torch.bfloat16)
    float32 = small_codec()
    points = (1, 3, 6, 9, 12, 15, 17, 19)
    keep = None if keep is None else keep[:6, :8]
    streams = [
        (float32 if n % 2 else bfloat16).encode(image, point, keep).data
        for n, point in enumerate(points)
    ]
    reference = float32.decode_symbols(streams)
    threads = torch.get_num_threads()
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            for codec in (float32, bfloat16):
                together = codec.decode_symbols(streams)
                alone = [codec.decode_symbols([stream])[0] for stream in streams]
                for n, one in enumerate(reference):
                    assert same(one, together[n])
                    assert same(one, alone[n])
    finally:
        torch.set_num_threads(threads)
    images = [codec.decode(streams[0]).image for codec in (float32, bfloat16)]
    assert psnr(*images) > 45


def test_the_encoder_sends_what_the_decoder_finds() -> None:
    image = photo()
    first = small_codec().encode(image, 5).data
    assert small_codec().encode(image, 5).data == first
    assert small_codec().decode_symbols([first])[0].values.any()


def test_several_streams_of_different_sizes_and_points_at_once() -> None:
    codec = small_codec()
    images = [photo(), photo(64, 64), photo(), photo(64, 80)]
    streams = [codec.encode(image, 2 + n).data for n, image in enumerate(images)]
    for stream, decoded in zip(streams, codec.decode_many(streams), strict=True):
        alone = codec.decode(stream)
        assert np.abs(alone.image.astype(int) - decoded.image).max() <= 1
        assert alone.point == decoded.point
    assert codec.decode_many([]) == []


def test_only_kept_blocks_cost_bits_and_they_are_as_good() -> None:
    codec, image = small_codec(), photo()
    whole, part = codec.encode(image, 6), codec.encode(image, 6, KEEP)
    assert part.bits.total < 0.55 * whole.bits.total
    decoded = codec.decode(part.data)
    np.testing.assert_array_equal(decoded.keep, KEEP)
    inside = np.s_[32:96, 48:144]
    quality = psnr(image[inside], codec.decode(whole.data).image[inside])
    assert psnr(image[inside], decoded.image[inside]) > quality - 3.0
    assert psnr(image, decoded.image) < quality - 6.0


@pytest.mark.parametrize("value", [True, False])
def test_all_or_nothing_kept(value: bool) -> None:
    codec, image = small_codec(), photo()
    sent = codec.encode(image, 9, np.full((8, 12), value))
    decoded = codec.decode(sent.data)
    assert decoded.complete
    assert (decoded.keep == value).all()
    if value:
        assert sent.data == codec.encode(image, 9).data
    else:
        assert len(sent.data) < 40


def test_scales_for_gvif_shrink_with_the_rate() -> None:
    codec, image = small_codec(), photo()
    theta = [codec.scales(image, point) for point in (1, 10, 19)]
    assert theta[0].shape == (1, 768, 8, 12)
    assert theta[0].mean() > theta[1].mean() > theta[2].mean()
    assert theta[2].min() >= 0.10


def test_a_truncated_stream_gives_an_error_or_its_intact_rows() -> None:
    codec, image = small_codec(), photo()
    data = codec.encode(image, 4).data
    whole = codec.decode(data).image
    rows = []
    for share in (0.02, 0.3, 0.6, 0.9, 1.0):
        cut = data[: max(21, int(share * len(data)))]
        if share < 1.0:
            with pytest.raises(BitstreamError, match="ends too early"):
                codec.decode(cut)
        decoded = codec.decode(cut, partial=True)
        assert decoded.complete == (share == 1.0)
        rows.append(decoded.rows)
        if decoded.rows > 64:
            # The last rows lean on latents below them that are missing.
            safe = decoded.rows - 48
            difference = np.abs(decoded.image[:safe].astype(int) - whole[:safe])
            assert difference.max() < 60
            assert difference.mean() < 1
    assert rows == sorted(rows)
    assert rows[0] == 0
    assert rows[-1] == 128


def test_a_changed_stream_gives_an_error_or_is_marked() -> None:
    codec = small_codec()
    data = bytearray(codec.encode(photo(), 4).data)
    data[-30] ^= 0x10
    with pytest.raises(BitstreamError, match="payload is damaged"):
        codec.decode(bytes(data))
    decoded = codec.decode(bytes(data), partial=True)
    assert not decoded.complete
    assert decoded.rows >= 64


def test_wrong_arguments_are_named() -> None:
    codec, image = small_codec(), photo()
    with pytest.raises(ValueError, match="uint8 HxWx3"):
        codec.encode(image.astype(np.float32), 1)
    with pytest.raises(ValueError, match="operating point must be 1 to 19, not 20"):
        codec.encode(image, 20)
    with pytest.raises(ValueError, match=r"keep must be bool \(8, 12\)"):
        codec.encode(image, 1, np.ones((8, 11), bool))
    with pytest.raises(ValueError, match="larger than"):
        codec.encode(np.zeros((4096, 4096, 3), np.uint8), 1)


def test_weights_are_stored_and_found_again(tmp_path: Path) -> None:
    image, folder = photo(), tmp_path / "bank"
    small_codec().save_pretrained(folder)
    codec = HyperpriorCodec.from_pretrained(folder)
    again = HyperpriorCodec.from_pretrained(str(folder))
    assert codec.name == "hyperprior"
    assert len(codec.sha256) == 64
    sent = codec.encode(image, 7)
    assert again.encode(image, 7).data == sent.data
    # Streams of the very same integers, whatever was rounded to float16 elsewhere.
    unsaved = small_codec().decode_symbols([sent.data])[0]
    assert same(unsaved, codec.decode_symbols([sent.data])[0])

    other = copy.deepcopy(codec)
    other.sha256 = "ffff" + codec.sha256[4:]
    with pytest.raises(BitstreamError, match="stream of codec"):
        other.decode(sent.data)


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights called 'nothing'"):
        HyperpriorCodec.from_pretrained("nothing")
    with pytest.raises(WeightsError, match="of kind 'photo-jscc', not 'hyperprior'"):
        HyperpriorCodec.from_pretrained("softcast")
    damaged = copy.deepcopy(small_codec())
    damaged.tables.latent[3] += 1
    damaged.save_pretrained(tmp_path)
    with pytest.raises(WeightsError, match="table 0 is damaged"):
        HyperpriorCodec.from_pretrained(tmp_path)


def test_an_untrained_codec_is_a_wavelet_codec() -> None:
    codec = HyperpriorCodec(HyperpriorConfig(encoder_width_4=4, decoder_width_4=4))
    image = torch.rand(1, 3, 32, 32).expand(-1, 3, -1, -1)
    position = torch.tensor([1.0])
    with torch.no_grad():
        latents = codec.transforms.analyse(image[:, :1].expand(-1, 3, -1, -1), position)
        back = codec.transforms.synthesise(latents, torch.zeros_like(latents), position)
    torch.testing.assert_close(back, image[:, :1].expand(-1, 3, -1, -1), atol=1e-4, rtol=0)


def test_evaluation_measures_real_streams() -> None:
    results = evaluate(small_codec(), [photo(64, 64), photo(64, 96)], [2, 14])
    assert [r.point for r in results] == [2, 14]
    assert results[0].bpp > results[1].bpp
    assert results[0].psnr > results[1].psnr
    assert all(abs(r.excess) < 0.01 for r in results)


def test_streams_do_not_change_between_versions() -> None:
    """Fixed tables and values give fixed bytes: old streams must stay readable."""
    values = (np.arange(-300, 300) % 17 - 8).astype(np.int32)
    levels = (np.arange(600) % 64).astype(np.uint8)
    writer = SymbolWriter()
    write_latents(
        writer, values, levels, [CodingTable.from_counts(latent_counts(k)) for k in range(64)]
    )
    assert zlib.crc32(writer.words().astype(">u4").tobytes()) == 1461164435
