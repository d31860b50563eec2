# SPDX-License-Identifier: Apache-2.0
"""A few rounds of tests/lab/kill-lwm2m: what was acknowledged outlives kill -9."""
from killing import Load


def test_nothing_acknowledged_is_lost_when_the_server_is_killed_under_load(make_server):
    load = Load(make_server("--awake", "1"), 5)
    try:
        for n in range(5):
            wrong = load.round()
            assert not wrong, f"round {n}: {wrong[:5]}"
    finally:
        load.stop()
    assert load.acknowledged > 500
