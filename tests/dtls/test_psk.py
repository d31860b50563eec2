# SPDX-License-Identifier: Apache-2.0
"""Pre-shared keys, with OpenSSL, GnuTLS and pion on the other side."""
import pytest

from conftest import IDENTITY, KEY, PSK

CIPHERS = ["PSK-AES128-CCM8", "PSK-AES128-CCM", "PSK-AES128-GCM-SHA256", "PSK-AES128-CBC-SHA256",
           "ECDHE-PSK-AES128-CBC-SHA256", "ECDHE-PSK-CHACHA20-POLY1305"]


def talk(server, client):
    client.say("hello")
    client.expect("hello")
    server.expect("data hello")


@pytest.mark.parametrize("cipher", CIPHERS)
def test_openssl_s_client_talks_to_our_server(serve, start, cipher):
    server, port = serve(PSK)
    client = start("openssl", "s_client", "-dtls1_2", "-quiet", "-connect", f"127.0.0.1:{port}",
                   "-psk", KEY, "-psk_identity", IDENTITY, "-cipher", f"{cipher}:@SECLEVEL=0")
    server.expect(f"established psk {IDENTITY}")
    talk(server, client)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_our_client_talks_to_openssl_s_server(start, connect, free_port, cipher):
    server = start("openssl", "s_server", "-dtls1_2", "-nocert", "-accept", f"127.0.0.1:{free_port}",
                   "-psk", KEY, "-cipher", f"{cipher}:@SECLEVEL=0")
    server.expect("ACCEPT")
    client = connect(free_port, PSK)
    client.expect("established psk")
    client.say("from us")
    server.expect("from us")
    server.say("from them")
    client.expect("data from them")


def test_gnutls_cli_talks_to_our_server(serve, start):
    server, port = serve(PSK)
    client = start("gnutls-cli", "--udp", "--pskusername", IDENTITY, "--pskkey", KEY, "-p", port,
                   "--priority", "NORMAL:-KX-ALL:+PSK:-CIPHER-ALL:+AES-128-CCM-8:-VERS-ALL:"
                   "+VERS-DTLS1.2", "127.0.0.1")
    server.expect(f"established psk {IDENTITY}")
    client.expect("Handshake was completed")
    talk(server, client)


def test_our_client_talks_to_gnutls_serv(start, connect, free_port, tmp_path):
    passwords = tmp_path / "passwords"
    passwords.write_text(f"{IDENTITY}:{KEY}\n")
    server = start("gnutls-serv", "--udp", "--echo", "--pskpasswd", passwords, "-p", free_port,
                   "--priority", "NORMAL:-KX-ALL:+PSK:-CIPHER-ALL:+AES-128-CCM-8:-VERS-ALL:"
                   "+VERS-DTLS1.2")
    server.expect("listening")
    client = connect(free_port, PSK)
    client.expect("established psk")
    client.say("hello")
    client.expect("data hello")


def test_pion_talks_to_our_server(serve, start, pion):
    server, port = serve(PSK)
    client = start(pion, "client", f"127.0.0.1:{port}", "psk", IDENTITY, KEY)
    client.expect("established")
    talk(server, client)


def test_our_client_talks_to_pion(start, connect, pion):
    server = start(pion, "server", "127.0.0.1:0", "psk", IDENTITY, KEY)
    port = int(server.expect("port ").split()[1])
    client = connect(port, PSK)
    client.expect("established psk")
    talk(server, client)


def test_a_session_is_parked_with_its_first_record_and_goes_on(serve, start):
    server, port = serve(PSK)
    client = start("openssl", "s_client", "-dtls1_2", "-quiet", "-connect", f"127.0.0.1:{port}",
                   "-psk", KEY, "-psk_identity", IDENTITY, "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0")
    server.expect("established")
    for i in range(5):
        client.say(f"line {i}")
        client.expect(f"line {i}")
        server.say(".counters")
        assert "parked=1 sessions=1" in server.expect("counters")


def test_a_handshake_within_a_session_is_refused_with_an_alert(serve, start):
    server, port = serve(PSK)
    client = start("openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}",
                   "-psk", KEY, "-psk_identity", IDENTITY, "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0")
    server.expect("established")
    client.say("hello")
    server.expect("data hello")
    client.say("R")
    client.expect("no renegotiation")
    server.expect("closed the peer sent a fatal alert")


def test_an_openssl_client_goes_on_after_our_clean_restart(serve, start, tmp_path):
    state = tmp_path / "sessions"
    server, port = serve(PSK, f"state={state}")
    client = start("openssl", "s_client", "-dtls1_2", "-quiet", "-connect", f"127.0.0.1:{port}",
                   "-psk", KEY, "-psk_identity", IDENTITY, "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0")
    server.expect("established")
    talk(server, client)
    server.say(".quit")
    server.expect("saved 1")
    server.process.wait(60)
    assert state.stat().st_mode & 0o777 == 0o600
    server = start(server.args[0], "server", f"127.0.0.1:{port}", PSK, f"state={state}")
    server.expect(f"restored psk {IDENTITY}")
    assert not state.exists()
    client.say("again")
    server.expect("data again")
    client.expect("again")


def test_a_wrong_key_and_an_unknown_identity_are_told_apart(serve, start):
    server, port = serve(PSK)
    for identity, key, words in ((IDENTITY, "00" * 16, "another key"),
                                 ("nobody", KEY, "identity is unknown")):
        start("openssl", "s_client", "-dtls1_2", "-connect", f"127.0.0.1:{port}", "-psk", key,
              "-psk_identity", identity, "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0")
        server.expect(words)
