# SPDX-License-Identifier: Apache-2.0
"""Who may speak for which device: certificates, enrolment, tokens."""
import datetime
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fleet import Device


# ---- enrolment ----
def test_enrolment_gives_a_certificate_for_25_years(server):
    d = Device(server, "demo-0123456789ab")
    assert d.enroll().status == 200
    c = x509.load_pem_x509_certificate(d.certificate_file.read_bytes())
    assert c.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == d.name
    now = datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(hours=23) < now - c.not_valid_before_utc < datetime.timedelta(hours=25)
    assert c.not_valid_after_utc - now > datetime.timedelta(days=24 * 365)
    ca = x509.load_pem_x509_certificate((server.product / "keys/device-ca.crt").read_bytes())
    c.verify_directly_issued_by(ca)
    assert d.seen()["state"] == "unknown"
    assert "polling" in d.poll()["config"]
    assert d.seen()["state"] == "idle"


def test_the_same_key_may_ask_again_and_another_may_not(server):
    d = Device(server, "d1")
    assert d.enroll().status == 200
    assert d.enroll().status == 200
    d.poll()
    answer = Device(server, "d1").enroll()
    assert answer.status == 409 and "d1 is enrolled with another key" in answer.json()["error"]


def test_a_removed_device_is_shut_out_until_it_enrolls_anew(server):
    d = server.device("d1")
    server.api("DELETE", "/devices/d1", want=204)
    answer = d.call("GET", "")
    assert answer.status == 403 and "not registered" in answer.json()["message"]
    again = Device(server, "d1")
    assert again.enroll().status == 200
    again.poll()
    assert d.call("GET", "").status == 403


@pytest.mark.parametrize("token", ["wrong-token-0123456789", ""])
def test_a_wrong_token_enrolls_nobody(server, token):
    assert Device(server, "d1").enroll(token or " ").status == 401
    assert server.api("GET", "/devices")["total"] == 0


def test_a_token_of_a_registration_is_good_for_that_device_alone(server):
    token = server.api("POST", "/devices", {"id": "d1"}, want=201)["token"]
    answer = Device(server, "d2").enroll(token)
    assert answer.status == 403 and "not good for device d2" in answer.json()["error"]
    d = Device(server, "d1")
    assert d.enroll(token).status == 200
    d.poll()


def test_further_enrolment_tokens_can_be_made(server):
    token = server.api("POST", "/enroll-tokens", want=201)["token"]
    assert Device(server, "d1").enroll(token).status == 200


@pytest.mark.parametrize("body", [b"", b"no request", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"
                                  b"-----END CERTIFICATE REQUEST-----\n"])
def test_what_is_no_request_is_400(server, body):
    answer = server.call("POST", "/enroll", body,
                         headers={"Authorization": "EnrollToken " + server.enroll_token()})
    assert answer.status == 400 and answer.json()["error"]


@pytest.mark.parametrize("name", ["a b", "../x", ".hidden", "a/b"])
def test_an_id_that_is_none_is_400(server, name):
    d = Device(server, "d1")
    answer = server.call("POST", "/enroll", d.csr(name),
                         headers={"Authorization": "EnrollToken " + server.enroll_token()})
    assert answer.status == 400


# ---- certificates ----
def test_a_device_may_not_speak_for_another(server):
    a, b = server.device("device-a"), server.device("device-b")
    answer = a.call("GET", b.base)
    assert answer.status == 403
    assert "device-a" in answer.json()["message"] and "device-b" in answer.json()["message"]
    body = {"data": {"board": "stolen"}}
    assert a.call("PUT", b.base + "/configData", body).status == 403
    assert b.seen()["board"] == "qemu-x86_64"


def test_without_a_certificate_nobody_is_a_device(server):
    server.device("d1")
    answer = server.call("GET", "/DEFAULT/controller/v1/d1", token=None)
    assert (answer.status, answer.body) == (401, b"")
    assert "www-authenticate" not in answer.headers


