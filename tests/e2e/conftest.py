"""The floor of the station tests: one per module, and browsers on it."""

from __future__ import annotations

import pytest
from station_world import Floor, floor


@pytest.fixture(scope="module")
def ground(tmp_path_factory) -> Floor:
    with floor(tmp_path_factory.mktemp("floor")) as built:
        yield built
