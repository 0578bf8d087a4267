"""image_display: the last image in a Qt widget."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

# In a process of its own: Qt wants to be told its platform before anything else.
SCRIPT = """
import sys
from PyQt5 import QtWidgets
app = QtWidgets.QApplication(sys.argv)
from gnuradio import gensc, gr
from pdu_blocks import Feed, image_pdu, junk, run, smooth_image
display = gensc.image_display("Received", 200, 150)
display.widget.resize(300, 260)
display.widget.show()
flowgraph = gr.top_block()
feed = Feed("image", [*junk(), image_pdu(smooth_image(90, 120), 7, snr_db=9.54, fragments=3,
                                         fragments_received=2)])
flowgraph.msg_connect(feed, "image", display, "image")
run(flowgraph)
assert (display.shown, display.dropped) == (1, len(junk())), (display.shown, display.dropped)
for _ in range(20):
    app.processEvents()
labels = display.widget.findChildren(QtWidgets.QLabel)
texts = [label.text().replace("\\xa0", " ") for label in labels]
assert "image 7   120×90   9.5 dB   2 of 3 fragments" in texts, texts
assert "Received" in texts
display.widget.grab().save(sys.argv[1])
from gnuradio.gensc.image_display import caption
from gnuradio.gensc.metadata import Metadata
import numpy as np
told = caption(Metadata(image_id=7, shape=(16, 64, 3), point=9, complete=False,
                        keep=np.array([True, False, False, False]))).replace("\\xa0", " ")
assert told == "image 7   64×16   point 9   25% of the blocks   damaged", told
told = caption(Metadata(image_id=7, shape=(16, 64, 3), edit="blended",
                        keep=np.array([True, False, False, False]))).replace("\\xa0", " ")
assert told == "image 7   64×16   25% foreground   edit blended", told
assert caption(Metadata(image_id=7, edit="accepted")).endswith("   edited")
# A line breaks between the parts only.
assert caption(Metadata(image_id=7, snr_db=9.54)).split(" ")[0] == "image\\xa07"
"""


def test_an_image_is_shown_with_what_is_known_about_it(tmp_path):
    picture = tmp_path / "widget.png"
    env = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(Path(__file__).parents[1] / "helpers"),
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(picture)],
        env=env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    middle = np.asarray(Image.open(picture).convert("RGB"))[80:180, 100:200]
    assert middle.std() > 20
