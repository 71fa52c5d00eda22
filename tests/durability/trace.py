"""What a process asked of the kernel, from `strace -f -y`: which answers were written, and what was synced before."""

import re
from dataclasses import dataclass

# Complete strings, since the id of a signal stands behind the headers of its request.
COMMAND = ("strace", "-D", "-f", "-y", "-qq", "-s", "4096",
           "-e", "trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,fsync,fdatasync,pwrite64", "-e", "signal=none")
_LINE = re.compile(r"^(\d+) +(.*)$")
_WHOLE = re.compile(r"^(\w+)\((.*)\) += (-?\d+)(?: .*)?$")
_BEGUN = re.compile(r"^(\w+)\((.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)(?: .*)?$")


@dataclass(frozen=True)
class Call:
    """One system call. `begun` and `ended` are lines of the trace, which has them in the order in which they happened."""

    name: str
    arguments: str
    result: int
    begun: int
    ended: int

    @property
    def file(self):
        """What the first descriptor is, as `strace -y` names it."""
        found = re.match(r"\d+<([^>]*)", self.arguments)
        return found.group(1) if found else ""


def calls(text):
    """Every call that has ended."""
    found, open_calls = [], {}
    for number, line in enumerate(text.splitlines()):
        split = _LINE.match(line)
        if not split:
            continue
        thread, rest = split.groups()
        if whole := _WHOLE.match(rest):
            found.append(Call(whole[1], whole[2], int(whole[3]), number, number))
        elif begun := _BEGUN.match(rest):
            open_calls[thread] = (begun[1], begun[2], number)
        elif (resumed := _RESUMED.match(rest)) and thread in open_calls:
            name, arguments, since = open_calls.pop(thread)
            found.append(Call(name, arguments + resumed[2], int(resumed[3]), since, number))
    return found


def is_read(call):
    return call.name in ("read", "readv", "recvfrom", "recvmsg") and call.result > 0


def is_write(call):
    return call.name in ("write", "writev", "sendto", "sendmsg")


def syncs_log(call):
    return call.name in ("fsync", "fdatasync") and call.result == 0 and call.file.endswith("-wal")


def writes_log(call):
    return call.name == "pwrite64" and call.file.endswith("-wal")
