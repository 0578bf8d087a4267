"""Caption with mask: what is sent, and what the receiver is told to draw."""

import numpy as np
import pytest

from artist import CAPTION, IMAGE, MASK, ROOM, Artist
from gensc_models.baselines import Budget, CaptionMask, Reception


def caption_mask(**options):
    artist = Artist()
    return CaptionMask(artist, artist, **options), artist


def test_the_receiver_paints_the_mask_in_the_colours_of_foreground_and_background():
    scheme, artist = caption_mask()
    sent = scheme.send(IMAGE, CAPTION, MASK, ROOM)
    assert len(sent.symbols) == 0
    assert sent.cost(ROOM) == 4 * len(CAPTION) + 8 * len(sent.bits)
    assert scheme.receive(sent.intact(), seed=3).shape == IMAGE.shape
    [(prompt, layout, mask, seed)] = artist.asked
    assert (prompt, seed) == (CAPTION, 3)
    assert np.array_equal(mask, MASK)
    for where in (MASK, ~MASK):
        assert np.ptp(layout[where], axis=0).tolist() == [0, 0, 0]
        assert layout[where].mean(axis=0) == pytest.approx(IMAGE[where].mean(axis=0), abs=0.5)


def test_the_mask_goes_as_squares_that_are_more_foreground_than_not():
    scheme, artist = caption_mask()
    ragged = MASK.copy()
    ragged[::5] = False
    ragged[20, 50] = True
    scheme.receive(scheme.send(IMAGE, CAPTION, ragged, ROOM).intact())
    assert np.array_equal(artist.asked[0][2], MASK)


@pytest.mark.parametrize("everything", [True, False])
def test_what_has_no_foreground_or_no_background_is_sent_too(everything):
    scheme, artist = caption_mask()
    mask = np.full(MASK.shape, everything)
    scheme.receive(scheme.send(IMAGE, CAPTION, mask, ROOM).intact())
    layout = artist.asked[0][1]
    assert layout[0, 0] == pytest.approx(IMAGE.mean(axis=(0, 1)), abs=0.5)
    assert np.ptp(layout.reshape(-1, 3), axis=0).tolist() == [0, 0, 0]


def test_where_the_mask_is_lost_the_caption_is_drawn_alone():
    scheme, artist = caption_mask()
    picture = scheme.receive(Reception(40, 56, CAPTION), seed=2)
    assert picture.shape == IMAGE.shape
    assert artist.asked == [(CAPTION, 40, 56, 2)]


def test_mask_before_caption_where_both_do_not_fit():
    scheme, _ = caption_mask()
    mask = len(scheme.send(IMAGE, CAPTION, MASK, ROOM).bits)
    small = Budget(8 * mask + 60, ROOM.text_symbols, ROOM.bits_symbols)
    sent = scheme.send(IMAGE, CAPTION, MASK, small)
    assert (sent.text, len(sent.bits)) == ("A red cat.", mask)
    with pytest.raises(ValueError, match="do not carry a mask"):
        scheme.send(IMAGE, CAPTION, MASK, Budget(8 * mask, ROOM.text_symbols, ROOM.bits_symbols))


def test_of_several_pictures_the_one_whose_foreground_is_like_the_mask_is_shown():
    def importance(picture):
        likes = {4: 0.1, 5: 0.9, 6: 0.4}[int(picture[0, 0, 0])]
        return np.where(MASK, 1.0, 0.0) * (likes > 0.5)

    scheme, artist = caption_mask(importance=importance, candidates=3)
    sent = scheme.send(IMAGE, CAPTION, MASK, ROOM)
    assert np.unique(scheme.receive(sent.intact(), seed=4)).tolist() == [5]
    assert [asked[-1] for asked in artist.asked] == [4, 5, 6]
    with pytest.raises(ValueError, match="candidates"):
        caption_mask(candidates=2)


@pytest.mark.parametrize("bits", [b"abc", bytes(6), bytes(9)])
def test_bits_that_are_none_of_the_scheme_are_refused(bits):
    with pytest.raises(ValueError, match="mask"):
        caption_mask()[0].receive(Reception(40, 56, CAPTION, bits))


def test_images_and_masks_that_are_none_are_refused():
    scheme = caption_mask()[0]
    with pytest.raises(ValueError, match="expected uint8"):
        scheme.send(IMAGE.astype(float), CAPTION, MASK, ROOM)
    with pytest.raises(ValueError, match="mask must be bool"):
        scheme.send(IMAGE, CAPTION, MASK[:3], ROOM)
