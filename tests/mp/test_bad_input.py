"""Everything that a user gets wrong: one sentence that says what to do, a status, no traces."""
import fcntl
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from conftest import MP, fails, free_port, run


@pytest.mark.parametrize("text, line, words", [
    ("colour: red", 0, "unknown key 'colour'"),
    ("os: { pakages: [nano] }", 0, "'pakages'"),
    ("update: { pol: 5s }", 0, "'pol'"),
    ("update: { poll: often }", 0, "30s"),
    ("app: [a, b]", 0, "'app' must be text"),
    ("minimum_version: 9.0", 0, "newer than version"),
    ("os: { kernel_arguments: \"roothash=0\" }", 0, "mp build sets it"),
    ("os: { packages: nano }", 0, "must be a list"),
    ("os: [", 1, ""),
    ("product: twice", 0, ""),
])
def test_a_mistake_in_product_yaml_is_named_with_its_line(product, text, line, words):
    path = product.dir / "product.yaml"
    kept = [each for each in path.read_text().splitlines()
            if not each.startswith((text.split(":")[0] + ":", "update:", "app:"))
            or text.startswith("product")]
    path.write_text("\n".join(kept) + "\n" + text + "\n")
    said = fails("verify", cwd=product.dir)
    assert said.startswith(f"mp verify: product.yaml:{len(kept) + 1 + line}: "), said
    assert words in said


@pytest.mark.parametrize("text, words", [
    ("ports: { udp: 5683 }", "unknown key 'udp'"),
    ("ports: { coap: 65536 }", "between 1 and 65535"),
    ("telemetry: { days: forever }", "whole number"),
    ("telemetry: 30", "'telemetry' must hold keys of its own"),
    ("url: coap://a.example", "coaps://HOST:PORT"),
])
def test_a_mistake_in_the_lwm2m_server_is_named_with_its_line(product, text, words):
    path = product.dir / "product.yaml"
    lines = path.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("server:")) + 1
    lines[at:at] = ["  lwm2m:", "    " + text]
    path.write_text("\n".join(lines) + "\n")
    said = fails("verify", cwd=product.dir)
    assert said.startswith(f"mp verify: product.yaml:{at + 2}: "), said
    assert words in said


@pytest.mark.parametrize("key", ["product", "version", "server"])
def test_a_missing_key_is_named(product, key):
    path = product.dir / "product.yaml"
    kept = [line for line in path.read_text().splitlines()
            if not line.startswith(key + ":") and not (key == "server" and line.startswith("  "))]
    path.write_text("\n".join(kept) + "\n")
    said = fails("publish", cwd=product.dir)
    assert f"'{key}' is missing" in said


def test_a_product_without_anything_to_build_says_so(product):
    path = product.dir / "product.yaml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith("boards:")]
    path.write_text("\n".join(kept) + "\n")
    assert "name 'boards', 'firmware', or both" in fails("publish", cwd=product.dir)


def test_microcontrollers_alone_are_a_product(product):
    path = product.dir / "product.yaml"
    kept = [line for line in path.read_text().splitlines()
            if not line.startswith(("boards:", "app:"))]
    path.write_text("\n".join(kept) + "\nfirmware:\n  sensor: { file: s.bin, version: 1.1.0 }\n")
    assert "s.bin, the firmware of sensor in product.yaml, is not there" in fails(
        "build", cwd=product.dir)
    (product.dir / "s.bin").write_bytes(b"image" * 1000)
    assert "1 firmware image" in run("build", cwd=product.dir).stdout
    assert "5000" in (product.dir / "build/1.0.0/1.0.0.manifest.json").read_text()


