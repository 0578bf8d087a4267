"""driver_output: letters of drivers are counted and do not reach standard output."""

import subprocess
import sys

PROGRAM = """
import os, sys, time
from gensc.link.driver_output import caught

with caught() as printed:
    for letter in (b"O", b"O", b"U"):
        os.write(1, letter)
        time.sleep(0.05)
    os.write(1, b"Opened a device\\n")
    print("words of a driver")
print(printed.overflows, printed.underflows)
"""


def test_overflows_and_underflows_are_counted_and_words_go_to_standard_error():
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "2 1\n"
    assert "Opened a device" in ran.stderr
    assert "words of a driver" in ran.stderr
