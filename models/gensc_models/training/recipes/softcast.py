"""SoftCast, the linear code: statistics of photos and no training."""

from __future__ import annotations

from dataclasses import replace

from gensc_models.training.options import RunSettings
from gensc_models.training.recipes.photo import PhotoOptions, PhotoRecipe


class SoftcastRecipe(PhotoRecipe):
    """What the photo codec starts from, by itself."""

    name = "softcast"
    summary = "linear analog code (SoftCast), fitted to folders of photos within seconds"

    def __init__(self, settings: RunSettings, options: PhotoOptions) -> None:
        super().__init__(settings, options)
        self.network = replace(options.network, residual=False)

    def stages(self) -> tuple[float, ...]:
        return ()
