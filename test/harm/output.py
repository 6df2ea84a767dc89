#!/usr/bin/env python3
"""output.py - no room for the image, no reader, no descriptors: one line that says so, no harm.

A full file system, /dev/full, a pipe whose reader is gone, a file size limit, few descriptors.
"""
import os
import re
import resource
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harm  # noqa: E402


class Case:
    def __init__(self, count, target):
        self.count, self.target = count, target
        self.image = os.path.join(harm.folder(), "output.image")

    def run(self, name, output, want, **popen):
        """want: what the message says, should it fail."""
        command = [harm.TOOL, "checkpoint", "-o", output, str(self.target.pid)]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  text=True, check=False, timeout=30,
                                  **{"stdout": subprocess.DEVNULL, **popen})
            self.judge(done, output, want)
            self.count.passed += 1
        except (harm.Harmed, subprocess.TimeoutExpired) as e:
            self.count.fail(name, str(e), shlex.join(command))
        if output.startswith("/") and not output.startswith("/dev/"):
            harm.clean(output)

    def judge(self, done, output, want):
        harm.no_twin(self.target)
        self.target.check()
        if done.returncode == 0 and "open files" in want and harm.complete(output):
            return
        if not re.fullmatch(r"reprise: checkpoint: [^\n]+\n", done.stderr):
            raise harm.Harmed(f"the message: {done.stderr!r}, exit status {done.returncode}")
        if done.returncode != 1 or not re.search(want, done.stderr):
            raise harm.Harmed(f"exit status {done.returncode}: {done.stderr!r}")
        if output.startswith("/dev/") or output == "-":
            return
        if os.path.exists(output) or harm.parts(output):
            raise harm.Harmed("a file is left")


def full_file_system(case):
    where = case.image + ".d"
    os.makedirs(where, exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", where],
                      stderr=subprocess.DEVNULL, check=False).returncode:
        case.count.skipped += 1
        print("skip: mount a tmpfs")
        return
    try:
        case.run("full file system", os.path.join(where, "image"), "No space left on device")
    finally:
        subprocess.run(["umount", where], check=False)
        os.rmdir(where)


def no_reader(case):
    reader, writer = os.pipe()
    os.close(reader)
    case.run("pipe without a reader", "-", "Broken pipe", stdout=writer)
    os.close(writer)


def limited(case, what, value, name, want):
    case.run(name, case.image, want,
             preexec_fn=lambda: resource.setrlimit(what, (value, value)))


def main():
    count = harm.Count()
    for abi in ("64", "32"):
        target = harm.Target(abi)
        case = Case(count, target)
        try:
            full_file_system(case)
            case.run("/dev/full", "/dev/full", "No space left on device")
            no_reader(case)
            case.run("no such folder", case.image + "/none/image", "No such file")
            for n in range(4, 22):  # with 3 the dynamic linker fails; 20 are enough
                limited(case, resource.RLIMIT_NOFILE, n, f"ulimit -n {n}", "Too many open files")
            for pages in (1, 8, 32):
                limited(case, resource.RLIMIT_FSIZE, pages * 4096, f"ulimit -f {pages} pages",
                        "File too large")
            target.end()
        except harm.Harmed as e:
            count.fail(abi, str(e), "test/harm/output.py")
        finally:
            target.kill()
    count.end()


if __name__ == "__main__":
    main()