def test_a_certificate_of_another_authority_is_none(server):
    d = server.device("d1")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "d1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    forged = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
              .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
              .sign(key, hashes.SHA256()))
    d.connection = None
    d.certificate_file.write_bytes(forged.public_bytes(serialization.Encoding.PEM))
    d.key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM,
                                             serialization.PrivateFormat.PKCS8,
                                             serialization.NoEncryption()))
    assert d.call("GET", "").status == 401


@pytest.mark.parametrize("bits", [2048, 4608])
def test_a_key_that_takes_long_to_look_at_is_refused_before_its_signature(server, tmp_path, bits):
    """Large enough, one unknown client could keep the server busy for minutes."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", f"rsa:{bits}", "-nodes", "-subj", "/CN=x", "-keyout",
                    tmp_path / "key", "-out", tmp_path / "crt"], check=True, capture_output=True)
    subprocess.run(["openssl", "req", "-new", "-key", tmp_path / "key", "-subj", "/CN=x", "-out", tmp_path / "csr"],
                   check=True, capture_output=True)
    context = server.tls(tmp_path / "crt", tmp_path / "key")
    if bits > 4096:
        with pytest.raises(OSError):
            server.call("GET", "/api/v1/status", context=context)
    else:
        assert server.call("GET", "/api/v1/status", context=context).status == 200  # by its token, and not as a device
    token = server.api("POST", "/devices", {"id": "x"}, want=201)["token"]
    answer = server.call("POST", "/enroll", (tmp_path / "csr").read_bytes(),
                         headers={"Authorization": f"EnrollToken {token}"})
    assert (answer.status == 400 and b"4096 bits" in answer.body) == (bits > 4096), answer.body


def test_a_server_certificate_is_no_device(server):
    d = server.device("localhost")
    d.connection = None
    d.certificate_file.write_bytes((server.product / "keys/server.crt").read_bytes())
    d.key_file.write_bytes((server.product / "keys/server.pem").read_bytes())
    assert d.call("GET", "").status == 401


def test_tls_below_1_2_is_refused(server):
    for version, good in (("VERS-TLS1.1", False), ("VERS-TLS1.2", True), ("VERS-TLS1.3", True)):
        done = subprocess.run(["gnutls-cli", "--insecure", "--priority",
                               f"NORMAL:-VERS-ALL:+{version}", "-p", str(server.port), "127.0.0.1"],
                              input=b"", capture_output=True)
        assert (done.returncode == 0) == good, (version, done.stderr)


# ---- tokens of devices ----
def test_target_tokens_are_off_until_asked_for(server):
    token = server.api("POST", "/devices", {"id": "d1"}, want=201)["token"]
    for plain in (False, True):
        answer = server.call("GET", "/DEFAULT/controller/v1/d1", plain=plain,
                             headers={"Authorization": "TargetToken " + token})
        assert (answer.status, answer.body) == (401, b"")


def test_target_tokens(make_server):
    server = make_server("--target-tokens")
    token = server.api("POST", "/devices", {"id": "d1"}, want=201)["token"]
    server.api("POST", "/devices", {"id": "d2"}, want=201)

    def poll(name, authorization, tenant="DEFAULT"):
        return server.call("GET", f"/{tenant}/controller/v1/{name}",
                           headers={"Authorization": authorization}).status
    assert poll("d1", "TargetToken " + token) == 200
    assert poll("d1", "targettoken " + token) == 200
    assert poll("d1", "TargetToken " + token, "default") == 200
    assert poll("d1", "TargetToken " + token, "OTHER") == 401
    assert poll("d2", "TargetToken " + token) == 401
    assert poll("d1", "TargetToken wrong") == 401
    assert poll("unknown9", "TargetToken " + token) == 401
    assert poll("d1", "GatewayToken " + token) == 401
    assert poll("d1", "Bearer " + server.admin) == 401


def test_a_gateway_speaks_for_anybody_and_registers_whom_it_brings(make_server, tmp_path):
    (tmp_path / "gateway").write_text("gwsecret0123456789\n")
    server = make_server("--gateway-token-file", str(tmp_path / "gateway"))

    def poll(name, token="gwsecret0123456789"):
        return server.call("GET", f"/DEFAULT/controller/v1/{name}",
                           headers={"Authorization": "GatewayToken " + token})
    answer = poll("gwnew1").json()
    assert answer["_links"]["configData"]["href"].endswith("/gwnew1/configData")
    assert server.api("GET", "/devices/gwnew1")["state"] == "idle"
    assert poll("gwnew1", "wrong").status == 401
    assert poll("a%20b").status == 400
    assert poll("a%2Fb").status == 400
    assert poll("y" * 300).status == 400
    assert poll("a:b").status == 200
    server.kill()
    server.start()
    assert {d["id"] for d in server.api("GET", "/devices")["items"]} == {"gwnew1", "a:b"}


# ---- people ----
READS = ["/status", "/releases", "/channels", "/rollouts", "/devices", "/devices/d1", "/devices/d1/why",
         "/devices/d1/history", "/tuf/1.root.json"]
WRITES = [("POST", "/rollouts", {"release": "9.9", "all": True}, 404), ("POST", "/devices", {"id": "d1"}, 409),
          ("PUT", "/channels/c", {"release": "9.9"}, 404), ("DELETE", "/channels/c", None, 404),
          ("POST", "/tuf/root", {}, 400), ("POST", "/releases", {}, 400),
          ("PUT", "/blobs/" + "0" * 64, b"x", 400)]
ADMINS = [("GET", "/tokens", None, 200), ("DELETE", "/tokens/none", None, 404),
          ("POST", "/tokens", {"name": "admin", "role": "viewer"}, 409)]


def test_roles(server):
    server.device("d1")
    tokens = {r: server.api("POST", "/tokens", {"name": r, "role": r}, want=201)["token"]
              for r in ("viewer", "operator")} | {"admin": server.admin}
    assert {(t["name"], t["role"]) for t in server.api("GET", "/tokens")["items"]} == {
        ("admin", "admin"), ("viewer", "viewer"), ("operator", "operator")}
    for role, token in tokens.items():
        for path in READS:
            server.api("GET", path, token=token)
        for method, path, body, status in WRITES:
            server.api(method, path, body, token=token, want=status if role != "viewer" else 403)
        for method, path, body, status in ADMINS:
            server.api(method, path, body, token=token, want=status if role == "admin" else 403)
    server.api("DELETE", "/tokens/viewer", want=204)
    server.api("GET", "/status", token=tokens["viewer"], want=401)


def test_nothing_is_told_without_a_token(server):
    for path in READS + ["/events", "/blobs/" + "0" * 64]:
        answer = server.api("GET", path, token=None, want=401)
        assert "token" in answer["error"]
    assert server.call("GET", "/metrics", token=None).status == 401
    assert server.call("GET", "/metrics").status == 200
    assert server.api("POST", "/rollouts", {"x": 1}, token="wrong", want=401)


def test_tokens_are_not_stored(server):
    server.api("POST", "/devices", {"id": "d1"}, want=201)
    secrets = [server.admin, server.api("POST", "/tokens", {"name": "t", "role": "viewer"}, want=201)["token"],
               server.api("POST", "/enroll-tokens", want=201)["token"]]
    assert server.stop() == 0
    stored = b"".join(p.read_bytes() for p in server.data.glob("server.db*"))
    for secret in secrets:
        assert secret.encode() not in stored


def test_guessing_is_slowed_down(server):
    def guess(n):
        return [server.call("GET", "/api/v1/status", token=f"guess{i}", plain=True).status for i in range(n)]
    assert guess(1) == [401]
    for _ in range(50):  # one failure is forgiven with each second
        if guess(40)[-1] == server.call("GET", "/api/v1/status", plain=True).status == 429:
            break
    else:
        raise AssertionError("it was never slowed down")


def test_the_admin_token_is_private_and_made_anew_when_lost(server):
    path = server.product / "server/admin.token"
    assert path.stat().st_mode & 0o777 == 0o600
    before = server.admin
    server.stop()
    path.unlink()
    server.start()
    assert server.admin != before
    server.api("GET", "/status", token=before, want=401)
    server.api("GET", "/status")
