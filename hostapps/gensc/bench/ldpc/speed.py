"""How fast: the decoder beside others, and every step of the chain; one thread, processor time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from gensc.experiment.baselines.ldpc_decoders import decoders
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.coding import ldpc, qam
from gensc_phy.coding.bits import decode_bits, encode_bits
from gensc_phy.coding.mcs import Mcs

#: E/N0 per antipodal symbol at which the decoders are compared: a few iterations each.
SNR_DB = -1.2
ITERATIONS = 30
#: Bytes of the payload that the chain is timed with: eight blocks.
PAYLOAD_BYTES = 8 * 1052


def decoder_rows(words: int, slow_words: int) -> list[dict[str, Any]]:
    """All decoders on the IEEE 802.11n code of 1944 bits and rate 1/2, one word at a time."""
    code = ldpc.code(1944, "1/2")
    rng = np.random.default_rng(5)
    variance = 0.5 * 10 ** (-SNR_DB / 10)
    sent = 1 + rng.normal(size=(words, code.n)) * np.sqrt(variance)
    llr = (2 * sent / variance).astype(np.float32)
    rows: list[dict[str, Any]] = []
    for decoder in decoders(code, SNR_DB, ITERATIONS, words, slow_words):
        decoder.decode(llr[:1])
        # GNU Radio gets its words in one stream: starting a flowgraph for each is no decoding.
        at_once = decoder.name == "GNU Radio fec"
        batches = [llr[: decoder.words]] if at_once else list(llr[: decoder.words, None])
        start = time.process_time()
        failed = sum(int(decoder.decode(batch).any(axis=1).sum()) for batch in batches)
        milliseconds = 1e3 * (time.process_time() - start) / decoder.words
        rows.append({
            "what": "decoder", "name": decoder.name, "rule": decoder.rule,
            "words": decoder.words, "failed": failed, "ms_per_word": milliseconds,
            "mbit_per_s": code.k / milliseconds / 1e3,
        })  # fmt: skip
    for row in rows:
        row["times_slower"] = row["ms_per_word"] / rows[0]["ms_per_word"]
    return rows


def chain_row(mcs: Mcs, repeats: int) -> dict[str, Any]:
    """Encoder, demapper and decoder of one scheme, 0.5 dB above its threshold."""
    snr_db = mcs.threshold_db + 0.5
    variance = 10 ** (-snr_db / 10)
    rng = np.random.default_rng(6)
    payload = rng.bytes(PAYLOAD_BYTES)
    symbols = encode_bits(payload, mcs)
    received = symbols + complex_noise(symbols.size, variance, rng)
    bits = 8 * PAYLOAD_BYTES
    noise_var = np.full(symbols.size, variance, dtype=np.float32)
    return {
        "what": "chain", "mcs": mcs.index, "name": mcs.name, "snr_db": snr_db,
        "encode_mbit_per_s": bits / _seconds(lambda: encode_bits(payload, mcs), repeats) / 1e6,
        "demap_msymbol_per_s": symbols.size / 1e6 / _seconds(
            lambda: qam.soft_demap(received, noise_var, mcs.bits_per_symbol), repeats
        ),
        "decode_mbit_per_s": bits / 1e6 / _seconds(
            lambda: decode_bits(received, noise_var, PAYLOAD_BYTES, mcs), repeats
        ),
    }  # fmt: skip


def _seconds(work: Callable[[], object], repeats: int) -> float:
    """Least processor time of a few runs, after one that loads what is compiled."""
    work()
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return max(min(spent), 1e-6)
