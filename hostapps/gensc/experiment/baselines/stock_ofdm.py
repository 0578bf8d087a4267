"""GNU Radio's own OFDM transmitter and receiver, which benchmarks hold ours against."""

from __future__ import annotations

from typing import Any

import numpy as np
import pmt
from numpy.typing import NDArray

from gensc.link.to_end import run_to_end
from gnuradio import analog, blocks, channels, digital, fft, gr
from gnuradio.digital import ofdm_txrx

FFT_LEN, CP_LEN = 64, 16
_OCCUPIED = ofdm_txrx._def_occupied_carriers
_PILOT_CARRIERS = ofdm_txrx._def_pilot_carriers
_PILOT_SYMBOLS = ofdm_txrx._def_pilot_symbols
_LENGTH = "packet_len"
# A tagged frame must fit the buffers of the blocks that handle it whole.
_FRAME_BUFFER = 1 << 16
#: Seconds after which a run is taken to stand still: the receiver's demultiplexer sends for each
#: header and waits for the answer, at the end of a stream now and then for ever (3.10.12).
LIMIT_S = 120.0


def quiet() -> None:
    """Stop the stock blocks from printing a line for every buffer and every bad header."""
    gr.logging().set_default_level(gr.log_levels.warn)


def frame(n_bytes: int, seed: int = 0) -> NDArray[np.complex64]:
    """One frame of `ofdm_tx`, scaled so that its carriers have unit energy (unitary FFT)."""
    data = np.random.default_rng(seed).integers(0, 256, n_bytes, dtype=np.uint8)
    samples = _modulate(data, 1)
    return samples / np.float32(_carrier_scale(samples))


def _modulate(data: NDArray[np.uint8], bits_per_symbol: int) -> NDArray[np.complex64]:
    """The samples `ofdm_tx` makes of one packet."""
    quiet()
    top = gr.top_block()
    source = blocks.vector_source_b(data.tolist(), False)
    tagger = blocks.stream_to_tagged_stream(gr.sizeof_char, 1, len(data), _LENGTH)
    sink = blocks.vector_sink_c()
    transmitter = digital.ofdm_tx(packet_length_tag_key=_LENGTH, bps_payload=bits_per_symbol)
    transmitter.set_min_output_buffer(_FRAME_BUFFER)
    top.connect(source, tagger, transmitter, sink)
    top.run()
    return np.array(sink.data(), dtype=np.complex64)


def _carrier_scale(samples: NDArray[np.complex64]) -> float:
    """Amplitude of the loaded carriers of the header symbol under the unitary FFT."""
    header = samples[2 * (FFT_LEN + CP_LEN) :][CP_LEN : CP_LEN + FFT_LEN]
    carriers = np.abs(np.fft.fft(header, norm="ortho"))
    return float(np.sqrt(np.mean(carriers[carriers > 0.05 * carriers.max()] ** 2)))


