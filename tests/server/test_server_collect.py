# SPDX-License-Identifier: Apache-2.0
"""What nobody needs is removed; what anything names stays."""
import time

from fleet import sha256

DAY = 86400


def files(server):
    return {p.name for p in (server.data / "blobs").iterdir()}


def wait_until_gone(server, *names):
    for _ in range(1200):
        if not files(server) & set(names):
            return
        time.sleep(0.05)
    raise AssertionError(f"still there: {files(server) & set(names)}")


def metadata(server):
    """Names of the metadata files that the server still has, and the digest of each."""
    found = {}
    for name in ["timestamp.json", *(f"{n}.{role}.json" for n in range(1, 9)
                                     for role in ("root", "targets", "snapshot"))]:
        answer = server.call("GET", f"/api/v1/tuf/{name}")
        if answer.status == 200:
            assert answer.headers["etag"] == f'"{sha256(answer.body)}"'
            found[name] = sha256(answer.body)
    return found


def test_only_what_nothing_names_is_removed(server):
    """Two releases, an upload of no release, a target of no release, a file without a row."""
    releases = {}
    for version in ("1.0.0", "1.1.0"):
        releases |= server.manifest(version)
        server.publish(version)
    orphan, extra = b"an upload of no release", b"a target of no release"
    server.put(orphan)
    server.put(extra)
    answer = server.call("POST", "/api/v1/tuf/targets", server.sign("targets", server.targets({"extra": extra})))
    assert answer.status == 201
    without_row = sha256(b"cut off before its row was written")
    (server.data / "blobs" / without_row).write_bytes(b"x")
    (server.data / "blobs" / "README").write_bytes(b"not ours")
    before = metadata(server)
    assert set(before) == {"1.root.json", "timestamp.json", *(f"{n}.{r}.json" for n in (1, 2, 3)
                                                              for r in ("targets", "snapshot"))}
    server.restart(2 * DAY + 600)
    wait_until_gone(server, sha256(orphan), without_row, before["timestamp.json"], before["1.targets.json"],
                    before["2.snapshot.json"])
    after = metadata(server)
    assert set(after) == {"1.root.json", "timestamp.json", "3.targets.json", "3.snapshot.json"}
    assert files(server) == {sha256(data) for data in releases.values()} | {sha256(extra), "README"} | \
        set(after.values())
    for data in releases.values():
        assert server.call("GET", "/api/v1/blobs/" + sha256(data)).body == data
    assert server.call("HEAD", "/api/v1/blobs/" + sha256(orphan)).status == 404
    assert "unused files removed" in server.log.read_text()


def test_uploads_of_today_stay(server):
    """Also those that somebody has asked for since, who will not send them again."""
    server.publish("1.0.0")
    fresh, asked, stale = b"fresh", b"asked for", b"stale"
    for data in (asked, stale):
        server.put(data)
    server.restart(20 * 3600)
    server.put(fresh)
    assert server.call("HEAD", "/api/v1/blobs/" + sha256(asked)).status == 200
    assert sha256(stale) in files(server)
    server.restart(30 * 3600)
    wait_until_gone(server, sha256(stale))
    assert {sha256(fresh), sha256(asked)} <= files(server)
    assert server.call("PUT", "/api/v1/blobs/" + sha256(stale), stale).status == 201


def test_many_are_removed_in_pieces_while_the_server_answers(server):
    many = [b"blob %d" % i for i in range(450)]
    connection = server.connection(plain=True)
    for data in many:
        assert server.call("PUT", "/api/v1/blobs/" + sha256(data), data, connection=connection).status == 201
    connection.close()
    server.restart(2 * DAY)
    end = time.monotonic() + 120
    while files(server) & {sha256(data) for data in many}:
        assert time.monotonic() < end
        assert server.call("GET", "/api/v1/status", plain=True).status == 200
    assert "files=450" in server.log.read_text()


def test_a_kill_in_the_middle_leaves_nothing_behind(server):
    for i in range(50):
        server.put(b"blob %d" % i)
    server.publish("1.0.0")
    kept = {sha256(data) for data in server.manifest("1.0.0").values()}
    server.restart(2 * DAY)
    for delay in (1.0, 1.3, 2.1):
        time.sleep(delay)
        server.kill()
        server.start()
    wait_until_gone(server, *(sha256(b"blob %d" % i) for i in range(50)))
    assert kept <= files(server)
