"""The crates' dependency arrows point down only, and the pure rooms know no I/O (see ARCHITECTURE.md)."""

import json
import subprocess
import sys

LEAVES = {"market": set(), "journal": set(), "kite": {"market"}, "pricing": {"market"}, "access": {"journal", "market"},
          "stream": {"market", "kite"}, "feed": {"market", "kite", "pricing"}, "vault": set(), "trade": {"market"},
          "broker": {"market", "kite", "trade"}, "engine": {"market", "journal", "trade"},
          "venue": {"market", "kite", "feed", "trade", "broker"}, "release": {"market"},
          "dossier": {"release", "market"}}
CONTROL = {"release", "dossier", "market", "journal", "access", "vault"}
ROOMS = {**LEAVES, "gateway": set(LEAVES) - {"venue", "release", "dossier"}, "control": CONTROL,
         "meridian": {*LEAVES, "gateway", "control"}, "benches": {*LEAVES, "gateway", "control"}}
PURE = {"market", "pricing", "kite", "stream", "feed", "trade", "release", "dossier"}
SHELL = {"tokio", "hyper", "axum", "rusqlite", "getrandom", "ureq"}


def complaints(packages):
    names = {package["name"] for package in packages}
    for package in packages:
        name = package["name"]
        needs = {need["name"] for need in package["dependencies"] if need["kind"] != "dev"}
        if name not in ROOMS:
            yield f"{name}: not in the table of rooms; add it to tests/house/arrows.py"
            continue
        for other in sorted((needs & names) - ROOMS[name]):
            yield f"{name} must not know {other}"
        if name in PURE:
            for other in sorted(needs & SHELL):
                yield f"{name} is pure and must not depend on {other}"


def main():
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"], check=True, capture_output=True, text=True
    )
    found = list(complaints(json.loads(metadata.stdout)["packages"]))
    print("\n".join(found) or "arrows: all point down")
    return bool(found)


sys.exit(main())
