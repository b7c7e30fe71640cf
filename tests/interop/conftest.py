"""A served application for other people's exporters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from netra.storage.embedded.engines import EngineUrls
from testkit.served_apex import ServedApex


@pytest.fixture(scope="session")
def served(engine_urls: EngineUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedApex]:
    """The application, without a worker: the test drains."""
    home: Path = tmp_path_factory.mktemp("interop")
    with ServedApex(engine_urls, home).running() as server:
        yield server
