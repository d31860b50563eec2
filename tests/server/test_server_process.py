# SPDX-License-Identifier: Apache-2.0
"""The process: the command line, restarts, kill -9, events, metrics, the page."""
import concurrent.futures
import http.client
import json
import os
import pathlib
import resource
import socket
import subprocess
import time

import pytest

import fleet
from fleet import Device


# ---- the command line ----
def run(*args):
    return subprocess.run([fleet.BUILD / "mp-server", *map(str, args)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60)


def test_help_and_version(template):
    done = run("--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: mp-server") and not done.stderr
    assert run("--version").stdout.startswith("mp-server ")


@pytest.mark.parametrize("args, words", [
    ([], "--data and --product-dir are needed"), (["--zap"], "zap"), (["--port", "99999"], "no port: 99999"),
    (["--poll", "x"], "no number of seconds"), (["more"], "what is this: more")])
def test_bad_usage_is_2_with_a_sentence(template, args, words):
    done = run(*args)
    assert done.returncode == 2 and words in done.stderr


def test_what_cannot_start_says_why(template, tmp_path, server):
    product = tmp_path / "p"
    fleet.copy_product(template, product)
    demo = product / "demo"

    def fails(*args):
        done = run("--data", tmp_path / "d", "--product-dir", demo, "--port", 0, *args)
        assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
        return done.stderr
    assert "nowhere" in fails("--listen", "nowhere")
    assert f'cannot start reason="cannot listen on 127.0.0.1 port {server.port}: Address already' in fails("--port", server.port)
    assert "there is no user nobody-like" in fails("--user", "nobody-like")
    (demo / "keys/timestamp.pem").unlink()
    assert "timestamp" in fails()
    assert "No such file" in run("--data", tmp_path / "d", "--product-dir", tmp_path / "none").stderr


def test_it_is_nobody_and_can_gain_nothing(server):
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    if os.geteuid() == 0:
        assert "Uid:\t0" not in status and "Groups:\t \n" in status


def test_it_listens_on_loopback_alone(server):
    lines = pathlib.Path("/proc/net/tcp").read_text().splitlines() + \
        pathlib.Path("/proc/net/tcp6").read_text().splitlines()
    ports = {f"{p:04X}" for p in (server.port, server.http_port)}
    addresses = {line.split()[1].split(":")[0] for line in lines[1:]
                 if ":" in line and line.split()[1].split(":")[1] in ports and line.split()[3] == "0A"}
    assert addresses == {"0100007F"}


# ---- durability ----
def roughly(answer):
    """Without when devices were last seen, which is not written at each request."""
    if isinstance(answer, dict):
        return {k: roughly(v) for k, v in answer.items() if k != "last_seen"}
    return [roughly(v) for v in answer] if isinstance(answer, list) else answer


def test_everything_is_there_after_a_restart(server):
    server.publish("1.1.0")
    server.api("PUT", "/channels/stable", {"release": "1.1.0"})
    done, middle, waiting = [server.device(n, release="1.0.0") for n in ("done", "middle", "waiting")]
    server.rollout("1.1.0")
    done.update()
    middle.offer()
    middle.feedback("proceeding", "none", "downloading 60 %")
    paths = ["/devices", "/devices/middle", "/rollouts", "/releases", "/channels", "/tokens",
             "/devices/done/history", "/tuf/timestamp.json"]
    before = [server.api("GET", p) for p in paths]
    assert server.stop() == 0
    server.start()
    after = [server.api("GET", p) for p in paths]
    assert roughly(after) == roughly(before)
    assert 0 <= before[1]["last_seen"] - after[1]["last_seen"] < 60
    for d in (done, middle, waiting):
        d.connection = None
    middle.feedback("closed", "success")
    waiting.update()
    assert server.api("GET", "/rollouts/1")["state"] == "finished"


def report(server, device, acknowledged, until):
    """Feedback with rising numbers until the connection breaks; the last one that was acknowledged."""
    n = 0
    while time.monotonic() < until and n < 300:  # an action takes 1,000
        n += 1
        try:
            device.feedback("proceeding", "none", f"step {n}")
        except (http.client.HTTPException, OSError):
            return
        acknowledged[device.name] = n
        time.sleep(0.002)


def test_kill_9_loses_nothing_that_was_acknowledged(server):
    server.publish("1.1.0")
    devices = [server.device(f"d{i}") for i in range(8)]
    server.rollout("1.1.0")
    for d in devices:
        d.offer()
    for round in range(3):
        acknowledged = {}
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(report, server, d, acknowledged, time.monotonic() + 20) for d in devices]
            until = time.monotonic() + 60
            while len(acknowledged) < 8 and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(0.5 + round / 3)
            server.kill()
            for job in jobs:
                job.result()
        server.start()
        assert len(acknowledged) == 8
        for d in devices:
            d.connection = None
            said = [int(i["details"][5:]) for i in server.api("GET", f"/devices/{d.name}/history?limit=500")["items"]
                    if i["details"].startswith("step ")]
            assert acknowledged[d.name] in (said[0], said[0] - 1), (d.name, acknowledged[d.name], said[:3])
            n = len([s for s in said[:said[0]]])
            assert said[:n] == list(range(said[0], said[0] - n, -1))
    for d in devices:
        d.feedback("closed", "success")
    assert server.api("GET", "/rollouts/1")["state"] == "finished"


