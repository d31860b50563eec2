"""mp publish and mp verify, against the real server."""
import json
import shutil
import subprocess
import time

import pytest

from conftest import MP, Product, sha256


def targets(product, version):
    doc = json.loads((product.dir / f"tuf/{version}.targets.json").read_bytes())
    return doc["signed"]["targets"]


def test_what_was_built_is_verified_without_a_network(product):
    product.build("1.0.0")
    answer = product.json("verify")
    assert (answer["version"], answer["files"], answer["signed"]) == ("1.0.0", 4, False)


def rewrite(folder, change):
    """Change the manifest and let release.json follow, as a build with a fault in it would."""
    path = folder / f"{folder.name}.manifest.json"
    manifest = json.loads(path.read_bytes())
    change(manifest)
    path.write_text(json.dumps(manifest))
    release = json.loads((folder / "release.json").read_bytes())
    for target in release["targets"]:
        if target["path"] == path.name:
            target |= {"length": path.stat().st_size, "sha256": sha256(path.read_bytes())}
    (folder / "release.json").write_text(json.dumps(release))


OS = "qemu-x86_64"


@pytest.mark.parametrize("change, words", [
    (lambda m: m["boards"][OS]["os"]["root"].update(sha256="0" * 64), "holds another 'root'"),
    (lambda m: m["boards"][OS]["os"]["verity"].update(sha256="0" * 64), "holds another 'verity'"),
    (lambda m: m["boards"][OS]["os"]["uki"].update(sha256="0" * 64), "holds another 'uki'"),
    (lambda m: m["boards"][OS]["os"]["sources"][0].update(index_sha256="0" * 64), "the index of"),
    (lambda m: m["boards"][OS]["os"]["sources"][0].update(size=5), "the manifest says 5 bytes"),
    (lambda m: m["app"]["services"][0]["image"].update(id="0" * 64), "image of service web"),
    (lambda m: m["app"]["services"][0]["image"]["layers"][0].update(target="0.layer"),
     "which release.json lacks"),
    (lambda m: m.update(version="1.0.1"), "1.0.1"),
    (lambda m: m.pop("boards"), "boards"),
])
def test_a_manifest_that_does_not_fit_is_found(product, change, words):
    rewrite(product.build("1.0.0"), change)
    assert words in product.fails("verify")


