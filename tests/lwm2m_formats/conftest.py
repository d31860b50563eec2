# SPDX-License-Identifier: Apache-2.0
"""The formats of libs/lwm2m, by their driver, against codecs that are not ours."""
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRIVER = pathlib.Path(os.environ.get("MP_BUILD", ROOT / "build")) / "test-lwm2m-formats"


def drive(verb, kind, base, lines):
    """The driver's answer to each line."""
    done = subprocess.run([DRIVER, verb, kind, base], input="".join(line + "\n" for line in lines),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert len(answers) == len(lines)
    return answers


@pytest.fixture
def encode():
    """encode("TLV", "/3", [records of each]): their bytes."""
    def run(kind, base, records):
        return [bytes.fromhex(answer) for answer
                in drive("encode", kind, base, [json.dumps(r) for r in records])]
    return run


@pytest.fixture
def decode():
    """decode("TLV", "/3", [bytes of each]): what they say, and how it ended."""
    return lambda kind, base, payloads: [json.loads(answer) for answer
                                         in drive("decode", kind, base, [p.hex() for p in payloads])]
