"""What the experiments of GVIF-CIE call things, and the limits they share."""

from __future__ import annotations

CIE, UNFILTERED, JPEG2000, TEXT = "cie", "codec without filtering", "jpeg2000", "text only"
CAPACITY, BURST = "capacity", "burst"
#: As figures say them.
LABELS = {
    CIE: "GVIF-CIE",
    JPEG2000: "JPEG 2000, same bytes",
    CAPACITY: "capacity (Eq. 8)",
    BURST: "burst waveform",
    "gvif_within_limits": "expected GVIF within both limits",
    "mask_psnr": "mask PSNR, dB",
    "mask_psnr_db": "mask PSNR of GVIF-CIE, dB",
}
BANDWIDTH_HZ = 1e6
#: Least mask PSNR, D0.
FLOOR_DB = 30.0
#: alpha_th. The paper has 0.8 for its class activation maps; the learned importance is flatter on
#: top: a tenth to a fifth of the blocks lie above 0.8.
ALPHA_MAX = 0.95
