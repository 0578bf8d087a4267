"""Settings of all tests, and what several of them stand on."""

import resource
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="module")
def gened_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Folder of a small dual-branch codec's weights, which burst headers find as well."""
    from small_gened import small_codec

    folder = tmp_path_factory.mktemp("weights")
    small_codec().save_pretrained(folder / "tiny-gened")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENSC_WEIGHTS", str(folder))
        yield str(folder / "tiny-gened")


@pytest.fixture
def air(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Fakes of the drivers of radios; see `fake_radios.Air`."""
    from fake_radios import fake_air

    return fake_air(monkeypatch)


@pytest.fixture
def full_at() -> Iterator[Callable[[int], None]]:
    """Lets no file of this process grow beyond so many bytes, as if the disk were full there."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)