def test_a_frame_that_does_not_decode_is_found(product):
    folder = product.build("1.0.0")
    path = next(folder.glob("*.payload"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    release = json.loads((folder / "release.json").read_bytes())
    for target in release["targets"]:
        if target["path"] == path.name:
            target["sha256"] = sha256(bytes(data))
    (folder / "release.json").write_text(json.dumps(release))
    assert str(path) in product.fails("verify")


def test_a_release_is_signed_and_uploaded(served):
    served.build("1.0.0")
    answer = served.json("publish")
    assert answer["version"] == "1.0.0" and answer["targets_version"] == 1
    assert answer["uploaded"] == sum(p.stat().st_size for p in
                                     (served.dir / "build/1.0.0").iterdir()
                                     if p.name != "release.json")
    assert set(targets(served, 1)) == {p.name for p in (served.dir / "build/1.0.0").iterdir()
                                       if p.name != "release.json"}
    assert served.json("verify")["signed"] is True
    assert served.json("verify", "--published")["files"] == 4


def test_what_the_server_has_is_not_sent_again(served):
    served.release("1.0.0", fill=b"a")
    served.set_version("1.1.0")
    served.build("1.1.0", fill=b"b")
    answer = served.json("publish")
    layer = len(b"layer")
    whole = sum(p.stat().st_size for p in (served.dir / "build/1.1.0").iterdir()
                if p.name != "release.json")
    assert answer["uploaded"] == whole - layer and answer["targets_version"] == 2
    assert {"1.0.0.manifest.json", "1.1.0.manifest.json"} <= set(targets(served, 2))


def test_an_interrupted_upload_is_started_again(served):
    """mp is killed at several moments of its upload; the next publish ends it."""
    folder = served.build("1.0.0", fill=bytes(range(256)) * 8)
    for delay in (0.02, 0.05, 0.1, 0.2):
        process = subprocess.Popen([MP, "-C", served.dir, "publish"], stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.kill()
        process.wait()
    last = subprocess.run([MP, "-C", served.dir, "publish"], capture_output=True, text=True,
                          timeout=60)
    assert last.returncode == 0 or "is published already" in last.stderr
    assert set(targets(served, 1)) == {p.name for p in folder.iterdir() if p.name != "release.json"}
    assert served.json("verify", "--published")["files"] == 4


def test_a_server_that_dies_leaves_no_targets_behind(served):
    served.build("1.0.0")
    served.kill()
    assert "cannot reach the server" in served.fails("publish")
    assert list((served.dir / "tuf").glob("*.targets.json")) == []
    served.start()
    served.mp("publish")


def test_published_twice(served):
    served.release("1.0.0")
    said = served.fails("publish")
    assert said == ("mp publish: release 1.0.0 is published already: raise 'version' in "
                    "product.yaml and build again")
    assert not (served.dir / "tuf/2.targets.json").exists()


def test_the_same_version_with_other_contents(served):
    served.release("1.0.0", fill=b"a")
    shutil.rmtree(served.dir / "build/1.0.0")
    served.build("1.0.0", fill=b"b")
    assert "was published with other contents: raise 'version'" in served.fails("publish")
    assert "was published with other contents" in served.fails("verify")


def test_a_version_that_goes_down(served):
    served.release("1.1.0")
    served.set_version("1.0.9")
    served.build("1.0.9")
    assert "release 1.0.9 is older than 1.1.0, which is published" in served.fails("publish")
    assert not (served.dir / "tuf/2.targets.json").exists()


def test_notes_from_the_command_line(served):
    served.build("1.0.0")
    served.mp("publish", "--notes", "Fixes the clock")
    manifest = json.loads((served.dir / "build/1.0.0/1.0.0.manifest.json").read_bytes())
    assert manifest["notes"] == "Fixes the clock"
    assert served.json("verify", "--published")["version"] == "1.0.0"


def test_a_server_that_lost_everything_gets_the_release_again(served):
    served.release("1.0.0")
    served.stop()
    shutil.rmtree(served.dir / "server")
    served.start()
    served.fails("verify", "--published")
    served.mp("publish")
    assert not (served.dir / "tuf/2.targets.json").exists()
    assert served.json("verify", "--published")["files"] == 4


def test_a_publish_that_was_cut_after_the_server_accepted(served):
    """The server has newer targets than the folder: they are taken over, being signed by us."""
    served.release("1.0.0")
    served.release("1.1.0", fill=b"b")
    (served.dir / "tuf/2.targets.json").unlink()
    assert "is published already" in served.fails("publish")
    assert "1.1.0.manifest.json" in targets(served, 2)
    served.release("1.2.0", fill=b"c")
    assert set(targets(served, 2)) < set(targets(served, 3))


def test_targets_of_a_key_that_is_not_ours_are_not_taken_over(served, tmp_path):
    served.release("1.0.0")
    (served.dir / "tuf/1.targets.json").unlink()
    served.mp("key", "rotate", "targets")
    said = served.fails("publish")
    assert "taking over the server's 1.targets.json" in said


@pytest.mark.parametrize("role", ["root", "snapshot", "timestamp"])
def test_other_keys_rotate_with_a_new_start_of_the_server(served, role):
    served.release("1.0.0")
    served.mp("key", "rotate", role)
    served.stop()
    served.start()
    assert served.json("verify", "--published")["files"] == 4


def test_a_token_that_may_not_publish(served, tmp_path):
    served.build("1.0.0")
    served.mp("token", "add", "guest", "--role", "viewer", "--out", tmp_path / "guest")
    served.fails("publish", "--token-file", tmp_path / "guest")
    assert not (served.dir / "tuf/1.targets.json").exists()
    (tmp_path / "guest").write_text("wrong\n")
    assert "does not accept the token" in served.fails("publish", env={
        "MP_TOKEN_FILE": str(tmp_path / "guest")})


def test_a_release_of_another_product_is_refused_by_the_server(served, tmp_path):
    other = Product(tmp_path / "other")
    other.build("1.0.0")
    other.fails("publish", "--server", served.url, "--ca", served.dir / "keys/server-ca.crt",
                "--token-file", served.dir / "server/admin.token")
    assert not (other.dir / "tuf/1.targets.json").exists()
    assert served.json("channel", "ls")["items"] == []
    served.fails("channel", "set", "stable", "1.0.0")
