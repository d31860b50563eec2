# SPDX-License-Identifier: Apache-2.0
import pytest

from lwm2m_server import Stream, make_server, template  # noqa: F401


@pytest.fixture
def server(make_server):
    return make_server()
