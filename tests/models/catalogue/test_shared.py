"""Networks that are shared: loaded once, as long as somebody uses them, and never a stale one."""

import gc
import json
import threading
import weakref
from dataclasses import replace

import pytest

from gensc_models import CodecConfig, JsccCodec, WeightsError
from gensc_models.catalogue.shared import shared_codec
from small_network import SMALL


@pytest.fixture
def folder(tmp_path):
    JsccCodec(CodecConfig("small", network=SMALL)).save_pretrained(tmp_path / "small")
    return tmp_path / "small"


def test_the_same_weights_are_one_object_however_they_are_named(folder, monkeypatch):
    monkeypatch.setenv("GENSC_WEIGHTS", str(folder.parent))
    codec = shared_codec("small")
    assert shared_codec(folder) is codec
    assert shared_codec(str(folder.parent / "." / "small")) is codec


def test_other_weights_are_another_object(folder):
    assert shared_codec(folder) is not shared_codec("softcast")


def test_weights_that_have_changed_on_disk_are_loaded_again(folder):
    before = shared_codec(folder)
    other = replace(before.config, network=replace(SMALL, condition=16))
    JsccCodec(other).save_pretrained(folder)
    after = shared_codec(folder)
    assert after is not before
    assert after.config.network.condition == 16


def test_what_nobody_uses_is_forgotten(folder):
    seen = weakref.ref(shared_codec(folder))
    gc.collect()
    assert seen() is None


def test_threads_that_ask_at_once_get_one_object(folder):
    got, together = [], threading.Barrier(8)

    def ask():
        together.wait()
        got.append(shared_codec(folder))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len({id(codec) for codec in got}) == 1


def test_what_is_missing_or_damaged_is_named(folder):
    with pytest.raises(WeightsError, match="'nobody'"):
        shared_codec("nobody")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"sha256": "0" * 64}))
    with pytest.raises(WeightsError, match="damaged"):
        shared_codec(folder)
