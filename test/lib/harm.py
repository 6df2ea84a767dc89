"""harm.py - for the scripts in test/harm: a target that checks itself, and the tool in steps.

STEPS=all does every step; otherwise the uncritical ones (before the first PTRACE_SEIZE, after the
last PTRACE_DETACH) are done with a stride.  Each failure prints the command that repeats the step.
"""
import argparse
import glob
import mmap
import os
import re
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import time

TOP = os.environ.get("TOP", os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
TOOL = os.environ.get("REPRISE", os.path.join(TOP, "build/reprise"))
OUT = os.path.join(TOP, "build/test/harm")
CFLAGS = "-std=gnu17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -pthread".split()
ALLOW_SCRATCH, ALLOW_CODE, END = 1, 2, 4
REQUEST, REPLY, FLAGS, READY, FAILED, SCRATCH, CODE = range(0, 28, 4)
WHY = 32


class Harmed(Exception):
    pass


def build(name, source, *flags):
    path, source = os.path.join(OUT, name), os.path.join(TOP, "test/harm", source)
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(source):
        os.makedirs(OUT, exist_ok=True)
        part = f"{path}.{os.getpid()}"
        subprocess.run(["gcc", *flags, *CFLAGS, "-o", part, source], check=True)
        os.rename(part, path)
    return path


def folder():
    """Where images and reports go."""
    return os.environ.get("CK_DIR") or tempfile.mkdtemp(prefix="reprise-harm-")


class Target:
    """A running test/harm/target.c."""

    def __init__(self, abi="64", caught=False, where=None):
        self.binary = build(f"harm{abi}", "target.c", f"-m{abi}")
        self.path = os.path.join(where or folder(), f"status.{os.getpid()}.{abi}.{time.time_ns()}")
        with open(self.path, "wb") as f:
            f.truncate(4096)
        with open(self.path, "r+b") as f:
            self.status = mmap.mmap(f.fileno(), 4096)
        with open(self.path + ".err", "wb") as err:
            self.proc = subprocess.Popen(
                [self.binary, self.path] + (["caught"] if caught else []),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err,
                start_new_session=True)
        self.pid = self.proc.pid
        self.scratch = self.code = 0
        self.until(lambda: self.get(READY), "it does not start")

    def get(self, at):
        return struct.unpack_from("<I", self.status, at)[0]

    def put(self, at, value):
        struct.pack_into("<I", self.status, at, value)

    def state(self):
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
                return f.read().rpartition(")")[2].split()[0]
        except OSError:
            return "gone"

    def dead(self):
        return self.proc.poll() is not None

    def until(self, true, why, limit=10.0):
        end = time.monotonic() + limit
        while not true():
            if self.get(FAILED):
                text = self.status[WHY:WHY + 256].partition(b"\0")[0].decode()
                raise Harmed(f"the target: {text}")
            if self.dead():
                raise Harmed(f"the target ended: {self.proc.returncode}")
            if time.monotonic() > end:
                raise Harmed(f"the target: {why}, state {self.state()}")
            time.sleep(0.0005)

    def ask(self, flags):
        number = self.get(REQUEST) + 1
        self.put(FLAGS, flags)
        self.put(REQUEST, number)
        return number

    def check(self, killed=False):
        """All is as it was; a killed tool may have left one mapping and the code in the vdso."""
        number = self.ask(ALLOW_SCRATCH | ALLOW_CODE if killed else ALLOW_CODE * self.code)
        self.until(lambda: self.get(REPLY) == number, "it does not answer")
        left = self.get(SCRATCH)
        if left > 1:
            raise Harmed(f"{left} mappings are left")
        self.scratch += left
        self.code = self.get(CODE)

    def end(self):
        """Its threads end, each with its last check."""
        try:
            self.ask(END | ALLOW_CODE)
            code = self.proc.wait(10)
        except subprocess.TimeoutExpired:
            raise Harmed(f"the target does not end, state {self.state()}") from None
        if code:
            raise Harmed(f"the target ended: {code}: {open(self.path + '.err').read().strip()}")

    def kill(self):
        if not self.dead():
            self.proc.kill()
            self.proc.wait()


def processes(path):
    """Those with that status file on their command line, which are not zombies."""
    found = []
    for name in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(name, "rb") as f:
                args = f.read().split(b"\0")
            with open(name[:-7] + "stat", encoding="latin1") as f:
                state = f.read().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if path.encode() in args and state not in "ZX":
            found.append(int(name.split("/")[2]))
    return found


def no_twin(target, limit=5.0):
    """Nobody but the target runs its program with its status file."""
    end = time.monotonic() + limit
    while left := [p for p in processes(target.path) if p != target.pid]:
        if time.monotonic() > end:
            raise Harmed(f"a process is left: {left}")
        time.sleep(0.002)


class Step:
    """What step.c reports of one run."""

    def __init__(self, args, report, **popen):
        self.stepper = build("step", "step.c")
        popen.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run([self.stepper, "-o", report, *args], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, check=False, **popen)
        self.err = done.stderr
        with open(report, encoding="latin1") as f:
            lines = f.read().splitlines()
        if done.returncode or not lines:
            raise Harmed(f"step.c: exit status {done.returncode}: {self.err}")
        word = lines[-1].split(None, 3)
        self.reached, self.how = word[0] == "1", " ".join(word[1:3])
        self.call = word[3] if len(word) > 3 else ""
        self.calls = [parse_call(l) for l in lines[:-1]]


def parse_call(line):
    number, result, text = line.split(None, 2)
    return int(number), int(result), text


def region(calls):
    """The first PTRACE_SEIZE, and the last call that can still matter to the target."""
    first = min(n for n, _, text in calls if "PTRACE_SEIZE" in text)
    last = max(n for n, _, text in calls if "PTRACE_DETACH" in text or text.startswith("kill "))
    return first, last


def own_calls(calls):
    """The number of the first call of the tool itself, behind the dynamic linker's."""
    return min(n for n, _, text in calls if re.match(r"rt_sigaction 0xd ", text))


def parts(path):
    where, name = os.path.split(path)
    return glob.glob(os.path.join(glob.escape(where), f".{name}.reprise-*"))


def complete(path):
    """Whether the image is there; one that is there must be whole."""
    if not os.path.exists(path):
        return False
    done = subprocess.run([sys.executable, os.path.join(TOP, "tools/imgdump.py"), path],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        raise Harmed(f"the image is there, but not whole: {done.stderr.strip()}")
    return True


def clean(path):
    for f in parts(path) + [path]:
        try:
            os.unlink(f)
        except FileNotFoundError:
            pass


def one_line(step):
    """A message names what and why, in one line."""
    if not re.fullmatch(r"reprise: \w+: [^\n]+\n", step.err):
        raise Harmed(f"the message: {step.err!r}")


class Count:
    def __init__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(99))  # so that targets are killed
        self.passed = self.failed = self.skipped = 0
        self.begin = time.monotonic()

    def fail(self, what, why, again):
        self.failed += 1
        print(f"FAIL: {what}: {why}\n      again: {again}", flush=True)

    def end(self):
        print(f"{time.monotonic() - self.begin:.1f} s")
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        sys.exit(1 if self.failed else 0)


class Stepper:
    """Does the tool's run again and again, each time with something done to it at another call.

    After each step the target is asked; one that was harmed, or rightly killed, is replaced."""

    def __init__(self, count, abi, mode, caught=False):
        self.count, self.abi, self.mode, self.caught = count, abi, mode, caught
        self.where = folder()
        name = f"{os.path.basename(sys.argv[0])}.{abi}.{mode}"
        self.image = os.path.join(self.where, name + ".image")
        self.report = os.path.join(self.where, name + ".report")
        self.target = None
        self.scratch = self.steps = self.done = 0

    def command(self):
        how = {"copy": ["--live", "copy"], "fork": ["--live", "fork"], "kill": ["--kill"],
               "stop": ["--stop"]}[self.mode]
        return [TOOL, "checkpoint", *how, "-o", self.image, str(self.target.pid)]

    def fresh(self):
        if not self.target or self.target.dead():
            self.target = Target(self.abi, self.caught, self.where)

    def drop(self):
        if self.target:
            self.scratch += self.target.scratch
            self.target.kill()
            self.target = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()

    def calls(self):
        """Those of a run that nobody disturbs."""
        self.fresh()
        step = Step(["-l", *self.command()], self.report)
        self.after(step.how, step.err)
        if step.how != "exit 0":
            raise Harmed(f"the tool: {step.how} {step.err}")
        return step.calls

    def after(self, how, err, lenient=False):
        """Judges what the run left; the step's own promise comes from its script."""
        killed = how == "signal 9"
        whole = complete(self.image)
        if how == "exit 0" and not whole:
            raise Harmed("exit status 0, but no image")
        if how not in ("exit 0", "exit 1", "exit 3", "signal 9"):
            raise Harmed(f"the tool: {how} {err}")
        if how in ("exit 1", "exit 3") and whole and "sync its directory" not in err \
                and "the image is written" not in err:
            raise Harmed(f"{how}, but the image is there")
        if not killed and parts(self.image):
            raise Harmed(f"left: {parts(self.image)}")
        if whole and self.mode == "stop" and how != "exit 0":
            os.kill(self.target.pid, signal.SIGCONT)
        if whole and self.mode == "kill" and self.gone(how):
            no_twin(self.target)
            self.drop()
        elif whole and self.mode == "stop" and how == "exit 0":
            self.target.until(lambda: self.target.state() == "T", "it is not stopped")
            os.kill(self.target.pid, signal.SIGCONT)
        if self.target:
            no_twin(self.target)
            self.target.check(killed or lenient)
        clean(self.image)

    def gone(self, how):
        """With --kill the target may be dead once the image is there, and must be at exit 0."""
        end = time.monotonic() + (2.0 if how == "exit 0" else 0.05)
        while self.target.proc.poll() is None and time.monotonic() < end:
            time.sleep(0.001)
        if how == "exit 0" and self.target.proc.poll() is None:
            raise Harmed("--kill did not kill it")
        return self.target.proc.poll() is not None

    def do(self, args, judge=lambda step: None, lenient=False):
        """One step; False when the run ended before it.  lenient: it may leave what a killed one may."""
        self.fresh()
        self.done += 1
        step = None
        try:
            step = Step([*args, *self.command()], self.report)
            self.after(step.how, step.err, lenient)
            if step.reached:
                judge(step)
                self.count.passed += 1
            return step.reached
        except Harmed as e:
            again = f"python3 test/harm/{os.path.basename(sys.argv[0])} --abi {self.abi} " \
                    f"--mode {self.mode}{' --caught' * self.caught} -- {shlex.join(args)}"
            self.count.fail(f"{self.abi} {self.mode} {' '.join(args)}",
                            f"{e}; {step.how if step else ''} at {step.call if step else '?'}",
                            again)
            self.drop()
            clean(self.image)
            return True

    def end(self):
        try:
            if self.target:
                self.target.end()
        except Harmed as e:
            self.count.fail(f"{self.abi} {self.mode}", str(e), "(at its end)")
        self.drop()
        print(f"{self.abi} {self.mode}{' caught' * self.caught}: {self.done} steps, "
              f"{self.scratch} scratch mappings left", flush=True)


def arguments(doc):
    p = argparse.ArgumentParser(description=doc)
    p.add_argument("--abi", choices=["64", "32"])
    p.add_argument("--mode", choices=["copy", "fork", "kill", "stop"])
    p.add_argument("--caught", action="store_true", default=None)
    p.add_argument("step", nargs="*", help="arguments of step.c: one step only")
    return p.parse_args()


def strided(begin, end, stride, phase=0):
    step = 1 if os.environ.get("STEPS") == "all" else stride
    return range(begin + (phase if step > 1 else 0), end, step)
