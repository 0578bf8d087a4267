"""RRDBNet: four times the side, and the size that is published."""

import torch

from gensc_models.foundation.realesrgan.network import RrdbNet


@torch.inference_mode()
def test_images_of_any_size_have_four_times_the_side():
    net = RrdbNet(blocks=1, channels=4, growth=2)
    assert net(torch.rand(2, 3, 7, 5)).shape == (2, 3, 28, 20)


def test_it_has_as_many_parameters_as_published_and_its_convolutions_in_order():
    with torch.device("meta"):
        net = RrdbNet()
    # realesrgan-x4plus.param counts 16,697,987: sums of the kernels of 351 convolutions and biases.
    assert sum(p.numel() for p in net.parameters()) == 16_697_987
    sizes = [layer.weight.numel() for layer in net.convolutions()]
    assert len(sizes) == 351
    assert sizes[:7] == [1728, 18432, 27648, 36864, 46080, 110592, 18432]
    assert sizes[-5:] == [36864, 36864, 36864, 36864, 1728]
