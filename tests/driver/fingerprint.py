"""What a directory holds, to show that a refusal damaged nothing."""

import hashlib


def of(path):
    """Relative name -> hash, of every file below `path` (or of the file itself)."""
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    return {str(file.relative_to(path.parent)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
