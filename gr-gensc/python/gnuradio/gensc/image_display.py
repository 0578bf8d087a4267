"""Image display block (Qt)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt5 import QtCore, QtGui, QtWidgets

from . import panes
from .message_ports import message_block
from .metadata import Metadata, read_image

_Alignment = QtCore.Qt.AlignmentFlag


def _label(text: str, vertical: _Alignment = _Alignment.AlignVCenter) -> QtWidgets.QLabel:
    label = QtWidgets.QLabel(text)
    label.setAlignment(QtCore.Qt.Alignment(_Alignment.AlignHCenter) | vertical)
    return label


class _Picture(QtWidgets.QWidget):
    """A picture that fills the widget, its proportions kept, with a line of text below it."""

    # From the block's thread to Qt's.
    arrived = QtCore.pyqtSignal(object, str)

    def __init__(self, title: str, width: int, height: int) -> None:
        super().__init__()
        self._pixmap = QtGui.QPixmap()
        self._title = _label(title)
        self._picture = _label("no image received yet")
        self._picture.setStyleSheet("background: #202124; color: #9aa0a6")
        self._picture.setMinimumSize(width, height)
        self._picture.setSizePolicy(QtWidgets.QSizePolicy.Ignored, QtWidgets.QSizePolicy.Ignored)
        self._caption = _label("", _Alignment.AlignTop)
        self._caption.setWordWrap(True)
        # Room for three lines: a long caption must make no picture smaller than its neighbours.
        self._caption.setMinimumHeight(3 * self._caption.fontMetrics().lineSpacing())
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self._title)
        layout.addWidget(self._picture, stretch=1)
        layout.addWidget(self._caption)
        self._title.setVisible(bool(title))
        self.arrived.connect(self._show)

    def _show(self, image: NDArray[np.uint8], caption: str) -> None:
        height, width, _ = image.shape
        pixels = QtGui.QImage(image.tobytes(), width, height, 3 * width, QtGui.QImage.Format_RGB888)
        # fromImage copies: the bytes above may go.
        self._pixmap = QtGui.QPixmap.fromImage(pixels)
        self._caption.setText(caption)
        self._fit()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Qt: the widget has another size."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if not self._pixmap.isNull():
            self._picture.setPixmap(
                self._pixmap.scaled(
                    self._picture.size(),
                    QtCore.Qt.AspectRatioMode.KeepAspectRatio,
                    QtCore.Qt.TransformationMode.SmoothTransformation,
                )
            )


class image_display(message_block):
    """Shows the last [image] in a Qt window or layout, with its number, SNR and fragments.

    Displays of one group show one and the same image (its key: session, number, size): the newest
    that all of them have got. With an original among them the others also say their PSNR.

    Args:
        title: a line above the picture.
        width, height: least size in pixels.
        group: name of the displays that belong together; "" is for this one alone.
        original: this one shows what was sent.

    Attributes:
        widget: what goes into a Qt layout.
        shown: images that have arrived so far.
    """

    def __init__(
        self,
        title: str = "",
        width: int = 320,
        height: int = 240,
        group: str = "",
        original: bool = False,
    ) -> None:
        message_block.__init__(self, "image_display")
        self.widget = _Picture(title, int(width), int(height))
        self.shown = 0
        self._panes = panes.group(group)
        self._pane = panes.Pane(self._show, bool(original))
        self._panes.join(self._pane)
        self.setup_ports({"image": self._image}, limits={"image": None})

    def _image(self, pdu: Any) -> None:
        metadata, image = read_image(pdu)
        self.shown += 1
        self._panes.put(self._pane, metadata, np.array(image))

    def _show(self, metadata: Metadata, image: NDArray[np.uint8], psnr_db: float | None) -> None:
        self.widget.arrived.emit(image, caption(metadata, psnr_db))


def caption(metadata: Metadata, psnr_db: float | None = None) -> str:
    """What is known about an image, in one line."""
    height, width, _ = metadata.shape or (0, 0, 3)
    parts = [f"{width}×{height}"]
    if metadata.name is not None:
        parts.insert(0, metadata.name)
    if metadata.session is not None:
        parts.insert(0, str(metadata.key))
    elif metadata.name is None:
        parts.insert(0, f"image {metadata.image_id}")
    if psnr_db is not None:
        parts.append("exact" if math.isinf(psnr_db) else f"PSNR {psnr_db:.1f} dB")
    if metadata.snr_db is not None:
        parts.append(f"{metadata.snr_db:.1f} dB")
    if metadata.fragments_received is not None:
        parts.append(f"{metadata.fragments_received} of {metadata.fragments} fragments")
    if metadata.point is not None:
        parts.append(f"point {metadata.point}")
    if metadata.keep is not None:
        # Where blocks were left out, an operating point says how the others were coded.
        what = "foreground" if metadata.point is None else "of the blocks"
        parts.append(f"{metadata.keep.mean():.0%} {what}")
    if metadata.complete is False:
        parts.append("damaged")
    if metadata.refiner is not None:
        parts.append("refined")
    if metadata.edit is not None:
        parts.append("edited" if metadata.edit == "accepted" else f"edit {metadata.edit}")
    # Lines break between the parts only.
    return "   ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)
