# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lwm2m_rest"))

from demo_fleet import Fleet  # noqa: E402
from ports import free_port  # noqa: E402


@pytest.fixture
def fleet(tmp_path):
    fleet = Fleet(tmp_path)
    fleet.coap_port = free_port()
    fleet.bootstrap_port = free_port()
    fleet.options += ["--bootstrap-coap-port", str(fleet.bootstrap_port), "--coap-port", str(fleet.coap_port), "--open-registration", "--awake", "1"]
    fleet.start()
    yield fleet
    fleet.kill()
