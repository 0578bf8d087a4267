import pytest

from gensc_models import WeightsError
from gensc_models.catalogue.inpainters import load_inpainter
from gensc_models.restore.inpainting import SmoothFill


def test_plain_inpainters_are_chosen_by_name():
    assert isinstance(load_inpainter("smooth"), SmoothFill)
    with pytest.raises(WeightsError, match="no weights called 'nowhere'"):
        load_inpainter("nowhere")
