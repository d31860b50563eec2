# SPDX-License-Identifier: Apache-2.0
"""Our endpoint and those of others ask each other, over UDP and TCP."""
import hashlib
import random

import pytest

LARGE = bytes(i % 251 for i in range(20000))
BODY = random.Random(7).randbytes(100000)


def asker(peer, carrier, ours, who):
    client, server = (peer, ours) if who == "they ask" else (ours, peer)
    return lambda *request, body=b"": client.ask(carrier, server.address(carrier), *request, body=body)


@pytest.fixture(params=["we ask", "they ask"])
def ask(request, peer, carrier, ours):
    return asker(peer, carrier, ours, request.param)


@pytest.fixture
def ask_us(peer, carrier, ours):
    return asker(peer, carrier, ours, "they ask")


def answer(lines, code):
    assert [line["code"] for line in lines] == [code]
    return bytes.fromhex(lines[0]["payload"])


def test_a_resource_is_read(ask):
    assert answer(ask("GET", "hello"), "2.05") == b"hello"


def test_a_missing_resource_is_told(ask):
    answer(ask("GET", "nothing"), "4.04")


def test_a_method_that_is_not_there_is_told(ask):
    answer(ask("DELETE", "hello"), "4.05")


def test_a_post_carries_a_payload_both_ways(ask):
    assert answer(ask("POST", "echo", body=b"\0\xff" * 100), "2.04") == b"\0\xff" * 100


def test_a_fetch_carries_a_payload_both_ways(ask):
    assert answer(ask("FETCH", "echo", body=b"what?"), "2.05") == b"what?"


def test_a_separate_response_arrives(ask):
    assert answer(ask("GET", "separate"), "2.05") == b"late"


def test_a_large_response_arrives_whole(ask):
    assert answer(ask("GET", "large"), "2.05") == LARGE


@pytest.mark.parametrize("size", [1023, 1024, 1025, 2048, 100000])
def test_a_large_request_arrives_whole(ask, size):
    body = BODY[:size]
    digest = hashlib.sha256(body).hexdigest()
    assert answer(ask("PUT", "upload", body=body), "2.04").decode() == digest


def test_notifications_arrive_in_order(ask):
    lines = ask("GET", "time", "4")
    assert {line["code"] for line in lines} == {"2.05"}
    numbers = [int(bytes.fromhex(line["payload"])) for line in lines]
    assert len(numbers) >= 5
    assert numbers[:5] == sorted(numbers[:5]) and numbers[4] > numbers[0]


def test_a_body_that_is_read_piece_by_piece_arrives_whole(ask_us):
    assert answer(ask_us("GET", "source"), "2.05") == bytes(i % 251 for i in range(300000))


def test_a_body_that_is_taken_block_by_block_arrives_whole(ask_us):
    digest = hashlib.sha256(BODY).hexdigest()
    assert answer(ask_us("PUT", "sink", body=BODY), "2.04").decode() == digest


def test_we_tell_what_we_were_asked_over(ask_us, carrier):
    assert answer(ask_us("GET", "tcp"), "2.05").decode() == carrier
