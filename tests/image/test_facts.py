# SPDX-License-Identifier: Apache-2.0
import json
import re
import stat

import pytest


def paths(root):
    return [p for p in root.rglob("*")]


def test_nothing_is_setuid_or_writable_by_others(root):
    for p in paths(root):
        if not p.is_symlink():
            mode = p.stat().st_mode
            assert not mode & (stat.S_ISUID | stat.S_ISGID), p
            assert not mode & stat.S_IWOTH or mode & stat.S_ISVTX, p


@pytest.mark.parametrize("name", ["apt", "apt-get", "dpkg", "perl", "sh", "bash", "dash", "docker",
                                  "python3", "agetty", "login", "su", "sshd"])
def test_a_program_that_no_device_needs_is_not_there(root, name):
    for folder in ("usr/bin", "usr/sbin", "usr/local/bin"):
        assert not (root / folder / name).exists()


def test_documentation_locales_and_package_data_are_gone(root):
    for path in ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info",
                 "var/lib/dpkg", "var/cache", "etc/apt", "boot"):
        assert not (root / path).exists() or not any((root / path).iterdir()), path


def test_no_unit_listens_on_the_network(root):
    for unit in (root / "usr/lib/systemd/system").rglob("*.socket"):
        for line in unit.read_text().splitlines():
            if line.startswith(("ListenStream=", "ListenDatagram=")):
                assert line.split("=", 1)[1].startswith(("/", "%t/", "@")), f"{unit}: {line}"


def test_kernel_modules_are_uncompressed_and_few(root):
    names = [p.name for p in (root / "usr/lib/modules").rglob("*.ko*")]
    assert names and all(n.endswith(".ko") for n in names)
    assert len(names) < 300
    for needed in ("overlay.ko", "dm-verity.ko", "erofs.ko", "i6300esb.ko", "veth.ko"):
        assert needed in names


def test_the_root_does_not_know_its_release_version(root):
    text = (root / "usr/lib/os-release").read_text()
    assert "VERSION" not in text
    assert not (root / "usr/share/microplatform/release.json").exists()


def test_the_kernel_image_knows_its_release(product, manifest):
    uki = (product.out / "qemu-x86_64.efi").read_bytes()
    root_hash = manifest["boards"]["qemu-x86_64"]["os"]["root_hash"]
    assert f"roothash={root_hash} mp.release=1.0.0 panic=-1".encode() in uki
    assert b"IMAGE_VERSION=1.0.0" in uki


def test_product_facts_are_in_the_verified_root(root, product):
    share = root / "usr/share/microplatform"
    facts = json.loads((share / "product.json").read_text())
    assert facts == {"product": "demo", "board": "qemu-x86_64",
                     "server": {"url": "https://10.0.2.2:8443"}, "poll_seconds": 5,
                     "proof_timeout_seconds": 120, "grace_seconds": 0, "channels": ["ddi"]}
    assert (share / "root.json").read_bytes() == (product.dir / "tuf/1.root.json").read_bytes()
    assert (share / "server-ca.pem").read_bytes() == (product.dir / "keys/server-ca.crt").read_bytes()


def test_no_private_key_is_in_the_image(root):
    for p in paths(root):
        if p.is_file() and not p.is_symlink() and p.stat().st_size < 1 << 20:
            # Libraries know the words; a key has its text behind them.
            assert not re.search(rb"PRIVATE KEY-----\r?\n[A-Za-z0-9+/]{40}", p.read_bytes()), p


def test_a_slot_and_the_initrd_keep_their_bars(product, manifest):
    os = manifest["boards"]["qemu-x86_64"]["os"]
    assert os["root"]["size"] + os["verity"]["size"] + os["uki"]["size"] <= 150_000_000
    assert (product.images() / "initrd").stat().st_size <= 3_000_000


def test_the_bill_of_materials_names_every_package_of_the_lock(product):
    sbom = json.loads((product.out / "1.0.0.sbom.json").read_text())
    assert sbom["spdxVersion"] == "SPDX-2.3" and sbom["SPDXID"] == "SPDXRef-DOCUMENT"
    lock = json.loads((product.dir / "mp.lock").read_text())
    listed = {(p["name"], p["versionInfo"], p["checksums"][0]["checksumValue"])
              for p in sbom["packages"]}
    for group in ("qemu-x86_64/os", "app/web"):
        for p in lock["groups"][group]["packages"]:
            assert (p["name"], p["version"], p["sha256"]) in listed, p["name"]
    ids = [p["SPDXID"] for p in sbom["packages"]]
    assert len(set(ids)) == len(ids)
    for p in sbom["packages"]:
        assert p["sourceInfo"].startswith("built from Debian source package ")
    libc = next(p for p in sbom["packages"] if p["name"] == "libc6")
    assert "LGPL" in libc["licenseComments"]


def test_the_verity_tree_is_what_veritysetup_checks(product):
    hashes = product.images()
    done = product.tool("usr/sbin/veritysetup", "verify", hashes / "root.img",
                        hashes / "verity.img", (hashes / "root_hash").read_text())
    assert done.returncode == 0, done.stderr


def test_release_json_lists_every_file_with_its_digest(product):
    release = json.loads((product.out / "release.json").read_text())
    assert release["version"] == "1.0.0" and release["manifest"] == "1.0.0.manifest.json"
    names = {t["path"] for t in release["targets"]}
    assert {"1.0.0.manifest.json", "1.0.0.sbom.json"} <= names
    assert product.mp("verify", "1.0.0").returncode == 0
