"""House rules that no linter knows: no registry hosts and no paths of one machine in the tree."""

import re
import subprocess
import sys
from pathlib import Path

# Written so that the patterns do not match themselves.
RULES = {
    "names a package registry's host": re.compile(
        r"crates[.]io|pypi[.]org|pythonhosted[.]org|npmjs[.](org|com)|deb[.]debian[.]org|proxy[.]golang[.]org"
    ),
    "holds a path of one machine": re.compile(r"(?<![\w.$}/-])/(work|root|opt)/\w"),
}
# cargo writes its source's name into the lock file by itself.
EXEMPT = {"Cargo.lock", "fuzz/Cargo.lock"}


def files():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], check=True, capture_output=True, text=True
    )
    return [name for name in listed.stdout.split("\0") if name and name not in EXEMPT and Path(name).is_file()]


def complaints():
    for name in files():
        try:
            lines = Path(name).read_text().splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            for rule, pattern in RULES.items():
                if pattern.search(line):
                    yield f"{name}:{number}: {rule}: {line.strip()[:120]}"


found = list(complaints())
print("\n".join(found) or "tidy: no registry hosts, no machine paths")
sys.exit(bool(found))
