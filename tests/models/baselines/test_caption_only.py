"""Caption alone: what is sent, and what the receiver is told to draw."""

import pytest

from artist import CAPTION, IMAGE, MASK, ROOM, Artist
from gensc_models.baselines import Budget, CaptionOnly, Reception


def test_a_caption_is_all_that_is_sent_and_all_that_is_drawn():
    artist = Artist()
    scheme = CaptionOnly(artist)
    sent = scheme.send(IMAGE, CAPTION, MASK, ROOM)
    assert (sent.text, sent.bits, len(sent.symbols)) == (CAPTION, b"", 0)
    assert sent.cost(ROOM) == 4 * len(CAPTION)
    assert scheme.receive(sent.intact(), seed=7).shape == IMAGE.shape
    assert artist.asked == [(CAPTION, 40, 56, 7)]
    assert scheme.name == "caption-only (artist)"


def test_a_caption_that_does_not_fit_is_cut_and_none_at_all_is_refused():
    scheme = CaptionOnly(Artist())
    small = Budget(60, ROOM.text_symbols, ROOM.bits_symbols)
    assert scheme.send(IMAGE, CAPTION, MASK, small).text == "A red cat."
    none = Budget(3, ROOM.text_symbols, ROOM.bits_symbols)
    with pytest.raises(ValueError, match="3 symbols carry no word"):
        scheme.send(IMAGE, CAPTION, MASK, none)


def test_a_lost_caption_still_gives_a_picture():
    assert CaptionOnly(Artist()).receive(Reception(8, 9)).shape == (8, 9, 3)


def test_images_and_masks_that_are_none_are_refused():
    scheme = CaptionOnly(Artist())
    with pytest.raises(ValueError, match="expected uint8"):
        scheme.send(IMAGE.astype(float), CAPTION, MASK, ROOM)
    with pytest.raises(ValueError, match="mask must be bool"):
        scheme.send(IMAGE, CAPTION, MASK[:3], ROOM)