class HeaderReceiver(gr.hier_block2):
    """Schmidl & Cox, header demultiplexer, channel estimate and header parser of `ofdm_rx`.

    `ofdm_rx` itself neither tells which headers it decoded nor lets its detection threshold be
    set, so this connects the same stock blocks up to the header parser. Message port
    [header_data]: a dict for each good header, #f for a bad one.
    """

    def __init__(self, threshold: float) -> None:
        gr.hier_block2.__init__(
            self,
            "stock_header_receiver",
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(0, 0, 0),
        )
        self.message_port_register_hier_out("header_data")
        word1 = ofdm_txrx._make_sync_word1(FFT_LEN, _OCCUPIED, _PILOT_CARRIERS)
        word2 = ofdm_txrx._make_sync_word2(FFT_LEN, _OCCUPIED, _PILOT_CARRIERS)
        bpsk = digital.constellation_bpsk()
        sync = digital.ofdm_sync_sc_cfb(FFT_LEN, CP_LEN, False, threshold)
        delay = blocks.delay(gr.sizeof_gr_complex, FFT_LEN + CP_LEN)
        oscillator = analog.frequency_modulator_fc(-2.0 / FFT_LEN)
        mixer = blocks.multiply_cc()
        demux = digital.header_payload_demux(3, FFT_LEN, CP_LEN, "frame_len", "", True)
        chanest = digital.ofdm_chanest_vcvc(word1, word2, 1)
        equalizer = digital.ofdm_equalizer_simpledfe(
            FFT_LEN, bpsk.base(), _OCCUPIED, _PILOT_CARRIERS, _PILOT_SYMBOLS, symbols_skipped=0
        )
        frame_eq = digital.ofdm_frame_equalizer_vcvc(equalizer.base(), CP_LEN, "frame_len", True, 1)
        formatter = digital.packet_header_ofdm(
            _OCCUPIED, 1, _LENGTH, "frame_len", "packet_num", 1, 1, scramble_header=False
        )
        parser = digital.packet_headerparser_b(formatter.formatter())
        self.connect(self, sync)
        self.connect(self, delay, (mixer, 0), (demux, 0))
        self.connect((sync, 0), oscillator, (mixer, 1))
        self.connect((sync, 1), (demux, 1))
        self.connect(
            (demux, 0),
            fft.fft_vcc(FFT_LEN, True, (), True),
            chanest,
            frame_eq,
            digital.ofdm_serializer_vcc(FFT_LEN, _OCCUPIED, "frame_len"),
            digital.constellation_decoder_cb(bpsk.base()),
            parser,
        )
        self.connect((demux, 1), blocks.null_sink(gr.sizeof_gr_complex * FFT_LEN))
        self.msg_connect(parser, "header_data", demux, "header_data")
        self.msg_connect(parser, "header_data", self, "header_data")


class _Counter(gr.basic_block):
    """Counts messages that are not #f."""

    def __init__(self) -> None:
        gr.basic_block.__init__(self, "counter", None, None)
        self.count = 0
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self._handle)

    def _handle(self, message: Any) -> None:
        self.count += not pmt.equal(message, pmt.PMT_F)


def count_headers(samples: NDArray[np.complex64], threshold: float) -> int:
    """Headers that the stock receiver decodes in a recording."""
    quiet()
    top = gr.top_block()
    source = blocks.vector_source_c(samples, False)
    receiver, counter = HeaderReceiver(threshold), _Counter()
    top.connect(source, receiver)
    top.msg_connect(receiver, "header_data", counter, "in")
    run_to_end(top, LIMIT_S)
    return counter.count


class PacketLink(gr.top_block):
    """`ofdm_tx` -> `channel_model` -> `ofdm_rx`, 1500-byte packets.

    QPSK payload: with the default BPSK the packet fits no buffer that `ofdm_tx` lets be set. The
    SNR is that of the header's carriers; GNU Radio 3.10's QPSK payload is 6 dB stronger.
    """

    PACKET = 1500

    def __init__(self, packets: int, snr_db: float) -> None:
        quiet()
        gr.top_block.__init__(self, "stock_packet_link")
        # ofdm_tx's samples are not normalised: the noise is set against their measured scale.
        data = np.random.default_rng(0).integers(0, 256, self.PACKET, dtype=np.uint8)
        scale = _carrier_scale(_modulate(data, 2))
        source = blocks.vector_source_b(data.tolist(), True)
        head = blocks.head(gr.sizeof_char, packets * self.PACKET)
        tagger = blocks.stream_to_tagged_stream(gr.sizeof_char, 1, self.PACKET, _LENGTH)
        noise = scale * 10 ** (-snr_db / 20)
        model = channels.channel_model(noise, 0.0, 1.0, [1.0], 1)
        gate = blocks.tag_gate(gr.sizeof_gr_complex, False)
        self.received = blocks.null_sink(gr.sizeof_char)
        self.samples = blocks.null_sink(gr.sizeof_gr_complex)
        transmitter = digital.ofdm_tx(packet_length_tag_key=_LENGTH, bps_payload=2)
        transmitter.set_min_output_buffer(_FRAME_BUFFER)
        receiver = digital.ofdm_rx(packet_length_tag_key=_LENGTH, bps_payload=2)
        self.connect(source, head, tagger, transmitter, gate, model, receiver, self.received)
        self.connect(model, self.samples)
