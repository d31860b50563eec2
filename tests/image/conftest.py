# SPDX-License-Identifier: Apache-2.0
"""mp build from outside: what is in the images that it makes, and that they come out the same."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MP_BUILD", ROOT / "build"))
MP = BUILD / "mp"


def run(*argv, **kwargs):
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=600, **kwargs)
    return done


class Product:
    def __init__(self, folder, source, cache=None):
        self.dir, self.source = folder, source
        self.env = dict(os.environ) | {"MP_SOURCE": str(source)}
        if cache:
            self.env["XDG_CACHE_HOME"] = str(cache)
        base = pathlib.Path(self.env.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
        self.cache = base / "microplatform"

    def mp(self, *args, before=(), **env):
        return run(*before, MP, "-C", self.dir, *args, env=self.env | env)

    def build(self, *args, **kwargs):
        done = self.mp("build", *args, **kwargs)
        assert done.returncode == 0, done.stderr
        return done

    @property
    def out(self):
        return self.dir / "build/1.0.0"

    def images(self):
        """The folder with root.img, verity.img and root_hash; one build leaves one."""
        found = [f for f in (self.dir / "cache").glob("root-*") if f.is_dir()]
        assert len(found) == 1
        return found[0]

    def tool(self, program, *args):
        """Run a program of the tools tree as mp does: by the tree's own loader."""
        tree = next(f for f in self.cache.glob("tools-*") if (f / program).exists())
        return run(tree / "usr/lib64/ld-linux-x86-64.so.2", "--library-path",
                   tree / "usr/lib/x86_64-linux-gnu", tree / program, *args)

    def copy(self, to, cache=None, link=os.link):
        """The same product with its lock and packages, and nothing else that was made."""
        to.mkdir()
        for name in ("app", "keys", "tuf"):
            shutil.copytree(self.dir / name, to / name)
        for name in ("product.yaml", "mp.lock"):
            shutil.copy(self.dir / name, to)
        shutil.copytree(self.dir / "cache/packages", to / "cache/packages", copy_function=link)
        return Product(to, self.source, cache)


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """The source tree as it is now, so that all builds of a run are of the same."""
    to = tmp_path_factory.mktemp("tree") / "source"
    for name in ("libs", "apps", "os", "tools", "fuzz", "share"):
        shutil.copytree(ROOT / name, to / name, symlinks=True)
    for name in ("meson.build", "meson_options.txt"):
        shutil.copy(ROOT / name, to)
    return to


@pytest.fixture(scope="session")
def product(tmp_path_factory, source):
    folder = tmp_path_factory.mktemp("image") / "product"
    made = run(MP, "init", folder, "--product", "demo")
    assert made.returncode == 0, made.stderr
    p = Product(folder, source)
    p.build()
    return p


@pytest.fixture(scope="session")
def manifest(product):
    return json.loads((product.out / "1.0.0.manifest.json").read_text())


@pytest.fixture(scope="session")
def root(product, tmp_path_factory):
    """The root file system's tree, taken out of the image."""
    to = tmp_path_factory.mktemp("root") / "root"
    done = product.tool("usr/bin/fsck.erofs", "--preserve", f"--extract={to}",
                        product.images() / "root.img")
    assert done.returncode == 0, done.stderr
    return to
