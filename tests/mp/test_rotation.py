"""New keys on the running server, and devices that follow them."""
import http.server
import json
import ssl
import threading
import urllib.error
import urllib.request

import pytest

from conftest import run


class Repository:
    """The server's metadata for a client without a token, as the agent hands it to the verifier."""

    def __init__(self, served):
        token = (served.dir / "server/admin.token").read_text().strip()
        context = ssl.create_default_context(cafile=served.dir / "keys/server-ca.crt")

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                request = urllib.request.Request(f"{served.url}/api/v1/tuf{self.path}",
                                                 headers={"Authorization": f"Bearer {token}"})
                try:
                    status, body = 200, urllib.request.urlopen(request, context=context, timeout=60).read()
                except urllib.error.HTTPError as e:
                    status, body = e.code, e.read()
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class TufDevice:
    """It trusts the first root, and what it has verified since."""

    def __init__(self, served, repository, folder):
        folder.mkdir()
        self.folder, self.url = folder, repository.url
        run("tuf-client", "--metadata-dir", folder, "init", served.dir / "tuf/1.root.json")

    def refresh(self):
        run("tuf-client", "--metadata-dir", self.folder, "--metadata-url", self.url, "refresh")
        return tuple(json.loads((self.folder / f"{role}.json").read_bytes())["signed"]["version"]
                     for role in ("root", "targets"))


@pytest.fixture
def repository(served):
    made = Repository(served)
    yield made
    made.close()


@pytest.mark.parametrize("how", ["to the running server", "with a new start"])
def test_devices_follow_a_new_targets_key_at_once(served, repository, tmp_path, how):
    served.release("1.0.0")
    old = TufDevice(served, repository, tmp_path / "old")
    assert old.refresh() == (1, 1)
    if how == "with a new start":
        served.mp("key", "rotate", "targets")
        served.stop()
        served.start()
    else:
        said = served.mp("key", "rotate", "targets", "--publish").stderr
        assert "the server has root 2 and the targets signed by its key" in said
    assert old.refresh() == (2, 2)
    assert TufDevice(served, repository, tmp_path / "new").refresh() == (2, 2)
    served.release("1.1.0", fill=b"b")
    assert old.refresh() == (2, 3)
    assert served.json("verify", "--published")["files"] == 4


def test_rotations_that_waited_reach_the_server_together(served, repository, tmp_path):
    served.release("1.0.0")
    device = TufDevice(served, repository, tmp_path / "device")
    for role in ("targets", "root"):
        served.mp("key", "rotate", role)
    served.mp("key", "rotate", "targets", "--publish")
    assert device.refresh() == (4, 3)


def test_a_rotation_takes_over_what_was_published_elsewhere(served, repository, tmp_path):
    served.release("1.0.0")
    served.release("1.1.0", fill=b"b")
    (served.dir / "tuf/2.targets.json").unlink()
    said = served.mp("key", "rotate", "targets", "--publish").stderr
    assert "took over targets 2 from the server" in said
    assert TufDevice(served, repository, tmp_path / "device").refresh() == (2, 3)


def test_a_rotation_before_the_first_release(served):
    said = served.mp("key", "rotate", "targets", "--publish").stderr
    assert "the server has root 2" in said
    served.release("1.0.0")
