# SPDX-License-Identifier: Apache-2.0
"""Scandium, the DTLS under Californium and Leshan, on the other side."""
import hashlib
import shutil
import subprocess

import pytest

from conftest import DRIVER, HERE, IDENTITY, KEY, PSK

JARS, CLASSES = DRIVER.parent / "dtls-java/jars", DRIVER.parent / "dtls-java/classes"


def is_pinned():
    """Is everything there that java/sha256 names, and nothing else?"""
    lines = (HERE / "java/sha256").read_text().splitlines()
    wanted = {name: digest for digest, name in (line.split() for line in lines)}
    return wanted == {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                      for path in JARS.glob("*")}


@pytest.fixture(scope="session")
def java():
    """The command line of the peer."""
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        pytest.skip("maven and a JDK are not installed")
    if not is_pinned():
        fetched = subprocess.run(["mvn", "-q", "-B", "-f", HERE / "java/pom.xml",
                                  "dependency:copy-dependencies", f"-DoutputDirectory={JARS}"],
                                 text=True, capture_output=True, timeout=300)
        if fetched.returncode != 0:
            pytest.skip("Scandium cannot be fetched here: " + fetched.stdout[-300:])
        assert is_pinned(), "what Maven fetched is not what java/sha256 names"
    built = subprocess.run(["javac", "-cp", f"{JARS}/*", "-d", CLASSES, HERE / "java/Peer.java"],
                           text=True, capture_output=True, timeout=120)
    assert built.returncode == 0, built.stderr
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*:{CLASSES}", "Peer"]


def credentials(keys, name, other):
    """By kind: what we show under `name`, what Scandium shows as `other`, and who it is to us."""
    rpk = [f"key={keys}/{name}.key", "rpk=yes"]
    x509 = [f"cert={keys}/{name}.crt", f"key={keys}/{name}.key", f"ca={keys}/ca.crt"]
    cert = ["cert", keys / f"{other}.key", keys / f"{other}.crt", keys / "ca.crt"]
    return {
        "psk": ([PSK], ["psk", IDENTITY, KEY], f"psk {IDENTITY}"),
        "rpk": (rpk, ["rpk", keys / f"{other}.key", keys / f"{other}.pub"], "rpk "),
        "mbedtls": (x509 + ["x509=mbedtls"], cert, f"x509 {other}"),
        "gnutls": (x509 + ["x509=gnutls"], cert, f"x509 {other}"),
    }


KINDS = ["psk", "rpk", "mbedtls", "gnutls"]


@pytest.mark.parametrize("kind", KINDS)
def test_scandium_talks_to_our_server(serve, start, java, keys, kind):
    ours, theirs, who = credentials(keys, "server", "device-7")[kind]
    server, port = serve(*ours)
    client = start(*java, "client", port, *theirs)
    client.expect("port ")
    for text in ("hello", "again"):
        client.say(text)
        client.expect(f"data {text}")
    server.expect(f"established {who}")


@pytest.mark.parametrize("kind", KINDS)
def test_our_client_talks_to_scandium(start, connect, java, keys, kind):
    ours, theirs, who = credentials(keys, "device-7", "server")[kind]
    server = start(*java, "server", 0, *theirs)
    client = connect(int(server.expect("port ").split()[1]), *ours)
    client.expect(f"established {who}")
    client.say("hello")
    server.expect("data hello")
    client.expect("data hello")
