#!/usr/bin/env python3
"""mutate.py - damages a real image in many ways, and looks at what the tool makes of it.

    mutate.py [-n N] [--seed S] [--only I] IMAGE      (REPRISE: the tool, build/reprise)

Three kinds of cases take turns:
    raw      bits, bytes, blocks, the length: the checksums notice, restart must answer 4
    field    one record's head, fields or bulk data, and all checksums made right again
    record   whole records lost, doubled, exchanged; offsets, checksums and trailer made right again
For each of them: inspect, restart --explain, and restart -d if that passed; every eighth one is read
from a pipe.  The answer must be an exit status from 0
to 4 in time, with exactly one line on stderr unless it is 0, no sanitizer report, and no process may
be left.  The PID of the image has to be free.  Run it in namespaces of its own (mutate.sh): an image
that was sealed again may do anything.
"""
import argparse
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tools"))
sys.dont_write_bytecode = True
try:
    from xxh3 import xxh3_64
except ImportError:
    xxh3_64 = None  # raw cases only

HEAD, PAGE, TRAILER = struct.Struct("<HHHHQQQQQQQ"), 4096, 3
EDGES = [0, 1, 7, 8, 0x7f, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 1 << 62,
         (1 << 63) - 1, 1 << 63, (1 << 64) - 1]


def digest(data):
    return xxh3_64(bytes(data), fast=True)


