"""Signal processing in Python takes turns.

NumPy lets go of the interpreter lock around every array operation. Two blocks that compute at the
same time then hand it to each other hundreds of times a burst, and each hand-over costs more than
the operation: transmitter and receiver in one flowgraph are faster when one waits until the other
has finished its burst. Nothing that may wait (sending messages) happens in a turn.
"""

from __future__ import annotations

import threading

TURN = threading.Lock()
"""Held while a block modulates or demodulates."""
