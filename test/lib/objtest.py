"""objtest.py - the tests in test/obj: one small program per kernel object, run in several modes.

    plain     no checkpoint
    go-on     checkpoint at ck_here(), the target goes on; copy, fork: the same with --live
    restart   checkpoint --kill, restart in the foreground
    twice     the same, but a first restart (-d) from that image is killed before
    refused   the checkpoint must be refused, the target must not notice

A comment near the top of a program tells the harness what is special about it:
    /* test: only 64 */    /* test: root */    /* test: refused 'regular expression' */
"""
import os
import re
import shlex
import signal
import subprocess
import time

import procfs

MODES = ["plain", "go-on", "copy", "fork", "restart", "twice", "refused"]
LIMIT = float(os.environ.get("LIMIT", "30"))
CFLAGS = "-std=gnu17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -pthread".split()


class Failed(Exception):
    pass


class Environment:
    def __init__(self, top):
        self.top = top
        self.test = os.path.join(top, "test")
        self.tool = os.path.abspath(os.environ.get("REPRISE", os.path.join(top, "build/reprise")))
        self.cc = os.environ.get("CC", "gcc")
        self.out = os.path.join(top, "build", "test")

    def variables(self, folder):
        keep = {k: v for k, v in os.environ.items()
                if k in ("PATH", "SEED", "CC") or k.endswith("SAN_OPTIONS")}
        return {**keep, "LC_ALL": "C", "CK_DIR": folder, "REPRISE": self.tool, "TOP": self.top}


class Result:
    def __init__(self, passed=0, failed=0, skipped=0, why="", seconds=0.0):
        self.passed, self.failed, self.skipped = passed, failed, skipped
        self.why, self.seconds = why, seconds


def find(env, only_abi, only_modes):
    runs = []
    root = os.path.join(env.test, "obj")
    for where, _, files in sorted(os.walk(root)):
        for name in sorted(f for f in files if f.endswith(".c")):
            path = os.path.join(where, name)
            needs = declared(path)
            modes = ["plain", "refused"] if "refused" in needs else MODES[:-1]
            for abi in [needs["only"]] if "only" in needs else ["64", "32"]:
                if only_abi in (None, abi):
                    runs += [ObjectRun(env, path, needs, abi, m) for m in modes
                             if not only_modes or m in only_modes]
    return runs


def declared(path):
    head = "".join(open(path, encoding="utf-8").readlines()[:30])
    found = re.findall(r"/\* test: (\w+)(?: (.*?))? \*/", head)
    return {k: shlex.split(v)[0] if v else "" for k, v in found}


def last_line(path):
    lines = procfs.text(path).strip().splitlines()
    return lines[-1] if lines else ""


