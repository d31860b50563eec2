# SPDX-License-Identifier: Apache-2.0
"""Layers and compose files as others see them: Python's tarfile, the example of `mp init`."""
import io
import json
import os
import shutil
import subprocess
import tarfile

import pytest

from conftest import ROOT, drive


def unpack(layer):
    data = subprocess.run(["zstd", "-dcq", layer], capture_output=True, check=True).stdout
    return tarfile.open(fileobj=io.BytesIO(data))


def make_tree(path):
    (path / "a/deep").mkdir(parents=True)
    (path / "a" / ("n" * 200)).write_text("long")
    (path / "a/deep/run").write_text("#!/bin/sh\n")
    (path / "a/deep/run").chmod(0o750)
    (path / "ü").write_text("text")
    (path / "link").symlink_to("a/" + "n" * 200)
    return path


def test_a_folder_comes_out_of_its_layer(tmp_path):
    drive("layer", make_tree(tmp_path / "tree"), tmp_path / "out", "plain")
    with unpack(tmp_path / "out") as tar:
        found = {m.name: m for m in tar}
        assert list(found) == ["a", "a/deep", "a/deep/run", "a/" + "n" * 200, "link", "ü"]
        assert {(m.uid, m.gid, m.mtime) for m in found.values()} == {(0, 0, 1700000000)}
        assert found["a/deep/run"].mode == 0o755 and found["ü"].mode == 0o644
        assert found["link"].linkname == "a/" + "n" * 200
        assert tar.extractfile("a/" + "n" * 200).read() == b"long"


def test_copies_of_a_folder_give_the_same_bytes(tmp_path):
    make_tree(tmp_path / "one")
    subprocess.run(["cp", "-r", tmp_path / "one", tmp_path / "two"], check=True)
    os.utime(tmp_path / "two/ü", (1, 1))
    (tmp_path / "two/ü").chmod(0o664)
    said = [drive("layer", tmp_path / name, tmp_path / "out", "plain") for name in ("one", "two")]
    assert said[0] == said[1]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_an_archive_of_any_form_keeps_its_entries(tmp_path, form):
    with tarfile.open(tmp_path / "in.tar", "w", format=form) as tar:
        for name in ("x", "d/" + "n" * (90 if form == tarfile.USTAR_FORMAT else 150)):
            info = tarfile.TarInfo("./" + name)
            info.size, info.uid, info.mtime, info.mode = 3, 1234, 1800000000, 0o4711
            tar.addfile(info, io.BytesIO(b"abc"))
        for kind, name, to in ((tarfile.LNKTYPE, "hard", "./x"), (tarfile.SYMTYPE, "soft", "../y"),
                               (tarfile.CHRTYPE, "null", "")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, to
            tar.addfile(info)
    drive("layer", tmp_path / "in.tar", tmp_path / "out")
    with unpack(tmp_path / "out") as tar:
        found = {m.name: m for m in tar}
        assert "null" not in found and len(found) == 4
        assert found["x"].uid == 1234 and found["x"].mode == 0o4711
        assert found["x"].mtime == 1700000000
        assert found["hard"].linkname == "x" and found["soft"].linkname == "../y"


def test_the_tar_of_gnu_tar_keeps_extended_attributes(tmp_path):
    tree = make_tree(tmp_path / "tree")
    try:
        os.setxattr(tree / "ü", "user.kind", b"umlaut")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    subprocess.run(["tar", "--xattrs", "--xattrs-include=*", "-C", tree, "-cf",
                    tmp_path / "in.tar", "."], check=True)
    drive("layer", tmp_path / "in.tar", tmp_path / "out")
    with unpack(tmp_path / "out") as tar:
        assert tar.getmember("ü").pax_headers["SCHILY.xattr.user.kind"] == "umlaut"


def test_the_example_of_a_new_product_is_accepted(tmp_path):
    app = ROOT / "share/templates/product/app"
    spec = json.loads(drive("compose", app / "docker-compose.yml"))
    assert spec["ports"] == [
        {"host": 8080, "container": 8080, "protocol": "tcp", "address": "0.0.0.0"}]
    assert spec["read_only"] and spec["cap_drop"] == ["ALL"] and spec["restart"] == "always"
    shutil.copytree(app, tmp_path / "app")
    (tmp_path / "out").mkdir()
    drive("make", tmp_path / "app/docker-compose.yml", "1.0.0", tmp_path / "out")


def test_a_key_that_is_not_supported_is_refused_with_file_and_line(tmp_path):
    path = tmp_path / "docker-compose.yml"
    path.write_text("services:\n  web:\n    build: ./web\n    privileged: true\n")
    said = drive("compose", path, status=1)
    assert said.startswith(f"{path}:4: unknown key 'privileged'; supported keys are image, build,")


def test_a_missing_file_is_said_so(tmp_path):
    assert "none.yml" in drive("compose", tmp_path / "none.yml", status=1)
