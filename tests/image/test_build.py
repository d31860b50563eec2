# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import uuid

import pytest

from conftest import MP

ROOT_ARM64 = "b921b045-1df0-41c3-af44-4c6f280d3fae"  # by the Discoverable Partitions Specification


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def same(one, other):
    for name in ("root.img", "verity.img", "root_hash", "initrd"):
        assert sha256(one.images() / name) == sha256(other.images() / name), name
    assert sha256(one.out / "qemu-x86_64.unsigned.efi") == \
        sha256(other.out / "qemu-x86_64.unsigned.efi")
    assert sha256(one.out / "1.0.0.manifest.json") == sha256(other.out / "1.0.0.manifest.json")


def test_two_builds_of_one_lock_are_the_same_bytes_also_without_a_network(product, tmp_path):
    other = product.copy(tmp_path / "other", cache=tmp_path / "cache")
    before = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-rn")
    other.build(before=before)
    same(product, other)


@pytest.fixture
def open_folder():
    """A folder that other users may enter, which pytest's own are not."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mp-image-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_user_without_rights_builds_the_same_bytes(product, open_folder):
    user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    if os.geteuid() != 0:
        pytest.skip("already runs without rights")
    if subprocess.run([*user, "test", "-x", MP]).returncode != 0:
        pytest.skip("mp lies in a folder that other users may not enter")
    other = product.copy(open_folder / "other", cache=open_folder / "cache", link=shutil.copy)
    shutil.copytree(product.source, open_folder / "source", symlinks=True)
    (open_folder / "cache").mkdir()
    subprocess.run(["chown", "-R", "65534:65534", open_folder], check=True)
    other.build(before=user, HOME=str(open_folder), MP_SOURCE=str(open_folder / "source"))
    same(product, other)


def test_a_second_build_takes_what_has_not_changed(product):
    done = product.build()
    assert "root image" not in done.stderr
    assert "packages" not in done.stderr


def test_another_release_with_the_same_os_shares_the_root_image(product, tmp_path, manifest):
    other = product.copy(tmp_path / "other")
    shutil.copytree(product.images(), other.dir / "cache" / product.images().name)
    for base in (product.dir / "cache").glob("base-*"):
        shutil.copytree(base, other.dir / "cache" / base.name, symlinks=True)
    text = (other.dir / "product.yaml").read_text().replace("version: 1.0.0", "version: 1.0.1")
    (other.dir / "product.yaml").write_text(text)
    done = other.build()
    assert "root image" not in done.stderr
    new = json.loads((other.dir / "build/1.0.1/1.0.1.manifest.json").read_text())
    old_os, new_os = (m["boards"]["qemu-x86_64"]["os"] for m in (manifest, new))
    assert new_os["root_hash"] == old_os["root_hash"]
    assert new_os["uki"]["sha256"] != old_os["uki"]["sha256"]


def test_a_board_is_a_folder(product, source, tmp_path):
    shutil.copytree(source, tmp_path / "source", symlinks=True)
    boards = tmp_path / "source/os/boards"
    shutil.copytree(boards / "qemu-x86_64", boards / "other", symlinks=True)
    board = boards / "other/board.yaml"
    text = board.read_text().replace("console=ttyS0", "console=ttyS1")
    board.write_text(text.replace("4f68bce3-e8cd-4db1-96e7-fbcaf984b709", ROOT_ARM64))
    other = product.copy(tmp_path / "product")
    text = (other.dir / "product.yaml").read_text().replace("[qemu-x86_64]", "[other]")
    (other.dir / "product.yaml").write_text(text)
    other.build("--source", tmp_path / "source")
    made = json.loads((other.out / "1.0.0.manifest.json").read_text())
    assert list(made["boards"]) == ["other"]
    assert b"console=ttyS1" in (other.out / "other.efi").read_bytes()
    assert json.loads((other.out / "release.json").read_text())["boards"] == {
        "other": {"disk": "other.raw", "firmware": "other.firmware", "vars": "other.vars"}}
    with (other.out / "other.raw").open("rb") as disk:
        assert disk.read(1 << 20).count(uuid.UUID(ROOT_ARM64).bytes_le) == 2  # slots a and b
    assert (other.out / "other.firmware").stat().st_size > 1 << 20 and (other.out / "other.vars").exists()


def test_boards_of_two_architectures_are_two_products(product, source, tmp_path):
    shutil.copytree(source, tmp_path / "source", symlinks=True)
    boards = tmp_path / "source/os/boards"
    shutil.copytree(boards / "qemu-x86_64", boards / "other", symlinks=True)
    board = boards / "other/board.yaml"
    board.write_text(board.read_text().replace("architecture: amd64", "architecture: arm64"))
    other = product.copy(tmp_path / "product")
    text = (other.dir / "product.yaml").read_text().replace("[qemu-x86_64]", "[qemu-x86_64, other]")
    (other.dir / "product.yaml").write_text(text)
    done = other.mp("build", "--source", tmp_path / "source")
    assert done.returncode == 1 and "board qemu-x86_64 is amd64 and board other is arm64" in done.stderr


@pytest.mark.parametrize("change, words", [
    (("boards: [qemu-x86_64]", "boards: [toaster]"), "no board 'toaster'"),
    (("# os:", "os: { overlay: missing }\n# os:"), "overlay"),
    (("app: app/docker-compose.yml", "app: app/none.yml"), "none.yml"),
])
def test_what_is_missing_is_named_and_nothing_is_half_written(product, tmp_path, change, words):
    other = product.copy(tmp_path / "other")
    text = (other.dir / "product.yaml").read_text()
    assert change[0] in text
    (other.dir / "product.yaml").write_text(text.replace(*change))
    done = other.mp("build")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("mp build: ") and words in last
    assert not other.out.exists()


def test_a_mirror_that_does_not_answer_is_a_sentence(product, tmp_path):
    other = product.copy(tmp_path / "other", cache=tmp_path / "cache")
    (other.dir / "mp.lock").unlink()
    done = other.mp("build", MP_MIRROR="http://127.0.0.1:1/debian")
    assert done.returncode == 1
    assert "the Debian mirror does not answer" in done.stderr.strip().splitlines()[-1]
    assert not (other.dir / "mp.lock").exists() and not other.out.exists()


def test_a_package_that_is_not_what_the_lock_names_is_refused(product, tmp_path):
    other = product.copy(tmp_path / "other", cache=tmp_path / "cache")
    deb = next((other.dir / "cache/packages").glob("zstd_*.deb"))
    data = bytearray(deb.read_bytes())
    deb.unlink()
    data[1000] ^= 1
    deb.write_bytes(data)
    done = other.mp("build")
    assert done.returncode == 1
    assert "is not the file that mp.lock names" in done.stderr.strip().splitlines()[-1]