def test_kill_9_keeps_enrolments_offers_and_uploads(server):
    d = Device(server, "d1")
    assert d.enroll().status == 200
    server.kill()
    server.start()
    d.poll()
    server.publish("1.1.0")
    server.kill()
    server.start()
    server.rollout("1.1.0")
    d.connection = None
    action = d.links()["deploymentBase"]
    server.kill()
    server.start()
    d.connection = None
    assert d.links()["deploymentBase"] == action


# ---- events ----
class Events:
    def __init__(self, server, last=None):
        self.connection = server.connection(plain=True)
        headers = {"Authorization": "Bearer " + server.admin}
        self.connection.request("GET", "/api/v1/events", headers=headers | ({"Last-Event-ID": last} if last else {}))
        self.response = self.connection.getresponse()
        assert self.response.status == 200
        assert self.response.headers["content-type"] == "text/event-stream"

    def next(self):
        fields = {}
        while True:
            line = self.response.readline().decode().rstrip("\n")
            if line == "" and fields:
                return fields
            key, _, value = line.partition(": ")
            if key and key != ":":
                fields[key] = value

    def close(self):
        self.connection.close()


def test_events_tell_what_changes(server):
    server.publish("1.1.0")
    d = server.device("d1")
    events = Events(server)
    server.rollout("1.1.0")
    first = events.next()
    assert first["event"] == "rollout" and json.loads(first["data"])["state"] == "running"
    d.update()
    seen = [events.next() for _ in range(6)]
    states = [json.loads(e["data"])["state"] for e in seen if e["event"] == "device"]
    assert states[0] == "offered" and "downloading" in states
    ids = [int(first["id"])] + [int(e["id"]) for e in seen]
    assert ids == list(range(ids[0], ids[0] + 7))
    server.publish("1.2.0")
    while (e := events.next())["event"] != "release":
        pass
    assert json.loads(e["data"])["version"] == "1.2.0"
    events.close()


def test_who_comes_back_in_time_misses_nothing_and_else_is_told(server):
    d = server.device("d1")
    keeps, events = Events(server), Events(server)
    d.attributes({"a": "1"})
    last = events.next()["id"]
    events.close()
    d.attributes({"a": "2"})
    again = Events(server, last)
    assert again.next()["id"] == str(int(last) + 1)
    keeps.close()
    again.close()
    for stale in ("1", "99999999999999999"):
        e = Events(server, stale)
        assert e.next()["event"] == "reset"
        e.close()


