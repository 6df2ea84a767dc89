#!/usr/bin/env python3
"""fault.py - each system call of the tool fails once; SIGINT and SIGTERM come at each of them.

A run that fails says why in one line, leaves no file and an unharmed target; one that gets over it
leaves a whole image.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harm  # noqa: E402

RUNS = [("64", "copy", False), ("32", "fork", False), ("64", "kill", True)]

# What a call may well fail with.  Calls that give something back are not here: without them nothing
# can be given back (close, munmap, unlinkat; PTRACE_DETACH); and PTRACE_GETEVENTMSG and PTRACE_CONT, which cannot
# fail while the thread lives, and without which a child is not known, or not reaped.
ERRORS = {
    "openat": ["EMFILE", "EACCES"], "read": ["EIO"], "pread64": ["EIO"],
    "write": ["ENOSPC", "EIO"], "pwrite64": ["ENOSPC", "EIO"], "fsync": ["EIO", "ENOSPC"],
    "renameat": ["EIO"], "mmap": ["ENOMEM"], "brk": ["ENOMEM"], "clone": ["EAGAIN"],
    "clone3": ["EAGAIN"], "ptrace": ["EPERM"], "process_vm_readv": ["EPERM"],
    "process_vm_writev": ["EPERM"], "pidfd_open": ["EMFILE"], "pidfd_getfd": ["EPERM", "EMFILE"],
    "kcmp": ["EPERM"], "newfstatat": ["EACCES"], "fstat": ["EIO"], "getdents64": ["EIO"],
    "readlink": ["EACCES"], "ioctl": ["EIO"], "fcntl": ["EINVAL"], "kill": ["EPERM"],
    "sched_getaffinity": ["EPERM"], "getrandom": ["ENOSYS"], "lseek": ["EIO"],
}
GIVES_BACK = re.compile(r"ptrace PTRACE_(DETACH|GETEVENTMSG|CONT)")
# Without these a thread cannot be brought home, and does it by itself on what was left for that.
BRINGS_HOME = re.compile(r"ptrace |pwrite64 ")
STDERR = re.compile(r"write 0x2 ")


def faults(s, number):
    calls = s.calls()
    begin, (first, last) = harm.own_calls(calls), harm.region(calls)
    for n, _, text in calls:
        if n < begin or GIVES_BACK.match(text) or STDERR.match(text):
            continue
        stride = 8 if not first <= n <= last else 1 if BRINGS_HOME.match(text) else 4
        stride *= 4 if s.caught else 1  # the same again, with many more stops
        if (n + number) % stride and os.environ.get("STEPS") != "all":
            continue
        errors = ERRORS.get(text.split()[0], [])
        if errors:
            what = " ".join(text.split()[:2]) if text.startswith("ptrace") else text.split()[0]
            s.do(["-n", str(n), "-c", what + " ", "-a", errors[(n + number) % len(errors)]],
                 judge, bool(BRINGS_HOME.match(text)))


def judge(step):
    if step.how == "exit 0":
        return  # it got over it, and the image is whole
    harm.one_line(step)


def judge_signal(step):
    if step.how == "exit 0" and not step.err:
        return  # it came too late to stop anything
    harm.one_line(step)
    if step.how != "exit 1" or not re.search("SIGINT|SIGTERM", step.err):
        raise harm.Harmed(f"{step.how}: {step.err}")


def signals(s, number):
    calls = s.calls()
    begin = harm.own_calls(calls) + 4
    for n in harm.strided(begin, len(calls), 12, number):
        s.do(["-n", str(n), "-a", ["int", "term"][n // 12 % 2]], judge_signal)


def main():
    opt = harm.arguments(__doc__)
    count = harm.Count()
    for number, (abi, mode, caught) in enumerate(RUNS):
        if (opt.abi or abi, opt.mode or mode) != (abi, mode) or opt.caught not in (None, caught):
            continue
        with harm.Stepper(count, abi, mode, caught) as s:
            if opt.step:
                s.do(opt.step, judge, True)
                continue
            faults(s, number)
            signals(s, number)
            s.end()
    count.end()


if __name__ == "__main__":
    main()
