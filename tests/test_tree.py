# SPDX-License-Identifier: Apache-2.0
"""The checks of the tree's shape (tools/layers, sizes, format) do find what they look for."""
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture
def tree(tmp_path):
    """A small sound tree with our table and tools."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    for name in ("meson.build", ".clang-format"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name, text in {
        "libs/base/err.h": "#pragma once\n",
        "libs/base/internal.h": "#pragma once\n",
        "libs/json/json.h": '#pragma once\n\n#include "base/err.h"\n',
        "libs/json/json.c": '#include "json/json.h"\n\n#include <jansson.h>\n',
        "libs/http/client.h": "#pragma once\n",
        "apps/mp/main.c": '#include "verb.h"\n\n#include "json/json.h"\n',
        "apps/mp/verb.h": "#pragma once\n",
        "apps/fetch/fetch.h": "#pragma once\n",
        "fuzz/json.c": '#include "json/json.h"\n',
    }.items():
        write(tmp_path, name, text)
    return tmp_path


def write(tree, name, text):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(tree, tool):
    done = subprocess.run([tree / "tools" / tool], capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize("tool", ["layers", "sizes", "format"])
def test_a_sound_tree_passes(tree, tool):
    code, said = run(tree, tool)
    if code == 77:
        pytest.skip(said)
    assert code == 0, said


@pytest.mark.parametrize(
    "name, line, complaint",
    [
        ("libs/json/x.c", '#include "http/client.h"', "libs/json may not include"),
        ("libs/json/x.c", "#include <curl/curl.h>", "libs/json does not wrap libcurl"),
        ("libs/json/x.c", '#include "base/internal.h"', "is internal to libs/base"),
        ("libs/json/x_test.c", '#include "base/internal.h"', "is internal to libs/base"),
        ("libs/json/x.c", '#include "../base/err.h"', "climbs out of its folder"),
        ("libs/json/x.c", '#include "nowhere/x.h"', "is of no library"),
        ("apps/mp/x.c", '#include "fetch/fetch.h"', "is of no library"),
        ("apps/mp/x.c", "#include <sqlite3.h>", "apps/mp does not wrap sqlite3"),
        ("apps/fetch/x.c", '#include "yaml/yaml.h"', "is of no library|apps/fetch may not include"),
    ],
)
def test_an_include_against_the_layers_is_found(tree, name, line, complaint):
    write(tree, name, line + "\n")
    code, said = run(tree, "layers")
    assert code != 0
    assert f"{name}:1: " in said
    assert any(c in said for c in complaint.split("|"))


def body(lines):
    return "int f(void)\n{\n" + "\tg();\n" * lines + "}\n"


def switch(lines):
    return "int f(int x)\n{\n\tswitch (x) {\n" + "\tcase 1:\n" * lines + "\t}\n\treturn 0;\n}\n"


@pytest.mark.parametrize(
    "text, complaint",
    [
        (body(60), None),
        (body(61), "f has 61 lines"),
        (switch(90), None),
        (switch(98), "f has 101 lines"),
        ("\n" * 800, None),
        ("\n" * 801, "the file has 801 lines"),
    ],
)
def test_what_is_too_long_is_found(tree, text, complaint):
    write(tree, "libs/json/long.c", text)
    code, said = run(tree, "sizes")
    assert (code == 0) == (complaint is None), said
    assert complaint is None or complaint in said


def test_a_file_out_of_format_is_found(tree):
    if not shutil.which("clang-format"):
        pytest.skip("clang-format is not installed")
    write(tree, "libs/json/ugly.c", "int f( void ) { return 1 ; }\n")
    code, said = run(tree, "format")
    assert code != 0
    assert "libs/json/ugly.c" in said
