"""What is asked of captioners and editors, with the demands of GenED-SC, section IV-D."""

from __future__ import annotations

DESCRIBE = (
    "Write a caption from which a painter who never saw this picture could paint it again. "
    "Begin with the scene and its mood. Name every main object with its number, colour and look. "
    "Say where in the frame each one is (top, bottom, left, right, centre) and how they stand to "
    "each other (above, below, in front, behind), then what the background is and where they are "
    "in it. Plain sentences, the most important first, no guesses, at most {limit} characters."
)
"""Asks for a caption; ``limit`` is a number of characters."""

RESTORE = (
    "Restore this picture, which a noisy radio link has blurred: make it sharp and detailed. Keep "
    "every object, its place, shape and colour, the composition, and the brightness of each part "
    "as they are. It shows: {caption}"
)
"""Asks an instruction-following editor for the picture; ``caption`` came over the link."""

RESTORE_BRIEFLY = (
    "Make this blurred picture of {caption} sharp and detailed, with everything in its place."
)
"""The same for editors that read a few dozen words only (CLIP: 77 tokens)."""

UNKNOWN = "the same scene"
"""Stands for a caption that did not arrive."""


def describe(limit: int) -> str:
    """The question for a caption of at most ``limit`` characters."""
    return DESCRIBE.format(limit=limit)


def restore(caption: str, briefly: bool = False) -> str:
    """The instruction for an editor."""
    template = RESTORE_BRIEFLY if briefly else RESTORE
    return template.format(caption=caption.strip() or UNKNOWN)
