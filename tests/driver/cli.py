"""The `meridian` program as a user runs it: arguments in; exit code, stdout and stderr out."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def binary():
    """The program under test: MERIDIAN_BIN, else the release build, else the dev build."""
    named = os.environ.get("MERIDIAN_BIN")
    # Relative paths count from the repository, as in `./test`: some tests run the program in a folder of their own.
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    candidates = [ROOT / named] if named else [target / "release/meridian", target / "debug/meridian"]
    for candidate in candidates:
        if candidate.is_file():
            return str(candidate)
    raise FileNotFoundError(f"no meridian binary at {', '.join(map(str, candidates))}; build with `./test build`")


def run(*arguments, expect=0, cwd=None, seconds=30):
    """Runs the program to its end and checks its exit code."""
    done = subprocess.run(
        [binary(), *map(str, arguments)], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
        check=False,
    )
    assert done.returncode == expect, (
        f"meridian {' '.join(map(str, arguments))}: exit {done.returncode}, expected {expect}\n{done.stdout}{done.stderr}"
    )
    return done


def run_json(*arguments, **options):
    """The same with `--json`, parsed."""
    return json.loads(run(*arguments, "--json", **options).stdout)


@dataclass(frozen=True)
class Key:
    """An API key as `key create` prints it."""

    api_key: str
    api_secret: str
    access_token: str


def create_key(data, *scopes, name="test", **flags):
    """A new key of the instance that lives in `data`."""
    extra = [part for flag, value in flags.items() for part in (f"--{flag}", value)]
    made = run_json("key", "create", "--name", name, "--scope", ",".join(scopes), "--data", data, *extra)
    return Key(made["api_key"], made["api_secret"], made["access_token"])
