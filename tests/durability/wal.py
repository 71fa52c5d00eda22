"""A database and its write-ahead log, copied and cut."""

import shutil
from pathlib import Path


def log_of(database):
    return Path(f"{database}-wal")


class Copies:
    """The files of a stopped database, from which copies with a shorter log are made: without the shared memory beside
    them, as after a power cut, so that whoever opens one has to recover it."""

    def __init__(self, database, folder):
        folder.mkdir()
        self.folder = folder
        self.database = folder / "as-it-was.db"
        shutil.copyfile(database, self.database)
        self.log = log_of(database).read_bytes()

    def cut_at(self, offset):
        """The file of a copy whose log ends at `offset`. There is one at a time."""
        file = self.folder / "cut" / "meridian.db"
        shutil.rmtree(file.parent, ignore_errors=True)
        file.parent.mkdir(mode=0o700)
        shutil.copyfile(self.database, file)
        log_of(file).write_bytes(self.log[:offset])
        return file
