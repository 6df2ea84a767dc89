"""scripts.py - tests that are programs of their own: they say by their exit status how it went."""
import glob
import os
import re
import subprocess
import time

import procfs
from objtest import Result

# kind: where (below test/, or the top when it starts with a slash), time limit
KINDS = {
    "unit": (["/build/test/unit/test_*", "/build-asan/test/unit/test_*"], 120),
    "image": (["image/run.sh"], 300),
    "apps": (["apps/*.sh", "apps/*.py"], 180),
    "harm": (["harm/*.sh", "harm/*.py"], 600),
    "fuzz": (["fuzz/*.sh"], 900),
}


def find(env):
    runs = []
    for kind, (patterns, limit) in KINDS.items():
        for pattern in patterns:
            where = env.top + pattern if pattern[0] == "/" else os.path.join(env.test, pattern)
            runs += [ScriptRun(env, kind, path, limit) for path in sorted(glob.glob(where))
                     if os.path.isfile(path) and os.access(path, os.X_OK)]
    return runs


class ScriptRun:
    def __init__(self, env, kind, path, limit):
        self.env, self.kind, self.path, self.limit = env, kind, path, limit
        self.test = f"{kind}/{os.path.splitext(os.path.basename(path))[0]}"
        if "/build-asan/" in path:
            self.test += ".asan"
        self.needs_tool = kind != "unit"

    def __str__(self):
        return self.test

    def folder(self):
        return self.test.replace("/", "-")

    def again(self):
        return f"test/run {self.test} --keep"

    def prepare(self):
        pass

    def do(self, folder):
        start, code = time.monotonic(), None
        log = os.path.join(folder, "log")
        with open(log, "w", encoding="utf-8") as out:
            proc = subprocess.Popen([self.path], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                    cwd=folder, env=self.env.variables(folder),
                                    start_new_session=True)
            try:
                code = proc.wait(self.limit)
            except subprocess.TimeoutExpired:
                pass
        left = procfs.sweep(folder, 1.0 if code is not None else 0.0)
        proc.wait()
        result = self.judge(code, procfs.text(log).strip().splitlines() or [""])
        if left and not result.failed:
            result = Result(failed=1, why=f"left behind: {', '.join(left)}")
        result.seconds = time.monotonic() - start
        return result

    def judge(self, code, lines):
        if code is None:
            return Result(failed=1, why=f"time limit of {self.limit} s; {lines[-1]}")
        count = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", lines[-1])
        if count:
            passed, failed, skipped = map(int, count.groups())
            bad = [l for l in lines if re.match(r"(?i)fail", l)]
            failed = failed or int(code not in (0, 77))
            return Result(passed, failed, skipped, "; ".join(bad[:5] or lines[-1:]))
        if code in (0, 77):
            return Result(passed=code == 0, skipped=code == 77, why=lines[-1])
        return Result(failed=1, why=f"exit status {code}: {lines[-1]}")
