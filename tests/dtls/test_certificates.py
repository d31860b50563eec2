# SPDX-License-Identifier: Apache-2.0
"""Certificates and raw public keys, with OpenSSL, GnuTLS and pion on the other side."""
import pytest

CIPHERS = ["ECDHE-ECDSA-AES128-CCM8", "ECDHE-ECDSA-AES128-GCM-SHA256"]
BACKENDS = ["mbedtls", "gnutls"]
RAW = ("NONE:+VERS-DTLS1.2:+AES-128-CCM-8:+AES-128-GCM:+AEAD:+SHA256:+ECDHE-ECDSA:"
       "+SIGN-ECDSA-SHA256:+GROUP-SECP256R1:+COMP-NULL:+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK")


def shown(keys, name, backend):
    return [f"cert={keys}/{name}.crt", f"key={keys}/{name}.key", f"ca={keys}/ca.crt",
            f"x509={backend}"]


def s_client(start, port, keys, name, cipher):
    return start("openssl", "s_client", "-dtls1_2", "-quiet", "-connect", f"127.0.0.1:{port}",
                 "-cert", keys / f"{name}.crt", "-key", keys / f"{name}.key", "-CAfile",
                 keys / "ca.crt", "-verify_return_error", "-cipher", f"{cipher}:@SECLEVEL=0")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_openssl_s_client_talks_to_our_server(serve, start, keys, cipher, backend):
    server, port = serve(*shown(keys, "server", backend))
    client = s_client(start, port, keys, "device-7", cipher)
    server.expect("established x509 device-7")
    client.say("hello")
    client.expect("hello")
    server.expect("data hello")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cipher", CIPHERS)
def test_our_client_talks_to_openssl_s_server(start, connect, free_port, keys, cipher, backend):
    server = start("openssl", "s_server", "-dtls1_2", "-accept", f"127.0.0.1:{free_port}", "-cert",
                   keys / "server.crt", "-key", keys / "server.key", "-CAfile", keys / "ca.crt",
                   "-Verify", "1", "-verify_return_error", "-cipher", f"{cipher}:@SECLEVEL=0")
    server.expect("ACCEPT")
    client = connect(free_port, *shown(keys, "device-7", backend))
    client.expect("established x509 server")
    client.say("from us")
    server.expect("from us")
    server.say("from them")
    client.expect("data from them")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_certificate_of_nobody_we_trust_is_refused(serve, start, keys, backend):
    server, port = serve(*shown(keys, "server", backend))
    s_client(start, port, keys, "stranger", CIPHERS[0])
    assert "not trusted" in server.expect("refused")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_client_without_a_certificate_is_refused(serve, start, keys, backend):
    server, port = serve(*shown(keys, "server", backend))
    start("openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}", "-cipher",
          f"{CIPHERS[0]}:@SECLEVEL=0")
    server.expect("refused")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_server_that_we_do_not_trust_is_refused(start, connect, free_port, keys, backend):
    server = start("openssl", "s_server", "-dtls1_2", "-accept", f"127.0.0.1:{free_port}", "-cert",
                   keys / "stranger.crt", "-key", keys / "stranger.key", "-cipher",
                   f"{CIPHERS[0]}:@SECLEVEL=0")
    server.expect("ACCEPT")
    client = connect(free_port, *shown(keys, "device-7", backend))
    assert "not trusted" in client.expect("closed")


@pytest.mark.parametrize("backend", BACKENDS)
def test_gnutls_cli_talks_to_our_server(serve, start, keys, backend):
    server, port = serve(*shown(keys, "server", backend))
    client = start("gnutls-cli", "--udp", "--x509cafile", keys / "ca.crt", "--x509certfile",
                   keys / "device-7.crt", "--x509keyfile", keys / "device-7.key", "-p", port,
                   "--priority", "NORMAL:-VERS-ALL:+VERS-DTLS1.2:+AES-128-CCM-8", "localhost")
    server.expect("established x509 device-7")
    client.expect("Handshake was completed")
    client.say("hello")
    client.expect("hello")


@pytest.mark.parametrize("backend", BACKENDS)
def test_pion_talks_to_our_server(serve, start, keys, pion, backend):
    server, port = serve(*shown(keys, "server", backend))
    client = start(pion, "client", f"127.0.0.1:{port}", "cert", keys / "device-7.crt",
                   keys / "device-7.key", keys / "ca.crt")
    client.expect("established")
    server.expect("established x509 device-7")
    client.say("hello")
    client.expect("data hello")


@pytest.mark.parametrize("backend", BACKENDS)
def test_our_client_talks_to_pion(start, connect, keys, pion, backend):
    server = start(pion, "server", "127.0.0.1:0", "cert", keys / "server.crt", keys / "server.key",
                   keys / "ca.crt")
    port = int(server.expect("port ").split()[1])
    client = connect(port, *shown(keys, "device-7", backend))
    client.expect("established x509 server")
    client.say("hello")
    client.expect("data hello")


def test_gnutls_cli_shows_our_server_its_raw_key(serve, start, keys):
    server, port = serve(f"key={keys}/server.key", "rpk=yes")
    client = start("gnutls-cli", "--udp", "--rawpkkeyfile", keys / "device-7.key", "--rawpkfile",
                   keys / "device-7.pub", "--insecure", "-p", port, "--priority", RAW, "127.0.0.1")
    server.expect("established rpk")
    client.expect("Handshake was completed")
    client.say("hello")
    client.expect("hello")


def test_our_client_shows_gnutls_serv_its_raw_key(start, connect, free_port, keys):
    server = start("gnutls-serv", "--udp", "--echo", "--rawpkkeyfile", keys / "server.key",
                   "--rawpkfile", keys / "server.pub", "-p", free_port, "--priority", RAW)
    server.expect("listening")
    client = connect(free_port, f"key={keys}/device-7.key", "rpk=yes")
    client.expect("established rpk")
    client.say("hello")
    client.expect("data hello")


def test_one_port_serves_psk_certificates_and_raw_keys(serve, start, connect, keys):
    server, port = serve("psk=device-1:00112233445566778899aabbccddeeff",
                         *shown(keys, "server", "mbedtls"), "rpk=yes")
    for options, who in ((["psk=device-1:00112233445566778899aabbccddeeff"], "psk device-1"),
                         (shown(keys, "device-7", "gnutls"), "x509 device-7"),
                         ([f"key={keys}/device-7.key", "rpk=yes"], "rpk")):
        client = connect(port, *options)
        client.expect("established")
        server.expect(f"established {who}")
        client.say(who)
        client.expect(f"data {who}")
