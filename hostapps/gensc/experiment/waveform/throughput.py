"""Samples per second of whole flowgraphs: transmitter, channel and receiver together."""

from __future__ import annotations

import gc
import time

import numpy as np
import pmt

from gensc.experiment.baselines.stock_ofdm import LIMIT_S, PacketLink
from gensc.link.to_end import run_to_end
from gensc_phy import Header, Section, WaveformConfig, split
from gensc_phy.channel.impairments import complex_noise
from gnuradio import blocks, channels, gensc, gr
from gnuradio.gensc.metadata import Metadata, make_pdu

SNR_DB = 20.0
#: Of a link that stands still.
TRIES = 3


def our_link(bursts: int, payload_symbols: int = WaveformConfig().max_payload_symbols) -> float:
    """`burst_tx` -> `channel_model` -> `burst_rx`, analog bursts of `payload_symbols` OFDM symbols.

    Returns:
        Samples per second through the channel.

    Raises:
        RuntimeError: when not every burst arrives; the figure would mean nothing.
    """
    cfg = WaveformConfig(max_payload_symbols=payload_symbols)
    payload = complex_noise(cfg.max_payload, 1.0, np.random.default_rng(0))
    top = gr.top_block("our_link")
    transmitter = gensc.burst_tx(cfg, max_queue=bursts)
    model = channels.channel_model(10 ** (-SNR_DB / 20), 0.0, 1.0, [1.0], 1)
    # The stock link ends in a null sink: ours ends in a C++ block, too, which takes no turn at
    # the interpreter.
    receiver, collector = gensc.burst_rx(cfg), blocks.message_debug()
    gate = blocks.tag_gate(gr.sizeof_gr_complex, False)
    top.connect(transmitter, gate, model, receiver)
    top.msg_connect(receiver, "fragment", collector, "store")
    for i in range(bursts):
        whole = Header(0, i, 1, Section.ANALOG, 0, 0, 1, 32, 256, 256, len(payload))
        ((header, symbols),) = split(whole, payload, cfg)
        transmitter.to_basic_block()._post(
            pmt.intern("fragment"), make_pdu(Metadata.of_header(header), symbols)
        )
    samples = bursts * (cfg.burst_len(len(payload)) + cfg.gap)
    # Flowgraphs of earlier rounds are cyclic garbage, which the collector would visit meanwhile.
    gc.collect()
    start = time.perf_counter()
    top.start()
    while collector.num_messages() < bursts and time.perf_counter() - start < 120:
        time.sleep(0.01)
    seconds = time.perf_counter() - start
    top.stop()
    top.wait()
    if collector.num_messages() < bursts:
        raise RuntimeError(f"{collector.num_messages()} of {bursts} bursts received at {SNR_DB} dB")
    return samples / seconds


def stock_payload_symbols() -> int:
    """OFDM symbols of the stock packet's payload: 1500 bytes and CRC-32 in QPSK."""
    return -(-(PacketLink.PACKET + 4) * 4 // WaveformConfig().n_data)


def stock_link(packets: int) -> float:
    """`ofdm_tx` -> `channel_model` -> `ofdm_rx`, 1500-byte packets; samples per second.

    Raises:
        RuntimeError: it has stood still each time; see `LIMIT_S`.
    """
    for _ in range(TRIES):
        top = PacketLink(packets, SNR_DB)
        gc.collect()
        start = time.perf_counter()
        if run_to_end(top, LIMIT_S):
            return float(top.samples.nitems_read(0) / (time.perf_counter() - start))
    raise RuntimeError(f"GNU Radio's own link stood still {TRIES} times")
