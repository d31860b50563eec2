# SPDX-License-Identifier: Apache-2.0
"""One emulated device, and the server of its product: started by `mp`, ended by their pids."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.request

from ports import free_port

BOARD = "qemu-x86_64"


def wait_for(what, seconds, condition):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        got = condition()
        if got:
            return got
        time.sleep(0.3)
    raise AssertionError(f"gave up waiting {seconds} s for {what}")


class Server:
    def __init__(self, programs, product):
        self.programs, self.product, self.process = programs, product, None
        # what the releases tell their devices
        self.port = re.search(r'url: "https://[^:]+:(\d+)"', (product / "product.yaml").read_text())[1]

    def mp(self, *args, status=0):
        done = subprocess.run([self.programs / "mp", "-C", self.product, *map(str, args)], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=400)
        assert status is None or done.returncode == status, f"mp {args}: {done.stdout}{done.stderr}"
        return done

    def json(self, *args):
        return json.loads(self.mp(*args, "--json").stdout)

    def start(self):
        log = self.product / "server.log"
        with open(log, "wb") as out:
            self.process = subprocess.Popen([self.programs / "mp", "-C", self.product, "serve", "--port", self.port],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out)

        def answers():
            assert self.process.poll() is None, f"the server ended: {log.read_text(errors='replace')}"
            return self.mp("device", "ls", status=None).returncode == 0
        wait_for(f"the server to answer ({log})", 60, answers)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def devices(self):
        return {d["id"]: d for d in self.json("device", "ls")["items"]}

    def device(self, name):
        return self.json("device", "show", name)

    def wait_state(self, name, state, release, seconds=180):
        def reached():
            d = self.device(name)
            return d if (d["state"], d["release"]) == (state, release) else None
        return wait_for(f"{name} to be {state} on {release}", seconds, reached)


class Machine:
    def __init__(self, programs, product, version, folder, disk_size=2048):
        self.programs, self.product, self.version = programs, product, version
        self.folder, self.pid = folder, None
        folder.mkdir(parents=True)
        self.disk, self.serial = folder / "disk.raw", folder / "serial.log"
        self.web = free_port()
        self.size = disk_size

    def make_disk(self):
        """The disk as the factory writes it, for tests that change it before the first boot."""
        built = self.product / "build" / self.version
        for source, suffix in ((f"{BOARD}.raw", ""), (f"{BOARD}.vars", ".vars"), (f"{BOARD}.firmware", ".firmware")):
            subprocess.run(["cp", "--sparse=always", built / source, f"{self.disk}{suffix}"], check=True)
        os.truncate(self.disk, max(self.disk.stat().st_size, self.size << 20))

    def take_disk(self, other):
        """A copy of another machine's disk, whose power is off."""
        for suffix in ("", ".vars", ".firmware"):
            subprocess.run(["cp", "--sparse=always", f"{other.disk}{suffix}", f"{self.disk}{suffix}"], check=True)

    def start(self, *qemu):
        """Power on. `qemu`: more of its arguments."""
        extra = [a for q in qemu for a in ("--qemu", q)]
        done = subprocess.run(
            [self.programs / "mp", "-C", self.product, "run", self.version, "--detach", "--json",
             "--name", self.folder.name, "--disk", self.disk, "--disk-size", str(self.size),
             "--serial", self.serial, "--port", f"{self.web}:8080", *extra],
            text=True, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
        self.pid = json.loads(done.stdout)["pid"]
        return self

    def kill(self):
        """The power is cut."""
        if self.pid:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            wait_for("QEMU to end", 10, lambda: not pathlib.Path(f"/proc/{self.pid}").exists())
            self.pid = None

    def console(self):
        return self.serial.read_text(errors="replace") if self.serial.exists() else ""

    def page(self):
        """What the application answers, '' while it does not."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/", timeout=2) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def enroll(self, server, seconds=120):
        """Boot for the first time; the id under which it appears."""
        before = set(server.devices())
        self.start()
        return wait_for("the device to enroll", seconds,
                        lambda: next(iter(set(server.devices()) - before), None))

    # ---- the disk, while the power is off ----

    def partition(self, label):
        """Offset and size in bytes."""
        table = json.loads(subprocess.run(["sfdisk", "--json", self.disk], check=True, text=True,
                                          capture_output=True).stdout)["partitiontable"]
        part = next(p for p in table["partitions"] if p["name"] == label)
        return part["start"] * 512, part["size"] * 512

    def flip(self, offset):
        with open(self.disk, "r+b") as f:
            f.seek(offset)
            byte = f.read(1)[0]
            f.seek(offset)
            f.write(bytes([byte ^ 1]))

    def flip_esp_file(self, path):
        """One bit in the middle of a file on the ESP."""
        where = f"{self.disk}@@{self.partition('esp')[0]}"
        copy = self.folder / "esp-file"
        subprocess.run(["mcopy", "-n", "-i", where, f"::{path}", copy], check=True)
        data = bytearray(copy.read_bytes())
        data[len(data) // 2] ^= 1
        copy.write_bytes(data)
        subprocess.run(["mcopy", "-o", "-i", where, copy, f"::{path}"], check=True)

    def write_esp_file(self, path, text):
        where = f"{self.disk}@@{self.partition('esp')[0]}"
        copy = self.folder / "esp-file"
        copy.write_text(text)
        subprocess.run(["mcopy", "-o", "-i", where, copy, f"::{path}"], check=True)

    def esp_names(self, folder):
        where = f"{self.disk}@@{self.partition('esp')[0]}"
        return subprocess.run(["mdir", "-b", "-i", where, f"::{folder}"], check=True, text=True,
                              capture_output=True).stdout.split()

    def debugfs(self, *commands):
        """Commands to the file system `data`; what they print."""
        where = f"{self.disk}?offset={self.partition('data')[0]}"
        return subprocess.run(["debugfs", "-w", "-f", "-", where], check=True, text=True,
                              input="\n".join(commands) + "\n", capture_output=True).stdout

    def fill_data(self, left):
        """A file that leaves so many bytes. The journal goes, for it would make room by itself."""
        where = f"{self.disk}?offset={self.partition('data')[0]}"
        subprocess.run(["e2fsck", "-fy", where], check=False, capture_output=True)
        for folder in listed(self.debugfs("ls -p /log/journal")):
            self.debugfs(*(f"rm /log/journal/{folder}/{name}"
                           for name in listed(self.debugfs(f"ls -p /log/journal/{folder}"))))
        facts = dict(line.split(":", 1) for line in self.debugfs("stats -h").splitlines() if ":" in line)
        free, block, blocks = (int(facts[k]) for k in ("Free blocks", "Block size", "Block count"))
        kept = min(4096, blocks // 50)  # what ext4 keeps for itself: fs/ext4, resv_clusters
        size = free - kept - left // block
        self.debugfs("write /dev/null filler", f"fallocate filler 0 {size - 1}",
                     f"sif filler size {size * block}")
        subprocess.run(["e2fsck", "-fy", where], check=False, capture_output=True)


def listed(text):
    """Names in what debugfs' `ls -p` prints: /INODE/MODE/UID/GID/NAME/SIZE/."""
    names = (line.split("/")[5] for line in text.splitlines() if line.count("/") >= 6)
    return [n for n in names if n not in (".", "..", "")]


def missing(*programs):
    """The first of these programs that is not installed, or None."""
    return next((p for p in programs if not shutil.which(p, path="/usr/sbin:/sbin:" +
                                                         os.environ.get("PATH", ""))), None)
