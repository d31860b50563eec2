# SPDX-License-Identifier: Apache-2.0
"""libs/docker against a real engine: load, apply, health, roll back, prune."""
import json
import subprocess
import threading
import time

from conftest import SERVICE, drive
from layouts import make_layout


def up(engine, release):
    drive("load", engine.socket, release)
    drive("apply", engine.socket, release)
    return drive("check", engine.socket, release)


def test_a_release_is_loaded_started_and_found_healthy(engine, make):
    one = make("1.0.0")
    assert drive("have", engine.socket, one) == "web 0 0\n"
    assert up(engine, one).startswith("healthy 0")
    assert drive("have", engine.socket, one) == "web 1 1\n"
    assert engine.get("http://127.0.0.1:8080/") == "version 1.0.0"


def test_the_container_has_what_the_spec_says_and_no_more(engine, make):
    up(engine, make("1.0.0"))
    found = engine.inspect("mp_web")
    host, config = found["HostConfig"], found["Config"]
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and not host["Privileged"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["RestartPolicy"]["Name"] == "always"
    assert host["LogConfig"] == {"Type": "local", "Config": {"max-file": "2", "max-size": "1m"}}
    assert host["PortBindings"] == {"8080/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}
    assert config["User"] == "1000:1000" and config["Labels"]["mp.release"] == "1.0.0"
    assert config["Healthcheck"]["Interval"] == 10**9
    status = subprocess.run(["cat", f"/proc/{found['State']['Pid']}/status"], text=True,
                            capture_output=True).stdout
    if status:  # our PID namespace sees the engine's
        assert "NoNewPrivs:\t1" in status and "CapBnd:\t0000000000000000" in status


def test_applying_and_loading_twice_changes_nothing(engine, make):
    one = make("1.0.0")
    assert "sent" in drive("load", engine.socket, one)
    assert drive("load", engine.socket, one) == ""
    drive("apply", engine.socket, one)
    before = engine.inspect("mp_web")
    drive("apply", engine.socket, one)
    after = engine.inspect("mp_web")
    assert (before["Id"], before["State"]["StartedAt"]) == (after["Id"], after["State"]["StartedAt"])


def test_a_stopped_or_paused_container_is_brought_back(engine, make):
    one = make("1.0.0")
    up(engine, one)
    drive("stop", engine.socket)
    assert engine.inspect("mp_web")["State"]["Status"] == "exited"
    drive("apply", engine.socket, one)
    assert engine.inspect("mp_web")["State"]["Status"] == "running"
    engine.api("POST", "/containers/mp_web/pause")
    drive("apply", engine.socket, one)
    assert engine.inspect("mp_web")["State"]["Status"] == "running"


def test_the_next_release_replaces_and_the_one_before_comes_back(engine, make):
    one, two = make("1.0.0"), make("1.1.0")
    up(engine, one)
    assert up(engine, two).startswith("healthy")
    assert engine.get("http://127.0.0.1:8080/") == "version 1.1.0"
    drive("apply", engine.socket, one)  # its image is still there
    assert drive("check", engine.socket, one).startswith("healthy")
    assert engine.get("http://127.0.0.1:8080/") == "version 1.0.0"
    assert list(engine.containers()) == ["mp_web"]


def test_the_same_image_under_another_spec_is_made_anew(engine, make):
    one = make("1.0.0", page="x")
    two = make("1.1.0", page="x", service=SERVICE.replace("8080:8080", "8081:8080"))
    up(engine, one)
    assert drive("have", engine.socket, two) == "web 1 1\n"
    assert up(engine, two).startswith("healthy")
    assert engine.get("http://127.0.0.1:8081/") == "x"


def test_a_service_that_leaves_the_release_goes(engine, make):
    extra = SERVICE + "  other:\n    build: ./web\n    command: [busybox, sleep, '1000']\n"
    one, two = make("1.0.0", service=extra), make("1.1.0")
    drive("load", engine.socket, one)
    drive("apply", engine.socket, one)
    assert sorted(engine.containers()) == ["mp_other", "mp_web"]
    up(engine, two)
    assert sorted(engine.containers()) == ["mp_web"]


def test_only_the_layers_that_docker_lacks_are_sent(engine, make, tree, tmp_path):
    busybox = (tree / "usr/bin/busybox").read_bytes()
    config = {"Cmd": ["busybox", "sleep", "1000"], "Env": ["PATH=/bin"],
              "StopSignal": "SIGKILL"}
    sent = []
    for version in ("1.0.0", "1.1.0"):
        app = tmp_path / f"layout-{version}"
        make_layout(app / "image", config, [{"bin/busybox": busybox}, {"v": version.encode()}])
        (app / "docker-compose.yml").write_text("services:\n  job:\n    image: ./image\n")
        out = tmp_path / f"out-{version}"
        out.mkdir()
        drive("make", app / "docker-compose.yml", version, out)
        if version == "1.1.0":
            assert drive("have", engine.socket, out) == "job 1 0\n"
            layers = json.loads((out / "manifest.json").read_text())["app"]["services"][0]
            (out / layers["image"]["layers"][0]["target"]).unlink()  # it must not be needed
        sent.append(int(drive("load", engine.socket, out).split()[1]))
        drive("apply", engine.socket, out)
        assert drive("check", engine.socket, out).startswith("healthy")
    assert sent[0] > 500_000 and sent[1] < 10_000


def test_without_a_health_check_time_decides(engine, make):
    quiet = make("1.0.0", service="services:\n  web:\n    build: ./web\n")
    began = time.monotonic()
    assert up(engine, quiet).startswith("healthy")
    assert time.monotonic() - began >= 4.5


def test_a_service_that_never_gets_healthy_says_why(engine, make):
    bad = make("1.2.0", service=SERVICE.replace("127.0.0.1:8080", "127.0.0.1:9999"))
    said = up(engine, bad)
    assert said.startswith("unhealthy 0 service web is unhealthy: probe exited 1: wget: ")
    assert "refused" in said


def test_a_service_that_keeps_ending_says_its_last_words(engine, make):
    words = make("1.0.0", service="services:\n  web:\n    build: ./web\n    restart: always\n"
                 "    command: [busybox, sh, -c, 'echo no database; exit 3']\n")
    said = up(engine, words)
    assert said.startswith("unhealthy 5 service web keeps ending (5 restarts), last with code 3")
    assert said.rstrip().endswith(": no database")


def test_a_service_that_ends_is_not_healthy(engine, make):
    done = make("1.0.0", service="services:\n  web:\n    build: ./web\n"
                "    command: [busybox, 'true']\n")
    assert "service web has ended with code 0" in up(engine, done)


def test_a_program_that_is_not_there_is_named(engine, make):
    bad = make("1.0.0", service="services:\n  web:\n    build: ./web\n    command: [nothing]\n")
    drive("load", engine.socket, bad)
    said = drive("apply", engine.socket, bad, status=1)
    assert said.startswith("Docker refused to start the service web: ") and '"nothing"' in said
    assert "could not be started" in drive("check", engine.socket, bad)


def test_a_port_that_is_taken_is_named(engine, make):
    one = make("1.0.0")
    up(engine, one)
    engine.api("POST", "/containers/create?name=theirs",
               {"Image": engine.tags()[0], "Cmd": ["busybox", "sleep", "1000"],
                "HostConfig": {"PortBindings": {"9000/tcp": [{"HostPort": "8081"}]}},
                "ExposedPorts": {"9000/tcp": {}}})
    engine.api("POST", "/containers/theirs/start")
    two = make("1.1.0", page="x", service=SERVICE.replace("8080:8080", "8081:8080"))
    drive("load", engine.socket, two)
    said = drive("apply", engine.socket, two, status=1)
    assert "port is already allocated" in said
    assert engine.containers()["theirs"]["State"] == "running"  # not ours, not touched


def test_images_of_older_releases_are_pruned(engine, make):
    releases = [make(f"1.{n}.0") for n in range(3)]
    for release in releases:
        up(engine, release)
    assert len(engine.tags()) == 3
    drive("prune", engine.socket, *releases[1:])
    assert len(engine.tags()) == 2
    assert drive("have", engine.socket, releases[0]) == "web 0 0\n"
    assert drive("have", engine.socket, releases[1]) == "web 1 1\n"
    drive("prune", engine.socket, releases[1])  # the image in use stays
    assert drive("check", engine.socket, releases[2]).startswith("healthy")


def test_a_changed_layer_is_refused(engine, make):
    one, two = make("1.0.0"), make("1.1.0")
    layer, other = next(one.glob("*.layer")), next(two.glob("*.layer"))
    text = (one / "manifest.json").read_text().replace(
        f'"size": {layer.stat().st_size}', f'"size": {other.stat().st_size}')
    (one / "manifest.json").write_text(text)
    layer.write_bytes(other.read_bytes())
    said = drive("load", engine.socket, one, status=1)
    assert said.startswith("Docker refused to load the image of service web: ")
    assert engine.tags() == []


def test_a_missing_blob_is_named(engine, make):
    one = make("1.0.0")
    layer = next(one.glob("*.layer"))
    layer.unlink()
    said = drive("load", engine.socket, one, status=1)
    assert said == f"cannot read the blob {layer.name} of service web: No such file or directory"


def test_an_engine_killed_while_it_loads_can_load_afterwards(engine, make):
    one = make("1.0.0")
    for delay in (0.02, 0.1, 0.3):
        killer = threading.Timer(delay, engine.kill)
        killer.start()
        subprocess.run([drive.__globals__["DRIVER"], "load", engine.socket, one],
                       capture_output=True, timeout=60)
        killer.join()
        engine.start()
        assert up(engine, one).startswith("healthy")
        drive("stop", engine.socket)
        engine.api("DELETE", "/containers/mp_web?force=1")
        engine.api("DELETE", f"/images/{engine.tags()[0]}?force=1")


def test_after_a_power_cut_nothing_runs_until_it_is_applied(engine, make):
    one = make("1.0.0")
    up(engine, one)
    engine.kill()
    engine.start()
    assert engine.containers()["mp_web"]["State"] != "running"
    drive("apply", engine.socket, one)
    assert drive("check", engine.socket, one).startswith("healthy")


def test_an_engine_that_does_not_run_is_said_so(tmp_path, make):
    said = drive("apply", tmp_path / "none.sock", make("1.0.0"), status=1)
    assert said.startswith("Docker does not run: ")
