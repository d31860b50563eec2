# SPDX-License-Identifier: Apache-2.0
"""The benchmarks run to their end and name every figure. How large a figure is, a busy machine cannot tell."""
import json
import os
import pathlib
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("MP_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build/x"))

RUNS = {  # program: (its options, the names that its JSON must have)
    "bench-lwm2m": (
        ("--endpoints", "500", "--devices", "5", "--image", "4"),
        {"register_of_floor", "update_of_floor", "sessions_flat", "rss_per_device", "rss_per_dtls_device",
         "dtls_register_per_second", "dtls_register_cpu_us", "dtls_register_generator_us", "parked_requests_per_second",
         "parked_request_cpu_us", "parked_request_generator_us", "provision_per_second", "restart_seconds",
         "campaign_unexplained", "campaign_proven", "campaign_seconds", "campaign_rss_growth_kb"}),
    "bench-server": (
        ("--seconds", "0.2"),
        {"polls_per_second", "polls_of_floor", "floor_per_second", "feedback_per_second", "rollout_seconds",
         "offered_seconds", "start_seconds", "rss_kb"}),
    "bench-coap": (("--messages", "20000"), {"serve_ns", "serve_many_ns", "ask_ns", "ask_many_ns"}),
    "bench-dtls": (
        ("--questions", "2000", "300"),
        {"dtls_handshakes_per_second", "dtls_bytes_per_parked_session", "dtls_parked_us"}),
}


def figures_of(text):
    """One object with all of them, or one object a line."""
    found = [json.loads(line) for line in text.splitlines()]
    return {f["name"]: f["value"] for f in found} if "value" in found[0] else found[0]


@pytest.fixture(scope="module")
def runs():
    """All at the same time, since they mostly wait."""
    without = {k: v for k, v in os.environ.items() if not k.startswith("MP_PEER_")}
    began = {name: subprocess.Popen([BUILD / name, "--json", *options], text=True, env=without, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
             for name, (options, _) in RUNS.items() if (BUILD / name).exists()}
    ended = {name: (*process.communicate(timeout=240), process.returncode) for name, process in began.items()}
    yield ended


@pytest.mark.parametrize("name", RUNS)
def test_a_benchmark_names_each_of_its_figures(runs, name):
    if name not in runs:
        pytest.skip(f"{BUILD / name} is not built")
    out, said, status = runs[name]
    assert status == 0, said
    missing = RUNS[name][1] - figures_of(out).keys()
    assert not missing


def test_requests_on_parked_sessions_are_counted_without_their_handshakes(runs):
    if "bench-lwm2m" not in runs:
        pytest.skip(f"{BUILD / 'bench-lwm2m'} is not built")
    figures = figures_of(runs["bench-lwm2m"][0])
    assert 0 < figures["parked_request_cpu_us"] < figures["dtls_register_cpu_us"] / 2


def test_a_campaign_of_the_benchmark_explains_every_device(runs):
    if "bench-lwm2m" not in runs:
        pytest.skip(f"{BUILD / 'bench-lwm2m'} is not built")
    figures = figures_of(runs["bench-lwm2m"][0])
    assert figures["campaign_unexplained"] == 0


def test_a_benchmark_that_cannot_go_on_says_why_and_what_it_had(tmp_path):
    """A folder without the programs: nothing was measured, and that is what it prints."""
    if not (BUILD / "bench-lwm2m").exists():
        pytest.skip(f"{BUILD / 'bench-lwm2m'} is not built")
    run = subprocess.run([BUILD / "bench-lwm2m", "--json", tmp_path], capture_output=True, text=True, timeout=60)
    assert run.returncode == 1 and "mp" in run.stderr
    assert json.loads(run.stdout)["endpoints"] == 0
