# SPDX-License-Identifier: Apache-2.0
"""Repositories written by libs/tuf, read by python-tuf's client (and by ours)."""
import hashlib
import json
import subprocess

import pytest
from conftest import Client, program
from securesystemslib.formats import encode_canonical
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root
from tuf.ngclient import Updater


@pytest.fixture(params=["ed25519", "ecdsa", "rsa"])
def ours(request, web, tmp_path):
    """The folder of a repository of ours, served."""
    folder = tmp_path / "repo"
    subprocess.run([program("tuf-make-repo"), folder, request.param], check=True)
    for path in folder.rglob("*"):
        if path.is_file():
            web.files["/" + str(path.relative_to(folder))] = path.read_bytes()
    return folder


def updater(web, folder, tmp_path):
    (tmp_path / "python").mkdir()
    return Updater(str(tmp_path / "python"), web.url + "/metadata", str(tmp_path / "python"),
                   web.url + "/targets",
                   bootstrap=(folder / "metadata/1.root.json").read_bytes())


def test_python_tuf_reads_what_we_write(ours, web, tmp_path):
    client = updater(web, ours, tmp_path)
    client.refresh()
    for path, content in (("app", b"an application"), ("tools/tool", b"a tool")):
        info = client.get_targetinfo(path)
        assert info.custom == {"kind": "test"}
        with open(client.download_target(info), "rb") as file:
            assert file.read() == content


def test_python_tuf_refuses_what_we_wrote_once_it_is_changed(ours, web, tmp_path):
    file = json.loads(web.files["/metadata/timestamp.json"])
    file["signed"]["x-mp-time"] += 1
    web.files["/metadata/timestamp.json"] = json.dumps(file).encode()
    with pytest.raises(RepositoryError):
        updater(web, ours, tmp_path).refresh()


def test_our_key_ids_are_those_of_python_tuf(ours):
    root = Metadata[Root].from_file(str(ours / "metadata/2.root.json")).signed
    assert len(root.keys) == 6
    for keyid, key in root.keys.items():
        text = encode_canonical({"keytype": key.keytype, "scheme": key.scheme,
                                 "keyval": key.keyval})
        assert hashlib.sha256(text.encode()).hexdigest() == keyid


def test_our_client_reads_them_too_and_learns_the_time(ours, web, tmp_path):
    client = Client(web, tmp_path / "client", (ours / "metadata/1.root.json").read_bytes())
    assert client.download("app", "tools/tool") == 0, client.said
    assert client.got("tools/tool") == b"a tool"
    floor = json.loads((client.metadata / "time-floor").read_text())
    assert set(floor) == {"root", "timestamp", "snapshot", "targets"}
