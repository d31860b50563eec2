# SPDX-License-Identifier: Apache-2.0
"""libs/coap, by its driver, against implementations that are not ours."""
import json
import subprocess

import pytest

import peers

DRIVER = peers.BUILD / "test-coap"


def drive(verb, carrier, lines):
    """The driver's answer to each line."""
    done = subprocess.run([DRIVER, verb, carrier], input="".join(line + "\n" for line in lines),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert len(answers) == len(lines)
    return answers


@pytest.fixture
def encode():
    """encode("udp" or "tcp", messages): their bytes."""
    return lambda carrier, lines: [bytes.fromhex(answer) for answer
                                   in drive("encode", carrier, map_json(lines))]


@pytest.fixture
def decode():
    """decode("udp" or "tcp", bytes of each): what they say, or {"error": ...}."""
    return lambda carrier, datagrams: [json.loads(answer) for answer
                                       in drive("decode", carrier, [d.hex() for d in datagrams])]


def map_json(lines):
    return [json.dumps(line) for line in lines]


@pytest.fixture(scope="session")
def ours():
    program = peers.Program(DRIVER)
    yield program.start()
    program.stop()


def pytest_generate_tests(metafunc):
    """Each peer over all that it speaks."""
    if "peer" in metafunc.fixturenames:
        pairs = [(name, carrier) for name, (_, carriers) in peers.ALL.items() for carrier in carriers]
        metafunc.parametrize(["peer", "carrier"], pairs, indirect=["peer"], scope="session")


@pytest.fixture(scope="session")
def peer(request):
    program = peers.ALL[request.param][0]()
    yield program.start()
    program.stop()
