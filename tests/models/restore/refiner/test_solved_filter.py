"""The filter that is solved for: blind to flat areas, adaptive, optimal on its data."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import astronaut, coffee
from torch import Tensor
from torch.nn import functional as F

from gensc_models.restore.refiner.pairs import Pairs
from gensc_models.restore.refiner.scales import strength
from gensc_models.restore.refiner.solved_filter import (
    SIDE,
    STATISTICS,
    STRIDE,
    TERMS,
    SolvedFilter,
    differences,
    image_statistics,
)


def crops(count: int, side: int = 48) -> Tensor:
    generator = torch.Generator().manual_seed(4)
    photos = [torch.from_numpy(p.copy()).permute(2, 0, 1) for p in (astronaut(), coffee())]
    result = []
    for i in range(count):
        photo = photos[i % 2]
        y, x = (int(torch.randint(n - side, (1,), generator=generator)) for n in photo.shape[1:])
        result.append(photo[:, y : y + side, x : x + side])
    return torch.stack(result)


def noisy_pairs(count: int) -> Pairs:
    """Half of the images are noisy and half are blurred, all at one SNR."""
    generator = torch.Generator().manual_seed(5)
    original = crops(count)
    picture = original.float()
    noisy = picture + 12.0 * torch.randn(picture.shape, generator=generator)
    blurred = F.avg_pool2d(F.pad(picture, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    decoded = torch.where((torch.arange(count) % 4 < 2)[:, None, None, None], noisy, blurred)
    return Pairs(decoded.round().clamp(0, 255).byte(), original, torch.full((count,), 8.0))


def refined(fitted: SolvedFilter, pairs: Pairs) -> Tensor:
    image = pairs.decoded.float() / 255.0
    return image + strength(pairs.snr_db)[:, None, None, None] * fitted(image, pairs.snr_db)


def errors(image: Tensor, pairs: Pairs) -> Tensor:
    return (image - pairs.original.float() / 255.0).square().mean(dim=(1, 2, 3))


def random_filter() -> SolvedFilter:
    torch.manual_seed(1)
    filter_ = SolvedFilter()
    filter_.kernels.normal_(std=0.1)
    filter_.deviation.fill_(3.0)
    return filter_


def test_unfitted_it_does_nothing() -> None:
    image = torch.rand(2, 3, 20, 30)
    assert (SolvedFilter()(image, torch.tensor([0.0, 9.0])) == 0).all()


def test_noisy_and_blurred_images_each_get_what_they_need() -> None:
    training, unseen = noisy_pairs(200), noisy_pairs(240)
    fitted = SolvedFilter()
    fitted.fit(training)
    held_out = Pairs(*(x[200:] for x in unseen))
    gain = errors(held_out.decoded.float() / 255.0, held_out) / errors(
        refined(fitted, held_out), held_out
    )
    is_noisy = torch.arange(200, 240) % 4 < 2
    assert gain[is_noisy].mean() > 1.3
    assert gain[~is_noisy].mean() > 1.1


def test_no_scaling_of_the_solution_is_better_on_its_own_data() -> None:
    pairs = noisy_pairs(60)
    fitted = SolvedFilter()
    fitted.fit(pairs)
    image = pairs.decoded.float() / 255.0
    weight = 1.0 / (errors(image, pairs) / strength(pairs.snr_db) ** 2 + 1e-2)

    def cost(factor: float) -> float:
        part = image + factor * (refined(fitted, pairs) - image)
        error = (part - pairs.original.float() / 255.0)[:, :, ::STRIDE, ::STRIDE]
        return (weight * error.square().mean(dim=(1, 2, 3))).sum().item()

    assert cost(1.0) < min(cost(0.9), cost(1.1))
    assert cost(1.0) < 0.9 * cost(0.0)


@given(level=st.floats(0, 1), height=st.integers(16, 40), width=st.integers(16, 40))
@settings(max_examples=20, deadline=None)
def test_flat_images_stay_flat(level: float, height: int, width: int) -> None:
    image = torch.full((1, 3, height, width), level)
    assert random_filter()(image, torch.tensor([3.0])).abs().max() < 1e-4


def test_images_of_a_batch_have_kernels_of_their_own() -> None:
    filter_, image = random_filter(), torch.rand(3, 3, 24, 40)
    snr_db = torch.tensor([0.0, 6.0, 14.0])
    together = filter_(image, snr_db)
    for i in range(3):
        alone = filter_(image[i : i + 1], snr_db[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-5, rtol=1e-5)


def test_correction_is_the_kernel_applied_to_differences_from_the_centre() -> None:
    filter_, image, snr_db = random_filter(), torch.rand(1, 3, 16, 18), torch.tensor([5.0])
    of_terms = filter_.kernels.reshape(TERMS, 3, 3, SIDE, SIDE)
    kernel = torch.einsum("t,tcijk->cijk", filter_.terms(image, snr_db)[0], of_terms)
    expected = kernel.reshape(3, 3 * SIDE**2) @ differences(image)[0]
    torch.testing.assert_close(filter_(image, snr_db)[0].flatten(1), expected, atol=1e-5, rtol=1e-4)


def test_statistics_tell_noise_and_are_defined_for_the_smallest_image() -> None:
    picture = crops(4).float() / 255.0
    noisy = picture + 0.05 * torch.randn(picture.shape, generator=torch.Generator().manual_seed(1))
    assert (image_statistics(noisy)[:, 3] > image_statistics(picture)[:, 3]).all()
    for size in ((16, 16), (17, 31)):
        smallest = image_statistics(torch.zeros(2, 3, *size))
        assert smallest.shape == (2, STATISTICS)
        assert smallest.isfinite().all()


def test_statistics_far_from_the_usual_count_as_less_far() -> None:
    filter_ = SolvedFilter()
    far = filter_.terms(torch.zeros(1, 3, 32, 32), torch.tensor([50.0]))
    assert far.abs().max() == pytest.approx(2.5)
