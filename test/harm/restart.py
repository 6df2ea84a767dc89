#!/usr/bin/env python3
"""restart.py - the tool is killed at each system call of a restart: nothing is left.

Either no process of the program is there afterwards, or, when it was let go already, it runs and
finds itself unchanged.  A call that fails instead leaves nothing either, and says why.
"""
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import harm  # noqa: E402
from fault import ERRORS, STDERR  # noqa: E402


class Restarts:
    def __init__(self, count, abi):
        self.count, self.abi = count, abi
        self.image = os.path.join(harm.folder(), f"restart.{abi}.image")
        self.report = self.image + ".report"
        self.target = harm.Target(abi, where=harm.folder())
        subprocess.run([harm.TOOL, "checkpoint", "--kill", "-o", self.image, str(self.target.pid)],
                       check=True, stdin=subprocess.DEVNULL)
        self.target.proc.wait()
        # The restarted one is nobody's child here.
        self.target.dead = lambda: self.target.state() in ("gone", "Z")
        self.command = [harm.TOOL, "restart", "-d", self.image]

    def gone(self, limit=5.0):
        end = time.monotonic() + limit
        while harm.processes(self.target.path) or not self.target.dead():
            if time.monotonic() > end:
                return False
            time.sleep(0.002)
        return True

    def end_program(self):
        for pid in harm.processes(self.target.path):
            os.kill(pid, signal.SIGKILL)
        self.gone()

    def judge(self, step):
        if step.how == "exit 0" or not self.gone(0.3 if step.how == "signal 9" else 5.0):
            self.target.check()  # it was let go, all of it, and is as it was
            if step.how not in ("exit 0", "signal 9"):
                raise harm.Harmed(f"{step.how} {step.err}, but the program runs")
            if harm.processes(self.target.path) != [self.target.pid]:
                raise harm.Harmed("more than the program runs")
        elif step.how not in ("exit 1", "exit 3", "signal 9"):
            raise harm.Harmed(f"the tool: {step.how} {step.err}")
        if step.how in ("exit 1", "exit 3"):
            harm.one_line(step)

    def do(self, args):
        step = None
        try:
            step = harm.Step([*args, *self.command], self.report)
            self.judge(step)
            self.count.passed += step.reached
        except harm.Harmed as e:
            self.count.fail(f"{self.abi} {' '.join(args)}",
                            f"{e}; {step.how if step else ''} at {step.call if step else '?'}",
                            f"test/harm/restart.py --abi {self.abi} -- {' '.join(args)}")
        self.end_program()
        return step and step.reached

    def every_step(self):
        step = harm.Step(["-l", *self.command], self.report)
        self.judge(step)
        self.end_program()
        if step.how != "exit 0":
            raise harm.Harmed(f"restart: {step.how} {step.err}")
        calls, begin = step.calls, harm.own_calls(step.calls)
        # Before the first process nothing can be harmed.
        first = min((n for n, _, text in calls if text.startswith("clone")), default=begin)
        for n in harm.strided(begin, first, 20):
            self.do(["-n", str(n)])
        for n in harm.strided(first, len(calls), 2, int(self.abi) // 32 % 2):
            self.do(["-n", str(n)])
        for n, _, text in calls:
            errors = ERRORS.get(text.split()[0])
            if n < begin or not errors or STDERR.match(text) or "PTRACE_DETACH" in text:
                continue
            if n % 8 == 0 or os.environ.get("STEPS") == "all":
                self.do(["-n", str(n), "-c", text.split()[0] + " ", "-a", errors[0]])


def main():
    opt = harm.arguments(__doc__)
    count = harm.Count()
    help_ = subprocess.run([harm.TOOL, "restart", "--help"], capture_output=True, check=False)
    if help_.returncode:
        print("this tool cannot restart yet")
        sys.exit(77)
    for abi in ["64", "32"]:
        if opt.abi not in (None, abi):
            continue
        r = Restarts(count, abi)
        try:
            if opt.step:
                r.do(opt.step)
            else:
                r.every_step()
        except harm.Harmed as e:
            count.fail(abi, str(e), "test/harm/restart.py")
        finally:
            r.end_program()
    count.end()


if __name__ == "__main__":
    main()
