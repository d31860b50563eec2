"""What mp says of itself: all from one table, so that nothing is forgotten."""
import re
import shutil
import subprocess

import pytest

from conftest import MP, fails, run


def verbs():
    found = []
    for name in re.findall(r"^  (\S+)  ", run("help").stdout, re.M):
        text = run(name, "--help").stdout
        subs = re.findall(r"^  (\w+)  ", text.partition("Verbs:")[2], re.M)
        found += [[name, sub] for sub in subs] if "Verbs:" in text else [[name]]
    return found


def test_all_verbs_of_the_product_are_there():
    names = {words[0] for words in verbs()}
    assert names >= {"init", "build", "run", "serve", "publish", "channel", "rollout", "device",
                     "key", "verify", "tuf-client", "token", "completion", "help", "version"}


def test_every_verb_has_help():
    for words in verbs():
        text = run(*words, "--help").stdout
        assert text.startswith(f"Usage: mp {' '.join(words)} "), text
        assert "-h, --help" in text
        assert max(map(len, text.splitlines())) <= 80, text
        assert run("help", *words).stdout == text
        assert run(*words, "-h").stdout == text


def test_the_manual_page_has_every_option():
    page = run("help", "--man").stdout.replace("\\-", "-")
    for words in verbs():
        assert f".SS mp {' '.join(words)}" in page
        for option in re.findall(r"--[a-z-]+", run(*words, "--help").stdout.partition("Options:")[2]):
            assert option in page or option == "--help", option


def test_the_manual_page_formats_without_warnings(tmp_path):
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    done = subprocess.run(["groff", "-man", "-Tascii", "-ww", "-z"], capture_output=True, text=True,
                          input=run("help", "--man").stdout, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def complete(*words):
    script = run("completion", "bash").stdout
    quoted = " ".join(f"'{w}'" for w in words)
    ask = f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _mp; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    return subprocess.run(["bash", "-c", script + ask], capture_output=True, text=True, check=True,
                          cwd="/", timeout=60).stdout.split()


def test_bash_completes_verbs_options_and_choices():
    assert complete("mp", "pub") == ["publish"]
    assert set(complete("mp", "device", "")) >= {"ls", "show", "why", "history", "add", "rm"}
    assert complete("mp", "rollout", "start", "--wa") == ["--wait"]
    assert complete("mp", "token", "add", "x", "--role", "op") == ["operator"]
    assert complete("mp", "-C", "/tmp", "key", "rot") == ["rotate"]
    assert "timestamp" in complete("mp", "key", "rotate", "t")


def test_version():
    assert re.fullmatch(r"mp \d+\.\d+\.\d+\n", run("version").stdout)
    assert run("--version").stdout == run("version").stdout


def test_no_colours_without_a_terminal(product):
    done = product.mp("key", "ls")
    assert "\033" not in done.stdout + done.stderr


@pytest.mark.parametrize("no_colour", [False, True])
def test_colours_at_a_terminal_unless_told_not_to(product, no_colour):
    if not shutil.which("script"):
        pytest.skip("script(1) is not installed")
    env = "NO_COLOR=1 " if no_colour else ""
    done = subprocess.run(["script", "-qec", f"{env}TERM=xterm {MP} -C {product.dir} key ls",
                           "/dev/null"], capture_output=True, text=True, check=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    assert ("\033[1m" in done.stdout) == (not no_colour)


def test_a_full_disk_is_not_taken_for_success(product):
    with open("/dev/full", "w") as full:
        done = subprocess.run([MP, "-C", product.dir, "key", "ls", "--json"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and "No space left" in done.stderr


def test_what_is_unknown_is_answered_with_what_is_known():
    assert "there are ls, show, why" in fails("device", "lss", status=2)
