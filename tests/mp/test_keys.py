"""mp key: what there is, and new keys that devices can follow."""
import json
import signal
import subprocess
import time

import pytest

from conftest import MP

ROLES = ("root", "targets", "snapshot", "timestamp")


def root(product, version):
    return json.loads((product.dir / f"tuf/{version}.root.json").read_bytes())["signed"]


def key_ids(signed):
    return {role: signed["roles"][role]["keyids"][0] for role in ROLES}


def test_ls_names_every_key_with_its_expiry(product):
    keys = {k["name"]: k for k in product.json("key", "ls")["items"]}
    assert set(keys) == {*ROLES, "pk", "kek", "db", "device-ca", "server-ca", "server"}
    assert {k["state"] for k in keys.values()} == {"good"}
    assert keys["root"]["expires"] > time.time() + 3600 * 86400
    assert keys["root"]["id"] == key_ids(root(product, 1))["root"]
    assert all(keys[n]["expires"] for n in ("pk", "kek", "db", "device-ca", "server-ca", "server"))
    (product.dir / "keys/root.pem").unlink()
    assert {k["name"]: k for k in product.json("key", "ls")["items"]}["root"]["state"] == "not here"


@pytest.mark.parametrize("role", ROLES)
def test_one_role_gets_a_new_key(product, role):
    before = (product.dir / f"keys/{role}.pem").read_bytes()
    product.mp("key", "rotate", role)
    old, new = key_ids(root(product, 1)), key_ids(root(product, 2))
    assert {r for r in ROLES if old[r] != new[r]} == {role}
    assert (product.dir / f"keys/{role}.pem").read_bytes() != before
    assert (product.dir / f"keys/{role}.pem").stat().st_mode & 0o777 == 0o600
    assert list((product.dir / "keys").glob("*.next")) == []


def test_a_chain_of_rotations_is_one_that_a_client_follows(product, tmp_path):
    for roles in (["all"], ["root"], ["targets", "timestamp"], ["root"]):
        product.mp("key", "rotate", *roles)
    client = [MP, "tuf-client", "--metadata-dir", tmp_path / "trusted"]
    (tmp_path / "trusted").mkdir()
    subprocess.run([*client, "init", product.dir / "tuf/1.root.json"], check=True, timeout=60)
    server = subprocess.Popen(["python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "0",
                               "--directory", product.dir / "tuf"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
    port = server.stdout.readline().split("port ")[1].split()[0]
    subprocess.run([*client, "--metadata-url", f"http://127.0.0.1:{port}", "refresh"],
                   stderr=subprocess.DEVNULL, timeout=60)  # there is no timestamp yet
    server.kill()
    server.wait()
    trusted = json.loads((tmp_path / "trusted/root.json").read_bytes())["signed"]
    assert trusted == root(product, 5)


def test_the_server_gets_a_new_certificate_for_new_names(product):
    path = product.dir / "product.yaml"
    path.write_text(path.read_text().replace("names: [", "names: [updates.example, "))
    product.mp("key", "rotate", "server")
    subprocess.run(["openssl", "verify", "-CAfile", product.dir / "keys/server-ca.crt",
                    "-verify_hostname", "updates.example", product.dir / "keys/server.crt"],
                   check=True, capture_output=True)
    assert not (product.dir / "tuf/2.root.json").exists()


def test_a_key_of_another_product_is_refused(product, tmp_path):
    from conftest import Product
    other = Product(tmp_path / "other")
    key = product.dir / "keys/root.pem"
    key.write_bytes((other.dir / "keys/root.pem").read_bytes())
    assert "keys/root.pem is not the key of tuf/1.root.json" in product.fails("key", "rotate",
                                                                             "timestamp")
    assert not (product.dir / "tuf/2.root.json").exists()
    assert list((product.dir / "keys").glob("*.next")) == []


def test_a_rotation_cut_short_is_finished_or_undone(product):
    """keys/ROLE.pem.next is taken when the newest root names it, and dropped when not."""
    product.mp("key", "rotate", "targets")
    keys = product.dir / "keys"
    right = (keys / "targets.pem").read_bytes()
    (keys / "targets.pem.next").write_bytes(right)
    (keys / "targets.pem").write_bytes((keys / "snapshot.pem").read_bytes())
    (keys / "timestamp.pem.next").write_bytes((keys / "snapshot.pem").read_bytes())
    timestamp = (keys / "timestamp.pem").read_bytes()
    product.mp("key", "rotate", "root")
    assert (keys / "targets.pem").read_bytes() == right
    assert (keys / "timestamp.pem").read_bytes() == timestamp
    assert list(keys.glob("*.next")) == []


def test_a_rotation_killed_at_any_moment_leaves_a_usable_product(product):
    for delay in range(0, 20, 2):
        process = subprocess.Popen([MP, "-C", product.dir, "key", "rotate", "all"],
                                   stderr=subprocess.DEVNULL)
        time.sleep(delay / 1000)
        process.send_signal(signal.SIGKILL)
        process.wait()
    product.mp("key", "rotate", "all")
    newest = max(int(p.name.split(".")[0]) for p in (product.dir / "tuf").glob("*.root.json"))
    listed = {k["name"]: k["id"] for k in product.json("key", "ls")["items"]}
    assert {r: listed[r] for r in ROLES} == key_ids(root(product, newest))
    for version in range(1, newest + 1):
        assert root(product, version)["version"] == version
