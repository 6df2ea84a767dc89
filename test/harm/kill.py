#!/usr/bin/env python3
"""kill.py - the tool is killed at the end of each of its system calls; the target does not mind.

At calls that change the target it is also killed after a pause, in which signals become pending and
whatever runs on comes to its end; and at random moments, also within calls.
"""
import os
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harm  # noqa: E402

RUNS = [("64", "copy", False), ("32", "copy", False), ("64", "fork", False), ("32", "fork", False),
        ("64", "kill", False), ("32", "stop", False), ("64", "fork", True), ("32", "copy", True)]
CHANGES = re.compile("ptrace PTRACE_(SETREGS|SETSIGMASK|CONT|SYSCALL|SEIZE|DETACH) |pwrite64 |kill ")


def random_moments(s, n):
    seed = int(os.environ.get("SEED", "0")) or random.randrange(1 << 30)
    rng = random.Random(seed)
    for _ in range(n):
        s.fresh()
        try:
            tool = subprocess.Popen(s.command(), stdin=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.0, 0.02))
            tool.kill()
            how = "signal 9" if tool.wait() else "exit 0"
            s.after(how, "")
            s.count.passed += 1
        except harm.Harmed as e:
            s.count.fail(f"{s.abi} {s.mode} random", str(e), f"SEED={seed} test/harm/kill.py")
            s.drop()
            harm.clean(s.image)


def every_step(s, number, opt):
    if opt.step:
        s.do(opt.step)
        return
    calls = s.calls()
    first, last = harm.region(calls)
    for n in harm.strided(1, first, 20, number):
        s.do(["-n", str(n)])
    # Where the end of the region is differs a little from run to run.
    for n in harm.strided(first, last + 8, 1 if number < 4 else 9, number):
        s.do(["-n", str(n)])
        if n <= len(calls) and CHANGES.match(calls[n - 1][2]):
            s.do(["-w", "2000", "-n", str(n)])
    n = last + 8
    while s.do(["-n", str(n)]):
        n += 1 if os.environ.get("STEPS") == "all" else 10
    random_moments(s, 30)
    s.end()


def main():
    opt = harm.arguments(__doc__)
    count = harm.Count()
    for number, (abi, mode, caught) in enumerate(RUNS):
        if (opt.abi or abi, opt.mode or mode) != (abi, mode) or opt.caught not in (None, caught):
            continue
        with harm.Stepper(count, abi, mode, caught) as s:
            every_step(s, number, opt)
    count.end()


if __name__ == "__main__":
    main()
