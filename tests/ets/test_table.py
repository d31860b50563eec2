# SPDX-License-Identifier: Apache-2.0
"""docs/reference/ets.md says which test covers which case: the names of the tests must agree."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def cases_of(name):
    """229, 235 of "229_235_reads_composite"."""
    return re.match(r"(?:\d+_)+", name).group().split("_")[:-1]


def covered():
    """{case: names of files}."""
    found = {}
    for pattern in ("libs/**/*_test.c", "apps/**/*_test.c", "tests/**/*.py"):
        for path in ROOT.glob(pattern):
            for name in re.findall(r"(?:TEST\(|def test_)ets_(\w+)", path.read_text()):
                for case in cases_of(name):
                    found.setdefault(case, set()).add(path.stem)
    return found


def test_each_test_that_the_table_names_is_there_and_each_case_has_a_row():
    rows = re.findall(r"^\| (\d+) \| [^|]+\| ([^|]+) \| ([^|]+) \|$", (ROOT / "docs/reference/ets.md").read_text(), re.M)
    found = covered()
    assert len(rows) > 100 and not set(found) - {case for case, _, _ in rows}
    for case, client, server in rows:
        named = set(re.findall(r"`(\w+_test|test_\w+)`", client + server))
        assert named <= found.get(case, set()), (case, named - found.get(case, set()))
        assert client.strip() and server.strip(), case
