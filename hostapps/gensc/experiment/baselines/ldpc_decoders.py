"""LDPC decoders that know nothing of each other, on one parity-check matrix.

All of them are asked for the all-zero word: it is a codeword of every linear code, and on a
symmetric channel it fails as often as any other. So none needs an encoder.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gensc_phy.coding.ldpc import reference
from gensc_phy.coding.ldpc.quasi_cyclic import QuasiCyclicCode

Words = NDArray[np.float32]
Decode = Callable[[Words], NDArray[np.uint8]]
"""LLRs [B, n] to hard decisions, uint8 [B, at least 1]."""

SIGMA_FACTOR = 0.57
"""`fec.ldpc_decoder` works best with this times the deviation of the noise."""


@dataclass(frozen=True)
class Decoder:
    """One decoder.

    Attributes:
        name: as tables show it.
        rule: its check rule, in words.
        decode: of many words.
        words: how many words it gets, so that no decoder takes minutes.
    """

    name: str
    rule: str
    decode: Decode
    words: int


def decoders(
    code: QuasiCyclicCode, snr_db: float, iterations: int, words: int, slow_words: int
) -> list[Decoder]:
    """The decoders that are installed, for a code; `snr_db` is E/N0 per real antipodal symbol."""
    made = [
        Decoder("gr-gensc", "box-plus, layered", _compiled(code, iterations), words),
        Decoder("gr-gensc in NumPy", "the same", _numpy(code, iterations), slow_words),
        Decoder("GNU Radio fec", "sum-product", _fec(code, snr_db, iterations), slow_words),
        Decoder("commpy", "sum-product", _commpy(code, "SPA", iterations), slow_words),
    ]
    if find_spec("pyldpc") is not None:  # only where an old pip could build it
        made.append(Decoder("pyldpc", "sum-product", _pyldpc(code, iterations), slow_words))
    return made


def _compiled(code: QuasiCyclicCode, iterations: int) -> Decode:
    return lambda llr: code.decode(llr, iterations).bits


def _numpy(code: QuasiCyclicCode, iterations: int) -> Decode:
    def decode(llr: Words) -> NDArray[np.uint8]:
        bits = np.empty((len(llr), code.k), dtype=np.uint8)
        ok, spent = np.zeros(len(llr), dtype=bool), np.zeros(len(llr), dtype=np.int32)
        reference.decode(llr, code.layers, code.z, iterations, bits, ok, spent)
        return bits

    return decode


def _commpy(code: QuasiCyclicCode, rule: str, iterations: int) -> Decode:
    from commpy.channelcoding.ldpc import ldpc_bp_decode
    from scipy.sparse import csr_matrix

    params = {
        "n_vnodes": code.n,
        "parity_check_matrix": csr_matrix(code.parity_check_matrix().astype(np.int8)),
    }

    def decode(llr: Words) -> NDArray[np.uint8]:
        found = [ldpc_bp_decode(word.astype(float), params, rule, iterations)[0] for word in llr]
        return np.array(found, dtype=np.uint8).reshape(len(llr), -1)

    return decode


def _pyldpc(code: QuasiCyclicCode, iterations: int) -> Decode:
    from pyldpc import utils
    from pyldpc.decoder import _logbp_numba

    h = code.parity_check_matrix().astype(int)
    graph = utils._bitsandnodes(h)

    def one(word: Words) -> NDArray[np.uint8]:
        # `pyldpc.decode` refuses irregular codes; this is the loop that it would run.
        channel = word.astype(float)[:, None]
        to_check, to_bit = np.zeros((*h.shape, 1)), np.zeros((*h.shape, 1))
        for step in range(iterations):
            to_check, to_bit, posterior = _logbp_numba(*graph, channel, to_check, to_bit, step)
            hard = (posterior <= 0).astype(int)
            if utils.incode(h, hard):
                break
        return hard[:, 0].astype(np.uint8)

    return lambda llr: np.stack([one(word) for word in llr])


def _fec(code: QuasiCyclicCode, snr_db: float, iterations: int) -> Decode:
    from gnuradio import blocks, fec, gr

    sigma = math.sqrt(0.5 * 10 ** (-snr_db / 10))
    with tempfile.TemporaryDirectory() as folder:
        alist = Path(folder) / "code.alist"
        alist.write_text(_alist(code.parity_check_matrix()))
        try:
            # GNU Radio 3.10.5 takes amplitudes and weighs them itself, 3.10.12 LLRs.
            core = fec.ldpc_decoder.make(str(alist), SIGMA_FACTOR * sigma, iterations)
            scale = sigma**2 / 2
        except TypeError:
            core, scale = fec.ldpc_decoder.make(str(alist), iterations), 1.0

    def decode(llr: Words) -> NDArray[np.uint8]:
        flowgraph = gr.top_block()
        # A positive one is a 1.
        source = blocks.vector_source_f((-scale * llr.ravel()).tolist(), False)
        decoder = fec.decoder(core, gr.sizeof_float, gr.sizeof_char)
        sink = blocks.vector_sink_b()
        flowgraph.connect(source, decoder, sink)
        flowgraph.run()
        return np.array(sink.data(), dtype=np.uint8).reshape(len(llr), -1)

    return decode


def _alist(h: NDArray[np.uint8]) -> str:
    """A parity-check matrix in MacKay's format."""
    columns = [np.flatnonzero(column) + 1 for column in h.T]
    rows = [np.flatnonzero(row) + 1 for row in h]
    widest = max(map(len, columns)), max(map(len, rows))
    lines = [
        f"{h.shape[1]} {h.shape[0]}",
        f"{widest[0]} {widest[1]}",
        " ".join(str(len(entry)) for entry in columns),
        " ".join(str(len(entry)) for entry in rows),
    ]
    for entries, width in zip((columns, rows), widest, strict=True):
        lines += [" ".join(map(str, np.pad(entry, (0, width - len(entry))))) for entry in entries]
    return "\n".join(lines) + "\n"