def test_a_release_has_an_image_for_each_component(product):
    path = product.dir / "product.yaml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith(("boards:", "app:"))]
    path.write_text("\n".join(kept) + """
firmware:
  mcu:
    transfer: push
    components:
      modem: { file: m.bin, version: 7.1 }
      application: { file: a.bin, version: 2.0.0 }
""")
    for name in ("m", "a"):
        (product.dir / f"{name}.bin").write_bytes(name.encode() * 1000)
    run("build", cwd=product.dir)
    board = json.loads((product.dir / "build/1.0.0/1.0.0.manifest.json").read_text())["boards"]["mcu"]
    assert [(c["name"], c["version"], c["object"], c["transfer"]) for c in board["components"]] == [
        ("modem", "7.1", "advanced", "push"), ("application", "2.0.0", "advanced", "push")]
    assert all((product.dir / "build/1.0.0" / c["target"]).exists() for c in board["components"])


def test_no_product_folder(tmp_path):
    for verb in (["publish"], ["verify"], ["serve"], ["device", "ls"], ["key", "ls"]):
        assert "mp init NAME" in fails(*verb, cwd=tmp_path)


def test_a_folder_below_the_product_will_do(product):
    (product.dir / "os/etc").mkdir(parents=True)
    assert run("key", "ls", cwd=product.dir / "os/etc").stdout.startswith("NAME")


def test_a_folder_that_is_not_there():
    assert "cannot work in the folder /no/such" in fails("-C", "/no/such", "key", "ls")


@pytest.mark.parametrize("args", [
    [], ["frobnicate"], ["device"], ["device", "frobnicate"], ["device", "show"],
    ["device", "ls", "--colour"], ["device", "ls", "--state", "happy"],
    ["publish", "1.0.0", "2.0.0"], ["serve", "--port", "many"], ["serve", "--port"],
    ["rollout", "start"], ["rollout", "start", "1.0.0", "--channel", "stable"],
    ["rollout", "start", "1.0.0", "--success", "0"], ["key", "rotate"],
    ["key", "rotate", "everything"], ["completion", "tcsh"], ["help", "frobnicate"],
    ["token", "add", "me", "--role", "king"], ["device", "add", "../x"],
    ["channel", "set", ".hidden", "1.0.0"], ["publish", "--days", "0"],
])
def test_wrong_usage_has_status_2(product, args):
    (product.dir / "server").mkdir()
    (product.dir / "server/admin.token").write_text("secret\n")
    assert "--help'" in fails(*args, status=2, cwd=product.dir)


def test_an_unreachable_server(product):
    (product.dir / "server").mkdir()
    (product.dir / "server/admin.token").write_text("secret\n")
    said = product.fails("device", "ls")
    assert said == (f"mp device ls: cannot reach the server at {product.url}: "
                    "start it with 'mp serve'")
    product.build("1.0.0")
    assert product.fails("publish") == said.replace("device ls", "publish")
    assert not (product.dir / "tuf/1.targets.json").exists()


def test_the_token_never_comes_from_the_command_line(product):
    assert "start the server once with 'mp serve'" in product.fails("device", "ls")
    assert "--token-file" in run("device", "ls", "--help").stdout
    assert "no token" in product.fails("device", "ls", "--token-file", "/dev/null")


def test_a_release_that_is_not_built(product):
    assert product.fails("publish") == "mp publish: release 1.0.0 is not built: run 'mp build' first"


@pytest.mark.parametrize("options", [[], ["--fresh"]])
def test_a_machine_that_runs_is_not_started_twice_and_keeps_its_disk(product, options):
    folder = product.dir / "run/device"
    folder.mkdir(parents=True)
    (folder / "disk.raw").write_text("the disk of a running machine")
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as QEMU has it
        said = product.fails("run", *options)
    assert said == "mp run: this machine is running: end it first, or choose another one with --name"
    assert (folder / "disk.raw").read_text() == "the disk of a running machine"
    assert "set 'version' in product.yaml" in product.fails("publish", "3.0.0")
    assert "is not a version" in product.fails("publish", "newest")


