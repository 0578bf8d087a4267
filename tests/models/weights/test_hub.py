"""Where the hub does not answer, libraries look into its cache at once; errors are one line."""

import io
import logging
from urllib.error import HTTPError, URLError

import pytest
from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import LocalEntryNotFoundError

from gensc_models.weights import hub
from gensc_models.weights.hub import LONGEST_REASON, UnavailableError, hub_answers, impatient_hub


@pytest.fixture(autouse=True)
def forget_what_the_hub_said():
    hub_answers.cache_clear()
    yield
    hub_answers.cache_clear()


def answer(monkeypatch, outcome):
    """The hub does this when it is asked; returns the list of questions."""
    asked = []

    def urlopen(request, timeout):
        asked.append(request.full_url)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(hub, "urlopen", urlopen)
    return asked


def test_a_hub_that_refuses_is_there_and_one_without_address_is_not(monkeypatch):
    answer(monkeypatch, HTTPError("u", 403, "no", {}, io.BytesIO()))
    assert hub_answers()
    hub_answers.cache_clear()
    answer(monkeypatch, URLError("no such host"))
    assert not hub_answers()


def test_the_hub_is_asked_once(monkeypatch):
    asked = answer(monkeypatch, io.BytesIO())
    assert hub_answers()
    assert hub_answers()
    assert asked == [constants.ENDPOINT]


def test_without_a_hub_only_its_cache_is_looked_at(monkeypatch, tmp_path):
    answer(monkeypatch, TimeoutError())
    with impatient_hub(), pytest.raises(LocalEntryNotFoundError):
        hf_hub_download("some/model", "file.bin", cache_dir=tmp_path)
    assert not constants.HF_HUB_OFFLINE


def test_a_hub_that_answers_is_used(monkeypatch):
    answer(monkeypatch, io.BytesIO())
    with impatient_hub():
        assert not constants.HF_HUB_OFFLINE


def test_whoever_works_offline_stays_so_and_logging_comes_back(monkeypatch):
    answer(monkeypatch, io.BytesIO())
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    before = logging.root.manager.disable
    with impatient_hub():
        assert constants.HF_HUB_OFFLINE
        assert not logging.getLogger("any").isEnabledFor(logging.ERROR)
    assert constants.HF_HUB_OFFLINE
    assert logging.root.manager.disable == before


def test_the_message_is_one_line_of_bounded_length():
    assert str(UnavailableError("CLIP", "a\n  b")) == "CLIP (a b)"
    assert str(UnavailableError("CLIP", KeyError())) == "CLIP (KeyError)"
    assert len(str(UnavailableError("CLIP", "x" * 999))) == len("CLIP ()") + LONGEST_REASON
