# SPDX-License-Identifier: Apache-2.0
"""Bytes that a peer should not send, and what RFC 7252 and RFC 8323 have us answer."""
import socket
import struct

import pytest

CON, NON, ACK, RST = range(4)
GET, CONTENT, BAD_OPTION = 1, 0x45, 0x82
HELLO = b"\xb5hello"
CSM, PING, PONG, RELEASE, ABORT = range(0xe1, 0xe6)


def datagram(kind, code, mid, rest=b"", token=b""):
    return struct.pack(">BBH", 0x40 | kind << 4 | len(token), code, mid) + token + rest


@pytest.fixture
def udp(ours):
    """udp(bytes): what comes back, None when nothing does before the answer to a request sent after it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", ours.ports["udp"]))
        s.settimeout(5)

        def ask(data):
            s.send(data)
            s.send(datagram(CON, GET, 0xffff, HELLO, b"end"))
            got = s.recv(2048)
            if got[2:4] == b"\xff\xff":
                return None
            assert s.recv(2048)[2:4] == b"\xff\xff"
            return got

        yield ask


@pytest.mark.parametrize("what, data", {
    "a ping": datagram(CON, 0, 7),
    "an empty message with a token": datagram(CON, 0, 7, token=b"x"),
    "an empty message with more": datagram(CON, 0, 7, b"\xff1"),
    "a reserved class": datagram(CON, 0x21, 7),
    "a signal": datagram(CON, CSM, 7),
    "a reserved token length": b"\x4f\x01\0\x07",
    "a token that is cut": b"\x48\x01\0\x07abc",
    "a marker without payload": datagram(CON, GET, 7, b"\xff"),
    "a reserved delta": datagram(CON, GET, 7, b"\xf0"),
    "a reserved length": datagram(CON, GET, 7, b"\xbf"),
    "an option that is cut": datagram(CON, GET, 7, b"\xb5hel"),
    "a response nobody asked for": datagram(CON, CONTENT, 7, token=b"x"),
}.items())
def test_a_confirmable_message_that_makes_no_sense_is_reset(udp, what, data):
    assert udp(data) == datagram(RST, 0, 7), what


@pytest.mark.parametrize("what, data", {
    "nothing": b"",
    "half a header": b"\x40\x01\0",
    "another version": b"\x80\x01\0\x07" + HELLO,
    "a request as an acknowledgement": datagram(ACK, GET, 7, HELLO),
    "a request as a reset": datagram(RST, GET, 7, HELLO),
    "an acknowledgement of nothing": datagram(ACK, 0, 7),
    "a reset of nothing": datagram(RST, 0, 7),
    "a malformed acknowledgement": datagram(ACK, CONTENT, 7, b"\xff"),
    "a malformed reset": datagram(RST, 0, 7, b"\xff"),
}.items())
def test_a_message_that_may_not_be_answered_is_not(udp, what, data):
    assert udp(data) is None, what


def test_a_duplicate_gets_the_same_answer(udp):
    request = datagram(CON, GET, 8, HELLO, b"twice")
    first = udp(request)
    assert first.endswith(b"\xffhello") and udp(request) == first


def test_an_unknown_critical_option_is_refused(udp):
    answer = udp(datagram(CON, GET, 9, HELLO + b"\xe0\xfc\xd1", b"t"))  # 11 + 269 + 64721 = 65001
    assert answer[:2] == bytes([0x61, BAD_OPTION])


def test_an_unknown_elective_option_is_not(udp):
    assert udp(datagram(CON, GET, 10, HELLO + b"\xe0\xfc\xd0")).endswith(b"\xffhello")


def test_a_token_of_eight_bytes_comes_back(udp):
    assert udp(datagram(CON, GET, 11, HELLO, b"12345678"))[4:12] == b"12345678"


@pytest.fixture
def tcp(ours):
    """tcp(bytes): all that comes back until we have closed."""
    def ask(data):
        with socket.create_connection(("127.0.0.1", ours.ports["tcp"]), 5) as s:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            got = b""
            while part := s.recv(4096):
                got += part
            return got

    return ask


def frames(data):
    """The codes and tokens of a stream's messages."""
    while data:
        size, at = data[0] >> 4, 1
        if size == 13:
            size, at = 13 + data[1], 2
        token = data[0] & 15
        yield data[at], data[at + 1:at + 1 + token]
        data = data[at + 1 + token + size:]


def test_our_csm_is_the_first_message_and_needs_no_other(tcp):
    assert list(frames(tcp(b""))) == [(CSM, b"")]


def test_a_ping_on_a_stream_is_answered(tcp):
    assert list(frames(tcp(b"\x00\xe1\x01\xe2\x42"))) == [(CSM, b""), (PONG, b"\x42")]


def test_a_request_on_a_stream_is_answered_with_its_token(tcp):
    assert list(frames(tcp(b"\x00\xe1\x62\x01ab" + HELLO))) == [(CSM, b""), (CONTENT, b"ab")]


def test_a_request_may_come_just_before_the_csm(tcp):
    assert list(frames(tcp(b"\x62\x01ab" + HELLO + b"\x00\xe1"))) == [(CSM, b""), (CONTENT, b"ab")]


@pytest.mark.parametrize("what, data", {
    "a response before the CSM": b"\x00\x45",
    "a malformed option": b"\x00\xe1\x20\x01\xf0\x00",
    "a reserved token length": b"\x00\xe1\x0f",
    "a reserved class": b"\x00\xe1\x00\x20",
    "a message of 4 GiB": b"\x00\xe1\xf0\xff\xff\xff\xff",
    "an unknown critical option of a CSM": b"\x10\xe1\x30",
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
}.items())
def test_a_stream_that_breaks_the_rules_is_aborted(tcp, what, data):
    assert [code for code, _ in frames(tcp(data))] == [CSM, ABORT], what


def test_a_released_stream_is_answered_and_closed(ours):
    with socket.create_connection(("127.0.0.1", ours.ports["tcp"]), 5) as s:
        s.sendall(b"\x00\xe1\x61\x01a" + HELLO + b"\x00\xe4")
        got = b""
        while part := s.recv(4096):
            got += part
    assert list(frames(got)) == [(CSM, b""), (CONTENT, b"a")]