def test_a_slow_watcher_disturbs_nobody(server):
    d = server.device("d1")
    slow = Events(server)
    for i in range(3000):
        d.attributes({"a": str(i) * 20})
    quick = Events(server)
    d.attributes({"a": "last"})
    assert json.loads(quick.next()["data"])["id"] == "d1"
    slow.close()
    quick.close()
    assert server.stop() == 0


def test_streams_end_with_the_server(server):
    events = Events(server)
    assert server.stop() == 0
    assert events.response.read() in (b"", b":\n\n")


# ---- connections that never ask ----
def cpu_seconds(server):
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_headers_that_do_not_come_cost_the_connection(server):
    """Silent ones, before, in and after a TLS handshake, and one that sends a byte a second. While the
    server waits for them it has nothing to do."""
    start, closed, busy = time.monotonic(), {}, cpu_seconds(server)
    raw = socket.create_connection(("127.0.0.1", server.port))
    half = socket.create_connection(("127.0.0.1", server.port))
    half.sendall(b"\x16\x03\x01")
    plain = socket.create_connection(("127.0.0.1", server.http_port))
    plain.sendall(b"GET / HTTP/1.1\r\nX: ")
    tls = server.tls().wrap_socket(socket.create_connection(("127.0.0.1", server.port)),
                                   server_hostname="127.0.0.1")
    while len(closed) < 4 and time.monotonic() < start + 90:
        for s in (raw, half, plain, tls):
            s.settimeout(0.3)
            try:
                if s is plain:
                    s.sendall(b"a")
                if s.recv(1) == b"":
                    closed.setdefault(s, time.monotonic() - start)
            except TimeoutError:
                pass
            except OSError:
                closed.setdefault(s, time.monotonic() - start)
    assert len(closed) == 4 and all(13 < t < 80 for t in closed.values()), closed.values()
    assert cpu_seconds(server) - busy < 3
    assert server.api("GET", "/status")["product"] == "demo"


# ---- metrics and the page ----
def test_metrics_are_prometheus_text(server):
    server.publish("1.1.0")
    server.device("d1")
    server.rollout("1.1.0")
    text = server.call("GET", "/metrics").body.decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert values["mp_polls_total"] == "1" and values['mp_devices{state="idle"}'] == "1"
    assert values['mp_rollout_devices{rollout="1",release="1.1.0",state="waiting"}'] == "1"
    assert int(values["mp_commits_total"]) > 0


def test_the_page_is_served_with_a_strict_policy(server):
    answer = server.call("GET", "/", token=None)
    assert answer.status == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert b"<script>" not in answer.body and b"onclick" not in answer.body
    etag = answer.headers["etag"]
    assert server.call("GET", "/index.html", token=None, headers={"If-None-Match": etag}).status == 304
    for path in ("/none.js", "/../keys/root.pem", "/%2e%2e/keys", "/api", "/api/v1", "/api/v1/none"):
        assert server.call("GET", path, token=None).status in (400, 404)
    assert server.call("POST", "/", b"x", token=None).status in (404, 413)


def test_status_names_the_product(server):
    status = server.api("GET", "/status")
    assert (status["product"], status["devices"], status["releases"]) == ("demo", 0, 0)
    assert abs(status["time"] - time.time()) < 60


def test_a_full_disk_is_said_and_survived(make_server):
    """Writes fail as on a full disk while the process may not write large files; reads go on."""
    server = make_server("--user", "root")  # else its limits are not ours to set
    d = server.device("d1")
    log = server.data / "server.db-wal"
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (log.stat().st_size, limits[1]))
    answer = d.call("PUT", "/configData", {"data": {"a": "1" * 8000}})
    assert answer.status == 503
    assert d.seen()["attributes"].get("a") is None
    d.poll()
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
    d.attributes({"a": "2"})
    assert d.seen()["attributes"]["a"] == "2"
