"""mp init: a whole product folder, or none."""
import json
import pathlib
import shutil
import signal
import stat
import subprocess
import time
import uuid

import pytest

from conftest import MP, Product, fails, run


def openssl(*args, data=b""):
    return subprocess.run(["openssl", *map(str, args)], input=data, capture_output=True, check=True,
                          timeout=60).stdout


def test_keys_are_readable_by_their_owner_alone(product):
    keys = product.dir / "keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    names = {path.name for path in keys.iterdir()}
    assert names == {f"{n}.pem" for n in ("root", "targets", "snapshot", "timestamp")} | {
        f"{n}.{t}" for n in ("pk", "kek", "db", "device-ca", "server-ca", "server")
        for t in ("pem", "crt")} | {"guid", "enroll.token"}
    for path in keys.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_umask_does_not_matter(tmp_path):
    subprocess.run(["sh", "-c", f"umask 000 && {MP} init demo"], cwd=tmp_path, check=True,
                   capture_output=True)
    assert stat.S_IMODE((tmp_path / "demo/keys/root.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "demo/keys").stat().st_mode) == 0o700


def test_secure_boot_keys_are_what_firmware_takes(product):
    for name in ("pk", "kek", "db"):
        text = openssl("x509", "-in", product.dir / f"keys/{name}.crt", "-noout", "-text").decode()
        assert "Public-Key: (2048 bit)" in text and "rsaEncryption" in text
        assert "sha256WithRSAEncryption" in text and "Digital Signature" in text
        certified = openssl("x509", "-in", product.dir / f"keys/{name}.crt", "-noout", "-pubkey")
        assert certified == openssl("pkey", "-in", product.dir / f"keys/{name}.pem", "-pubout")
    assert uuid.UUID((product.dir / "keys/guid").read_text().strip()).version == 4


def test_the_server_certificate_is_good_for_its_names(tmp_path):
    folder = tmp_path / "demo"
    run("init", folder, "--url", "https://updates.example:8443")
    for name in ("-verify_hostname", "updates.example"), ("-verify_hostname", "localhost"), \
            ("-verify_ip", "127.0.0.1"):
        openssl("verify", "-CAfile", folder / "keys/server-ca.crt", *name,
                folder / "keys/server.crt")
    with pytest.raises(subprocess.CalledProcessError):
        openssl("verify", "-CAfile", folder / "keys/device-ca.crt", folder / "keys/server.crt")


def test_the_first_root_is_signed_by_its_own_key(product, tmp_path):
    root = json.loads((product.dir / "tuf/1.root.json").read_bytes())
    signed = json.dumps(root["signed"], sort_keys=True, separators=(",", ":"),
                        ensure_ascii=False).encode()
    (tmp_path / "signed").write_bytes(signed)
    (tmp_path / "sig").write_bytes(bytes.fromhex(root["signatures"][0]["sig"]))
    openssl("pkeyutl", "-verify", "-rawin", "-inkey", product.dir / "keys/root.pem", "-in",
            tmp_path / "signed", "-sigfile", tmp_path / "sig")
    assert root["signed"]["version"] == 1 and root["signed"]["consistent_snapshot"] is True
    ids = [root["signed"]["roles"][r]["keyids"] for r in ("root", "targets", "snapshot",
                                                          "timestamp")]
    assert len({i for (i,) in ids}) == 4, "each role has one key of its own"


def test_two_products_share_no_key(tmp_path):
    a, b = Product(tmp_path / "a"), Product(tmp_path / "b")
    for path in (a.dir / "keys").iterdir():
        assert path.read_bytes() != (b.dir / "keys" / path.name).read_bytes(), path.name


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "demo").mkdir()
    run("init", "demo", cwd=tmp_path)
    assert (tmp_path / "demo/product.yaml").read_text().count("demo") >= 1


def test_the_folder_names_the_product(tmp_path):
    run("init", "My Product", cwd=tmp_path)
    assert "product: my-product\n" in (tmp_path / "My Product/product.yaml").read_text()


def test_a_folder_in_use_is_refused(product):
    before = (product.dir / "keys/root.pem").read_bytes()
    assert "is not empty" in fails("init", product.dir)
    assert (product.dir / "keys/root.pem").read_bytes() == before


@pytest.mark.parametrize("args, words", [
    (["--product", "Demo!"], "'Demo!' is not a product name"),
    (["--board", "no board"], "is not a board's name"),
    (["--url", "http://insecure.example"], "write https://HOST:PORT"),
])
def test_what_goes_wrong_leaves_nothing_behind(tmp_path, args, words):
    assert words in fails("init", "demo", *args, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_interrupted_it_is_whole_or_not_there(tmp_path):
    for delay in range(0, 200, 25):
        process = subprocess.Popen([MP, "init", "demo"], cwd=tmp_path, stderr=subprocess.DEVNULL)
        time.sleep(delay / 1000)
        process.send_signal(signal.SIGINT)
        process.wait()
        assert [p.name for p in tmp_path.iterdir()] in ([], ["demo"])
        if (tmp_path / "demo").exists():
            run("-C", tmp_path / "demo", "key", "ls")
            shutil.rmtree(tmp_path / "demo")


def test_a_place_that_cannot_be_written():
    assert "cannot make a folder in /proc" in fails("init", "/proc/demo")


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "demo").write_text("mine")
    assert "is no folder" in fails("init", "demo", cwd=tmp_path)
    assert (tmp_path / "demo").read_text() == "mine"


def test_a_missing_parent_is_named(tmp_path):
    assert "cannot make a folder" in fails("init", "no/such/demo", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_template_is_a_valid_product(product):
    assert (product.dir / ".gitignore").read_text().splitlines()[0] == "/keys/"
    assert "is not built" in product.fails("verify")
    assert pathlib.Path(product.dir / "product.yaml").read_text().count("@") == 0