def test_a_file_that_changed_since_it_was_built(product):
    folder = product.build("1.0.0")
    victim = next(folder.glob("*.payload"))
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)
    for verb in "verify", "publish":
        assert "has changed since it was built" in product.fails(verb)
    victim.write_bytes(data[:-1])
    assert "bytes, but was built with" in product.fails("verify")
    victim.unlink()
    assert "is missing: build the release again" in product.fails("verify")


def test_a_release_of_another_product(product):
    folder = product.build("1.0.0")
    path = product.dir / "product.yaml"
    path.write_text(path.read_text().replace("product: demo", "product: other"))
    assert "is of demo 1.0.0, not of other 1.0.0" in product.fails("publish")
    assert folder.exists()


def test_a_release_json_that_is_cut(product):
    path = product.build("1.0.0") / "release.json"
    path.write_text(path.read_text()[:40])
    assert str(path) in product.fails("publish")


def resign(product, version, role, key, change):
    """Change a TUF file and sign it anew with a key of the product."""
    path = product.dir / f"tuf/{version}.{role}.json"
    doc = json.loads(path.read_bytes())
    change(doc["signed"])
    signed = json.dumps(doc["signed"], sort_keys=True, separators=(",", ":")).encode()
    (product.dir.parent / "signed").write_bytes(signed)
    sig = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey",
                          product.dir / f"keys/{key}.pem", "-in", product.dir.parent / "signed"],
                         capture_output=True, check=True).stdout
    doc["signatures"][0]["sig"] = sig.hex()
    path.write_text(json.dumps(doc))


def test_an_expired_root_and_how_to_renew_it(product):
    product.build("1.0.0")
    resign(product, 1, "root", "root", lambda s: s.update(expires="2020-01-01T00:00:00Z"))
    said = product.fails("publish")
    assert "tuf/1.root.json has expired" in said and "mp key rotate root" in said
    assert "expired" in product.mp("key", "ls").stdout
    product.mp("key", "rotate", "root")
    assert "no token" in product.fails("publish"), "now only the server is missing"


def test_a_root_that_nobody_signed(product):
    product.build("1.0.0")
    path = product.dir / "tuf/1.root.json"
    path.write_text(path.read_text().replace('"version":1', '"version":2')
                    .replace('"version": 1', '"version": 2'))
    assert "tuf/1.root.json" in product.fails("publish")


def test_a_targets_key_that_is_not_here(product):
    product.build("1.0.0")
    (product.dir / "keys/root.pem").unlink()
    assert "the root key" in product.fails("key", "rotate", "root")
    assert not (product.dir / "tuf/2.root.json").exists()
    assert list((product.dir / "keys").glob("*.next")) == []


def test_a_server_without_its_keys(product):
    (product.dir / "keys/timestamp.pem").unlink()
    assert "keys/timestamp.pem is missing" in product.fails("serve")


def test_mp_server_missing(product, tmp_path):
    if pathlib.Path("/usr/local/libexec/microplatform/mp-server").exists():
        pytest.skip("mp-server is installed on this machine")
    alone = shutil.copy(MP, tmp_path / "mp")
    done = subprocess.run([alone, "-C", product.dir, "serve"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 1 and "mp-server is not installed" in done.stderr


def test_another_products_server_is_not_trusted(product, tmp_path):
    """Its certificate is by another authority."""
    port = free_port()
    other = tmp_path / "other"
    run("init", other)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(other / "keys/server.crt", other / "keys/server.pem")
    listener = socket.create_server(("127.0.0.1", port))

    def answer():
        try:
            context.wrap_socket(listener.accept()[0], server_side=True)
        except (ssl.SSLError, OSError):
            pass
    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    (tmp_path / "token").write_text("secret")
    said = product.fails("device", "ls", "--server", f"https://127.0.0.1:{port}",
                         "--token-file", tmp_path / "token")
    assert "it is another product's server" in said
    thread.join(5)
    listener.close()