class ObjectRun:
    def __init__(self, env, path, needs, abi, mode):
        self.env, self.path, self.needs, self.abi, self.mode = env, path, needs, abi, mode
        self.test = os.path.relpath(path, env.test)[:-2]
        self.needs_tool = mode != "plain"
        folder = abi if env.cc == "gcc" else f"{abi}-{os.path.basename(env.cc)}"
        self.binary = os.path.join(env.out, folder, self.test[4:])
        self.limit = self.folder_path = self.target = None
        self.calls = 0

    def __str__(self):
        return f"{self.test} {self.abi} {self.mode}"

    def folder(self):
        return str(self).replace("/", "-").replace(" ", ".")

    def again(self):
        return f"test/run {self.test} --abi {self.abi} --mode {self.mode} --keep"

    # -- building

    def prepare(self):
        """Compiles the program unless that was done.  Two runs may do it at once: rename decides."""
        sources = [self.path, os.path.join(self.env.test, "lib/ck.c")]
        newest = max(os.path.getmtime(s) for s in sources + [sources[1][:-1] + "h"])
        if os.path.exists(self.binary) and os.path.getmtime(self.binary) > newest:
            return
        os.makedirs(os.path.dirname(self.binary), exist_ok=True)
        part = f"{self.binary}.{os.getpid()}.{id(self)}"
        done = subprocess.run(
            [self.env.cc, f"-m{self.abi}", *CFLAGS, "-I", os.path.join(self.env.test, "lib"),
             "-o", part, *sources], capture_output=True, text=True, check=False)
        for stale in (self.binary, self.binary + ".err"):
            if os.path.exists(stale):
                os.unlink(stale)
        if done.returncode:
            with open(self.binary + ".err", "w", encoding="utf-8") as f:
                f.write(done.stderr)
        else:
            os.rename(part, self.binary)

    # -- running

    def do(self, folder):
        start = time.monotonic()
        self.folder_path, self.limit, self.calls = folder, start + LIMIT, 0
        result = self.guarded()
        result.seconds = time.monotonic() - start
        return result

    def guarded(self):
        if "root" in self.needs and os.getuid():
            return Result(skipped=1, why="needs root")
        if not os.path.exists(self.binary):
            return Result(failed=1, why=f"does not compile, see {self.binary}.err")
        grace = 0.0
        try:
            code = self.run_mode()
            grace = 1.0
            if code == 77:
                return Result(skipped=1, why=last_line(self.file("stderr")))
            if code:
                raise Failed(f"exit status {code}: {last_line(self.file('stderr'))}")
            if left := procfs.sweep(self.folder_path, grace):
                raise Failed(f"left behind: {', '.join(left)}")
            return Result(passed=1)
        except (Failed, subprocess.TimeoutExpired) as e:
            return Result(failed=1, why=str(e))
        finally:
            procfs.sweep(self.folder_path, 0.0)
            if self.target:
                self.target.wait()

    def run_mode(self):
        self.start()
        if self.target.poll() is not None:
            return self.target.returncode
        before = procfs.facts(self.target.pid)
        if self.mode in ("go-on", "copy", "fork", "refused"):
            live = ["--live", self.mode] if self.mode in ("copy", "fork") else []
            if self.mode == "refused":
                self.refuse()
            else:
                self.tool(0, "checkpoint", *live, "-o", self.file("image"), str(self.target.pid))
                self.has_image()
            if trace := procfs.differences(before, procfs.facts(self.target.pid)):
                raise Failed(f"trace of the checkpoint: {trace}")
        elif self.mode != "plain":
            self.tool(0, "checkpoint", "--kill", "-o", self.file("image"), str(self.target.pid))
            self.has_image()
            self.wait_target()
        if self.mode == "twice":
            self.first_restart(before)
        open(self.file("go"), "x", encoding="utf-8").close()
        if self.mode in ("restart", "twice"):
            return self.tool(None, "restart", self.file("image"))
        return self.wait_target()

    def start(self):
        """Returns when the target is at ck_here(), or is over."""
        with open(self.file("stdout"), "w", encoding="utf-8") as out, \
                open(self.file("stderr"), "w", encoding="utf-8") as err:
            self.target = subprocess.Popen(
                [self.binary], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                cwd=self.folder_path, env=self.env.variables(self.folder_path),
                start_new_session=True)
        while not os.path.exists(self.file("ready")) and self.target.poll() is None:
            if time.monotonic() > self.limit:
                raise Failed("time limit before ck_here()")
            time.sleep(procfs.DEADLINE_STEP)

    def first_restart(self, before):
        pidfile = self.file("pid")
        self.tool(0, "restart", "-d", "--pidfile", pidfile, self.file("image"))
        pid = procfs.text(pidfile).strip()
        if pid != str(self.target.pid):
            raise Failed(f"pidfile: {pid!r}, but the PID was {self.target.pid}")
        trace = procfs.differences(procfs.again(before), procfs.again(procfs.facts(pid)))
        if procfs.gone(pid):
            raise Failed("dead after restart -d: " + last_line(self.file("stderr")))
        os.kill(int(pid), signal.SIGKILL)
        self.until(lambda: procfs.gone(pid), f"the first restart, {pid}, does not go away")
        if trace:
            raise Failed(f"not the same after restart: {trace}")

    def refuse(self):
        listed = set(os.listdir(self.folder_path))
        self.tool(3, "checkpoint", "-o", self.file("image"), str(self.target.pid))
        message = procfs.text(self.file("tool.1.err"))
        if message.count("\n") != 1:
            raise Failed(f"not one line on stderr: {message!r}")
        if not re.search(self.needs["refused"], message):
            raise Failed(f"the message names something else: {message.strip()}")
        new = set(os.listdir(self.folder_path)) - listed - {"tool.1.out", "tool.1.err"}
        if new:
            raise Failed(f"left in the folder: {', '.join(new)}")

    # -- small things

    def file(self, name):
        return os.path.join(self.folder_path, name)

    def has_image(self):
        if not os.path.exists(self.file("image")):
            raise Failed("checkpoint: exit status 0, but no image")

    def until(self, true, why):
        while not true():
            if time.monotonic() > self.limit:
                raise Failed(f"time limit: {why}")
            time.sleep(procfs.DEADLINE_STEP)

    def wait_target(self):
        self.target.wait(max(0.1, self.limit - time.monotonic()))
        return self.target.returncode

    def tool(self, expect, *args):
        """Runs the tool; its output goes to tool.N.{out,err}."""
        self.calls += 1
        base = self.file(f"tool.{self.calls}")
        with open(base + ".out", "w", encoding="utf-8") as out, \
                open(base + ".err", "w", encoding="utf-8") as err:
            code = subprocess.run(
                [self.env.tool, *args], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                cwd=self.folder_path, env=self.env.variables(self.folder_path),
                timeout=max(0.1, self.limit - time.monotonic()), check=False).returncode
        if expect is not None and code != expect:
            raise Failed(f"{args[0]}: exit status {code}, not {expect}: {last_line(base + '.err')}")
        if expect is None and code and not last_line(self.file("stderr")):
            raise Failed(f"{args[0]}: exit status {code}: {last_line(base + '.err')}")
        return code
