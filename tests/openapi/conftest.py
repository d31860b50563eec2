# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from demo_fleet import Fleet  # noqa: E402


@pytest.fixture
def fleet(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.start()
    yield fleet
    fleet.kill()
