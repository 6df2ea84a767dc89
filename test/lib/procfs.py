"""procfs.py - what the harness sees of a process from outside."""
import os
import re
import signal
import time

DEADLINE_STEP = 0.001


def text(path):
    try:
        with open(path, "rb") as f:
            return f.read().decode("latin-1")
    except OSError:
        return ""


def listing(path):
    try:
        return sorted(os.listdir(path), key=lambda n: (len(n), n))
    except OSError:
        return []


def link(path):
    try:
        return os.readlink(path)
    except OSError:
        return "?"


def status(pid, tid, keys):
    return {k: v.strip() for k, _, v in
            (line.partition(":") for line in text(f"/proc/{pid}/task/{tid}/status").splitlines())
            if k in keys}


def state(pid):
    return text(f"/proc/{pid}/stat").rpartition(")")[2][1:2]


def gone(pid):
    return state(pid) == ""


def facts(pid):
    """All that a checkpoint must leave as it was.  {what: value}"""
    tids = listing(f"/proc/{pid}/task")
    found = {
        "maps": text(f"/proc/{pid}/maps"),
        "fds": [(n, link(f"/proc/{pid}/fd/{n}")) for n in listing(f"/proc/{pid}/fd")],
        "threads": tids,
        "children": [text(f"/proc/{pid}/task/{t}/children") for t in tids],
    }
    for t in tids:
        found[f"thread {t}"] = status(pid, t, (
            "TracerPid", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt", "Uid", "Gid", "CapEff",
            "Seccomp", "NoNewPrivs", "Threads", "VmLck"))
        if state(f"{pid}/task/{t}") in ("T", "t"):
            found[f"thread {t}"]["State"] = "stopped"
    return found


def joined(text):
    """maps with anonymous neighbours of the same kind as one: the kernel keeps them apart for what it
    has done with them, and nothing tells it to."""
    kept = []
    for line in text.splitlines():
        span, rest = line.split(" ", 1)
        start, end = span.split("-")
        private = rest.split()[:4] == [rest.split()[0], "00000000", "00:00", "0"]
        if kept and private and kept[-1][1] == start and kept[-1][2].split() == rest.split():
            kept[-1][1] = end
        else:
            kept.append([start, end, rest])
    return "".join(f"{a}-{b} {rest}\n" for a, b, rest in kept)


def again(found):
    """facts() without what a new object cannot have in common with the old one: inode numbers."""
    kept = dict(found)
    kept["maps"] = joined(re.sub(r"(?m)\d+( +/\S+ \(deleted\))$", r"-\1", found["maps"]))
    kept["fds"] = [(n, re.sub(r"\[\d+\]", "[]", l)) for n, l in found["fds"]]
    return kept


def differences(before, after):
    """'' or one line that tells the first difference."""
    for what in {**before, **after}:
        old, new = before.get(what), after.get(what)
        if old == new:
            continue
        if what == "maps":  # the lines that differ
            a, b = old.splitlines(), new.splitlines()
            return ("maps: gone " + "; ".join(l for l in a if l not in b)
                    + " new " + "; ".join(l for l in b if l not in a))
        if isinstance(old, dict) and isinstance(new, dict):
            old = {k: v for k, v in old.items() if new.get(k) != v}
            new = {k: v for k, v in new.items() if before[what].get(k) != v}
        return f"{what}: was {old}, is {new}"
    return ""


def belonging(folder):
    """PIDs of all processes that were started for the test in that folder."""
    mark = f"CK_DIR={folder}\0"
    return [int(p) for p in os.listdir("/proc")
            if p.isdigit() and int(p) != os.getpid() and mark in text(f"/proc/{p}/environ")]


def sweep(folder, grace):
    """Kills what is left of a test after the grace time; returns what it had to kill."""
    end = time.monotonic() + grace
    while (left := belonging(folder)) and time.monotonic() < end:
        time.sleep(0.01)
    names = [f"{p} ({text(f'/proc/{p}/comm').strip()})" for p in left]
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return names
