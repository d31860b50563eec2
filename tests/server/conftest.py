# SPDX-License-Identifier: Apache-2.0
import os
import subprocess

import pytest

import fleet


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A product folder as `mp init` makes it; keys are made once for all tests."""
    for name in ("mp", "mp-server"):
        if not (fleet.BUILD / name).exists():
            pytest.skip(f"{fleet.BUILD / name} is not built (MP_BUILD is the meson build folder)")
    folder = tmp_path_factory.mktemp("product") / "demo"
    subprocess.run([fleet.BUILD / "mp", "init", folder, "--product", "demo"], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)
    return folder


@pytest.fixture
def make_server(template, tmp_path):
    """make_server("--option", ...) -> a running server; it is killed at the end."""
    made = []

    def make(*options):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        fleet.copy_product(template, folder)
        os.chmod(folder / "demo", 0o755)
        made.append(fleet.Server(folder, *options))
        return made[-1].start()
    yield make
    for server in made:
        server.kill()


@pytest.fixture
def server(make_server):
    return make_server()