def up(n, to):
    return -(-n // to) * to


class Record:
    """One record; damage to what it states about itself is kept in `lies` {head index: value}."""

    def __init__(self, kind, version, flags, ident, fields, bulk):
        self.kind, self.version, self.flags, self.id = kind, version, flags, ident
        self.fields, self.bulk, self.lies = bytearray(fields), bytearray(bulk), {}

    def copy(self):
        return Record(self.kind, self.version, self.flags, self.id, self.fields, self.bulk)


def parse(image):
    """doc/IMAGE.md, sections 2 and 4: the preamble and the records."""
    records, at = [], 16
    while at < len(image):
        kind, version, flags, _, ident, _, flen, blen, _, _, _ = HEAD.unpack_from(image, at)
        at += HEAD.size
        fields = image[at:at + flen]
        at += flen
        bulk = b""
        if blen:
            at = up(at, PAGE)
            bulk = image[at:at + blen]
            at = up(at + blen, 8)
        records.append(Record(kind, version, flags, ident, fields, bulk))
    return image[:16], records


def field(number, type_, value):
    return (struct.pack("<HBBI", number, type_, 0, len(value)) + value).ljust(
        up(8 + len(value), 8), b"\0")


def trailer_fields(heads, offset):
    count = {}
    for h in heads:
        count[h[0]] = count.get(h[0], 0) + 1

    def run(fmt, values):
        return b"".join(struct.pack(fmt, v) for v in values)

    def whole(length):
        return b"".join([
            field(1, 12, run("<I", sorted(count))),
            field(2, 13, run("<Q", [count[k] for k in sorted(count)])),
            field(3, 12, run("<I", [h[0] for h in heads])),
            field(4, 13, run("<Q", [h[4] for h in heads])),
            field(5, 13, run("<Q", [h[5] for h in heads])),
            field(6, 9, struct.pack("<Q", digest(b"".join(HEAD.pack(*h) for h in heads)))),
            field(7, 5, struct.pack("<Q", length)), field(8, 5, struct.pack("<Q", offset))])
    return whole(offset + HEAD.size + len(whole(0)))


def build(preamble, records, rng=None):
    """The image again, all sums right.  rng: lies in the trailer, too, sealed."""
    out, heads = bytearray(preamble), []
    for r in [r for r in records if r.kind != TRAILER] + [Record(TRAILER, 1, 0, 0, b"", b"")]:
        at = len(out)
        if r.kind == TRAILER:
            r.fields = bytearray(trailer_fields(heads, at))
            if rng:
                change(rng, r.fields)
        head = [r.kind, r.version, r.flags, 0, r.id, at, len(r.fields), len(r.bulk),
                digest(r.fields), digest(r.bulk)]
        for where, value in r.lies.items():
            head[where] = value
        head.append(digest(HEAD.pack(*head, 0)[:56]))
        heads.append(head)
        out += HEAD.pack(*head) + r.fields
        if r.bulk:
            out += bytes(up(len(out), PAGE) - len(out)) + r.bulk
            out += bytes(up(len(out), 8) - len(out))
    return bytes(out)


# -- what can be done to bytes

def flip_bit(rng, b):
    b[rng.randrange(len(b))] ^= 1 << rng.randrange(8)


def overwrite(rng, b):
    at, n = rng.randrange(len(b)), rng.choice([1, 2, 4, 8, 64, 4096])
    n = min(n, len(b) - at)
    b[at:at + n] = rng.choice([bytes(n), b"\xff" * n, rng.randbytes(n)])


def edge_value(rng, b):
    width = rng.choice([1, 2, 4, 8])
    if len(b) >= width:
        at = rng.randrange((len(b) - width) // width + 1) * width
        value = rng.choice(EDGES + [rng.randrange(-9, 9) + int.from_bytes(b[at:at + width], "little")])
        b[at:at + width] = (value & ((1 << 8 * width) - 1)).to_bytes(width, "little")


def swap_blocks(rng, b):
    n = min(rng.choice([8, 64, 512, 4096]), len(b) // 2)
    i, k = sorted((rng.randrange(len(b) - n + 1), rng.randrange(len(b) - n + 1)))
    if n and i + n <= k:
        b[i:i + n], b[k:k + n] = b[k:k + n], b[i:i + n]


def double_block(rng, b):
    n = rng.choice([8, 64, 4096])
    at = rng.randrange(len(b)) // 8 * 8
    b[at:at] = b[at:at + n]


def cut(rng, b):
    del b[rng.randrange(len(b)):]


def cut_out(rng, b):
    at = rng.randrange(len(b)) // 8 * 8
    del b[at:at + rng.choice([8, 64, 4096])]


CHANGES = [flip_bit, flip_bit, overwrite, edge_value, edge_value, swap_blocks, double_block, cut, cut_out]


def change(rng, b):
    if b:
        rng.choice(CHANGES)(rng, b)


# -- cases

def raw_case(rng, image):
    b = bytearray(image)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        change(rng, b)
    if rng.random() < 0.05:
        b += rng.randbytes(rng.choice([1, 8, 4096]))
    return bytes(b)


def field_case(rng, image):
    preamble, records = parse(image)
    r = rng.choice(records)
    what = rng.random()
    if what < 0.65:
        change(rng, r.fields)
        r.fields += bytes(-len(r.fields) % 8)
    elif what < 0.75 and r.bulk:
        change(rng, r.bulk)
    elif what < 0.9:
        where = rng.choice([0, 1, 2, 3, 4, 5, 6, 7])
        limit = 0xffff if where < 4 else (1 << 64) - 1
        r.lies[where] = (rng.choice(EDGES) if rng.random() < .5 else rng.randrange(40)) & limit
    else:
        return build(preamble, records, rng)
    return build(preamble, records)


def record_case(rng, image):
    preamble, records = parse(image)
    i, k = rng.randrange(len(records) - 1), rng.randrange(len(records) - 1)
    what = rng.choice(["lose", "double", "swap", "splice", "id", "bulk"])
    if what == "lose":
        del records[i:i + rng.choice([1, 1, 3])]
    elif what == "double":
        records.insert(k, records[i].copy())
    elif what == "swap":
        records[i], records[k] = records[k], records[i]
    elif what == "splice":
        records[i].fields = bytearray(records[k].fields)
    elif what == "id":
        records[i].id = rng.choice([records[k].id, 0, (1 << 64) - 1, rng.randrange(1000)])
    else:
        records[i].bulk = records[k].bulk if rng.random() < .5 else bytearray(rng.randbytes(5000))
    return build(preamble, records)


# -- what the tool makes of it

def processes():
    """All that live here, but zombies: those are for init."""
    found = set()
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{p}/stat", "rb") as f:
                if f.read().rpartition(b")")[2].split()[0] not in b"ZX":
                    found.add(int(p))
        except (OSError, IndexError):
            pass
    return found


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def write_all(pipe, data):
    try:
        with pipe:
            pipe.write(data)
    except OSError:
        pass  # the tool has read enough


class Case:
    def __init__(self, opt, tool, before):
        self.opt, self.tool, self.before = opt, tool, before

    def left(self, grace):
        end = time.monotonic() + grace
        while (left := processes() - self.before) and time.monotonic() < end:
            time.sleep(0.002)
        return left

    def run(self, *args, feed=None):
        """'' or what is wrong; self.code is the exit status.  feed: bytes that come through a pipe."""
        with tempfile.TemporaryFile() as err:
            p = subprocess.Popen([self.tool, *args],
                                 stdin=subprocess.DEVNULL if feed is None else subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, stderr=err)
            if feed is not None:
                threading.Thread(target=write_all, args=(p.stdin, feed), daemon=True).start()
            try:
                self.code = p.wait(self.opt.timeout)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
                kill(self.left(0))
                return f"not done after {self.opt.timeout} s"
            err.seek(0)
            text = err.read().decode("latin-1")
        alive = self.left(0 if self.code == 0 else 0.5)
        kill(alive)
        if still := self.left(5):
            return f"cannot be killed: {still}"
        if "Sanitizer" in text or "runtime error:" in text:
            return "sanitizer: " + text.strip().splitlines()[0]
        if not 0 <= self.code <= 4:
            return f"exit status {self.code}: {text.strip()[-200:]}"
        if self.code and (text.count("\n") != 1 or not text.endswith("\n")):
            return f"exit status {self.code}, and not one line on stderr: {text!r}"
        if alive and (self.code or args[:2] != ("restart", "-d")):
            return f"exit status {self.code}, left behind: {alive}"
        return ""

    def check(self, path, raw, feed):
        for args in (["inspect"], ["restart", "--explain"], ["restart", "-d"]):
            wrong = self.run(*args, path if feed is None else "-", feed=feed)
            explained = args[-1] == "--explain" and self.code == 0
            if not wrong and raw and self.code != 4 and not explained:
                wrong = f"damage was not noticed: exit status {self.code}"
            if wrong:
                return f"{' '.join(args)}{' -' if feed else ''}: {wrong}"
            if args[-1] == "--explain" and not explained:
                break
        return ""


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("image")
    p.add_argument("-n", type=int, default=300)
    p.add_argument("--seed", default=str(random.SystemRandom().randrange(10 ** 6)))
    p.add_argument("--only", type=int, help="this case alone")
    p.add_argument("--timeout", type=float, default=10)
    opt = p.parse_args()
    tool = os.environ.get("REPRISE", os.path.join(TOP, "build", "reprise"))
    with open(opt.image, "rb") as f:
        image = f.read()
    kinds = [raw_case, field_case, record_case] if xxh3_64 else [raw_case]
    if xxh3_64 and build(*parse(image)) != image:
        print("FAIL: mutate.py and the tool do not agree about the format: the rebuilt image differs")
        return 1

    start = time.monotonic()
    case, failed, codes = Case(opt, tool, processes()), 0, {}
    first = case.run("restart", "-d", opt.image)
    if first or case.code:
        print(f"FAIL: the whole image does not restart: {first or case.code}")
        return 1
    path = opt.image + ".mutant"
    for i in [opt.only] if opt.only is not None else range(opt.n):
        rng, kind = random.Random(f"{opt.seed}/{i}"), kinds[i % len(kinds)]
        while (mutant := kind(rng, image)) == image:
            pass  # zeros over zeros, say
        with open(path, "wb") as f:
            f.write(mutant)
        wrong = case.check(path, kind is raw_case, mutant if i % 8 == 7 else None)
        codes[case.code] = codes.get(case.code, 0) + 1
        if wrong:
            failed += 1
            os.rename(path, f"{opt.image}.failed.{i}")
            print(f"FAIL case {i} ({kind.__name__}): {wrong}\n"
                  f"     again: {sys.argv[0]} --seed {opt.seed} --only {i} {opt.image}", flush=True)
            if failed >= 20:
                print("and so on")
                break
    told = ", ".join(f"{n} x {c}" for c, n in sorted(codes.items()))
    print(f"seed {opt.seed}; exit status of restart: {told}; {failed} failed; "
          f"{time.monotonic() - start:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
