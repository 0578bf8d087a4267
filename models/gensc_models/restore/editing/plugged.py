"""Editors and refiners of other people, each as both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gensc_models.restore.editing.editor import EditRefusedError, Mask, Photo
from gensc_models.weights.digest import as_array, digest_of


class PluggedEditor:
    """An object that has ``edit`` or ``refine``, where an editor or a refiner is asked for.

    ``edit(image, caption, mask, snr_db, seed)`` is :meth:`.editor.Editor.edit`, ``refine(image,
    snr_db, seed)`` is :meth:`gensc_models.restore.refiner.Refiner.refine`; one of them is enough.

    Parameters
    ----------
    editor : the object.
    name : where it has none.
    reason : an exception in one line.
    """

    def __init__(self, editor: Any, name: str, reason: Callable[[Exception], str]) -> None:
        self._editor, self._reason = editor, reason
        self.name = str(getattr(editor, "name", "") or name)
        self.sha256 = str(getattr(editor, "sha256", "") or digest_of(editor))
        self._edits = callable(getattr(editor, "edit", None))
        self._refines = callable(getattr(editor, "refine", None))

    def edit(
        self,
        image: Photo,
        caption: str,
        mask: Mask | None = None,
        snr_db: float | None = None,
        seed: int = 0,
    ) -> Photo:
        """As :meth:`.editor.Editor.edit`.

        Raises
        ------
        EditRefusedError
            It needs the SNR, which is not known.
        ValueError
            It fails; one line.
        """
        if not self._edits and snr_db is None:
            raise EditRefusedError("the SNR it was received at is not known")
        if not self._edits:
            return self._call("refine", image, image, snr_db, seed)
        return self._call("edit", image, image, caption, mask, snr_db, seed)

    def refine(self, image: Photo, snr_db: float, seed: int = 0) -> Photo:
        """As :meth:`gensc_models.restore.refiner.Refiner.refine`.

        Raises
        ------
        ValueError
            It fails, or gives another image than one of that size; one line.
        """
        if not self._refines:
            return self._call("edit", image, image, "", None, snr_db, seed)
        return self._call("refine", image, image, snr_db, seed)

    def refine_images(
        self, images: Sequence[Photo], snrs_db: Sequence[float], seed: int = 0
    ) -> list[Photo]:
        """Several images, one by one; errors as of :meth:`refine`."""
        pairs = zip(images, snrs_db, strict=True)
        return [self.refine(image, snr_db, seed) for image, snr_db in pairs]

    def _call(self, method: str, image: Photo, *given: Any) -> Photo:
        try:
            made = as_array(getattr(self._editor, method)(*given))
        except EditRefusedError:
            raise
        except Exception as error:  # whatever other people's code raises
            raise ValueError(f"{self.name}: {method}: {self._reason(error)}") from error
        if made.dtype != image.dtype or made.shape != image.shape:
            raise ValueError(f"{self.name}: {method} returned {made.dtype} {made.shape}, "
                             f"expected {image.dtype} {image.shape}")  # fmt: skip
        return made
