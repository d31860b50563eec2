# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from fleet import BUILD, Fleet  # noqa: E402


@pytest.fixture
def fleet(tmp_path):
    if not (BUILD / "mp-server").exists() or not (BUILD / "mp").exists():
        pytest.skip(f"{BUILD} has no mp-server or no mp")
    fleet = Fleet(tmp_path)
    fleet.start()
    yield fleet
    fleet.kill()
