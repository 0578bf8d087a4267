"""The layered decoder in NumPy: what the compiled `kernel` is tested against, bit for bit.

Row-layered belief propagation (Hocevar, "A reduced complexity decoder architecture via layered
decoding of LDPC codes", 2004) with the normalised min-sum check rule (Chen and Fossorier, "Near
optimum universal belief propagation based decoding of LDPC codes", 2002). Measured against exact
belief propagation at BLER 1e-2 it loses 0.2 dB with QPSK 1/2 and 0.1 dB with 256-QAM 3/4; an
offset in place of the factor changes nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_LLR = 100.0
"""Channel LLRs are clipped to this: one wildly overconfident symbol must not outvote the rest."""

NORMALISATION = np.float32(0.8125)
"""Factor on check messages that makes up for min-sum's overestimate; best of .7 to .85."""

SIGN_BIT = np.int32(-(2**31))
"""Sign of an IEEE 754 single."""

COMPACT_AT = 0.25
"""Share of finished words in a batch at which the unfinished ones are moved together."""

Layers = list[list[tuple[int, int]]]
"""One layer per block row of the base graph: its (block column, shift) pairs."""


def decode(
    llr: NDArray[np.float32],
    layers: Layers,
    z: int,
    max_iter: int,
    bits: NDArray[np.uint8],
    ok: NDArray[np.bool_],
    iterations: NDArray[np.int32],
) -> None:
    """Decode a batch of words side by side into the output arrays; shapes as in `kernel.decode`."""
    # Words are the last axis, so that a cyclic shift moves whole contiguous rows.
    posterior = np.clip(np.nan_to_num(llr.T, nan=0.0), -MAX_LLR, MAX_LLR)
    posterior = np.ascontiguousarray(posterior, dtype=np.float32)
    alive = np.arange(llr.shape[0])
    finished = np.zeros(llr.shape[0], dtype=bool)
    schedule: _Schedule | None = None
    for iteration in range(max_iter + 1):
        done = _converged(posterior, layers, z)
        leaving = ~finished if iteration == max_iter else done & ~finished
        gone = alive[leaving]
        bits[gone] = (posterior[: bits.shape[1], leaving] < 0).T
        ok[gone] = done[leaving]
        iterations[gone] = iteration
        finished |= leaving
        if finished.all():
            return
        # Moving the state costs about an iteration: only do it once it pays.
        if schedule is None or finished.mean() >= COMPACT_AT:
            stay = ~finished
            messages = None if schedule is None else schedule.messages[..., stay]
            posterior = np.ascontiguousarray(posterior[:, stay])
            alive, finished = alive[stay], finished[stay]
            schedule = _Schedule(layers, z, posterior, messages)
        schedule.iterate()


def checks_hold(hard: NDArray[np.bool_], layers: Layers, z: int) -> NDArray[np.bool_]:
    """Whether hard decisions [n, B] satisfy every parity check; bool [B]."""
    blocks = hard.reshape(-1, z, hard.shape[1])
    holds = np.ones(hard.shape[1], dtype=bool)
    for layer in layers:
        parity = np.zeros(blocks.shape[1:], dtype=bool)
        for column, shift in layer:
            parity[: z - shift] ^= blocks[column, shift:]
            parity[z - shift :] ^= blocks[column, :shift]
        holds &= ~parity.any(axis=0)
    return holds


def _converged(posterior: NDArray[np.float32], layers: Layers, z: int) -> NDArray[np.bool_]:
    """Words [n, B] whose hard decisions are a codeword with no undecided (zero) bit."""
    return checks_hold(posterior < 0, layers, z) & (posterior != 0).all(axis=0)


class _Schedule:
    """One batch's decoder state and the array views that every iteration goes through.

    A cyclic shift is never carried out: each block is read and written as two slices. All views
    are made once per batch, so that an iteration is nothing but ufunc calls on them.
    """

    def __init__(
        self,
        layers: Layers,
        z: int,
        posterior: NDArray[np.float32],
        messages: NDArray[np.float32] | None,
    ) -> None:
        batch = posterior.shape[1]
        edges = sum(len(layer) for layer in layers)
        if messages is None:
            messages = np.zeros((edges, z, batch), dtype=np.float32)
        self.messages = np.ascontiguousarray(messages)
        blocks = posterior.reshape(-1, z, batch)
        widest = max(len(layer) for layer in layers)
        extrinsic = np.empty((widest, z, batch), dtype=np.float32)
        magnitude = np.empty_like(extrinsic)
        self._running_min = np.empty((z, batch), dtype=np.float32)
        self._product = np.empty((z, batch), dtype=np.int32)
        self._layers = []
        edge = 0
        for layer in layers:
            degree = len(layer)
            message = self.messages[edge : edge + degree]
            edge += degree
            moves = []
            for e, (column, shift) in enumerate(layer):
                block, cut = blocks[column], z - shift
                moves.append((block[shift:], message[e, :cut], extrinsic[e, :cut]))
                if shift:
                    moves.append((block[:shift], message[e, cut:], extrinsic[e, cut:]))
            self._layers.append((moves, message, extrinsic[:degree], magnitude[:degree]))

    def iterate(self) -> None:
        """Go once over all layers, updating `posterior` and `messages` in place."""
        for moves, message, extrinsic, magnitude in self._layers:
            for block, old, out in moves:
                np.subtract(block, old, out=out)
            np.abs(extrinsic, out=magnitude)
            magnitude *= NORMALISATION
            self._minimum_of_the_others(magnitude, message)
            # The sign bit of the xor over all edges is the product of all signs; one more xor
            # takes an edge's own sign out of it again.
            # (`magnitude` is free again and serves as scratch; np.copysign is eight times slower.)
            signs, scratch, bits = (a.view(np.int32) for a in (extrinsic, magnitude, message))
            np.bitwise_xor.reduce(signs, axis=0, out=self._product)
            np.bitwise_xor(signs, self._product, out=scratch)
            np.bitwise_and(scratch, SIGN_BIT, out=scratch)
            np.bitwise_or(bits, scratch, out=bits)
            for block, new, extr in moves:
                np.add(extr, new, out=block)

    def _minimum_of_the_others(
        self, magnitude: NDArray[np.float32], out: NDArray[np.float32]
    ) -> None:
        """out[e] = min over e' != e of magnitude[e'], from running minima of both directions."""
        degree = len(magnitude)
        np.copyto(out[1], magnitude[0])
        for e in range(2, degree):
            np.minimum(out[e - 1], magnitude[e - 1], out=out[e])
        np.copyto(out[0], magnitude[degree - 1])
        running = self._running_min
        np.copyto(running, magnitude[degree - 1])
        for e in range(degree - 2, 0, -1):
            np.minimum(out[e], running, out=out[e])
            np.minimum(running, magnitude[e], out=running)
        np.copyto(out[0], running)
