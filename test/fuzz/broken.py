#!/usr/bin/env python3
"""broken.py - images that break one rule of "What belongs together" each, sealed again.

    broken.py IMAGE      (REPRISE: the tool; the image needs an eventfd and, for one case, two threads)

restart --explain must answer 4 and name the reason, from a file and from a pipe.  What only contents
tell is found by restart itself.
"""
import os
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
import mutate

MM, FDTABLE, THREAD, VMA, PAGES, FILE, EVENTFD = 0x12, 0x13, 0x20, 0x30, 0x31, 0x40, 0x41
CPU = (0x24, 0x25)


def place(rec, number):
    """Where the value of a field is: offset and length."""
    at = 0
    while at < len(rec.fields):
        n, _, _, length = struct.unpack_from("<HBBI", rec.fields, at)
        if n == number:
            return at + 8, length
        at += mutate.up(8 + length, 8)
    return None


def get(rec, number, index=0):
    found = place(rec, number)
    return struct.unpack_from("<Q", rec.fields, found[0] + 8 * index)[0] if found else 0


def put(rec, number, value, index=0):
    struct.pack_into("<Q", rec.fields, place(rec, number)[0] + 8 * index, value)


def filled(vma):
    found = place(vma, 7)
    return found and vma.fields[found[0]]


def of(records, *kinds):
    return [r for r in records if r.kind in kinds]


def file_without_description(records):
    records.remove(of(records, FILE)[0])


def two_descriptions(records):
    records.insert(records.index(of(records, FILE)[0]), of(records, FILE)[0].copy())


def file_twice(records):
    records.insert(records.index(of(records, EVENTFD)[0]), of(records, EVENTFD)[0].copy())


def descriptor_of_no_file(records):
    put(of(records, FDTABLE)[0], 3, 12345, 1)


def mapping_of_no_file(records):
    put(next(r for r in of(records, VMA) if get(r, 8)), 8, 12345)


def no_executable(records):
    put(of(records, MM)[0], 13, 12345)


def overlap(records):
    second = next(b for a, b in zip(of(records, VMA), of(records, VMA)[1:]) if get(a, 2) == get(b, 1))
    put(second, 1, get(second, 1) - 4096)


def registers_twice(records):
    first, second = of(records, *CPU)[:2]
    second.id = first.id


def thread_of_nobody(records):
    of(records, THREAD)[0].id = 99999


def bulk_of_eventfd(records):
    of(records, EVENTFD)[0].bulk = bytearray(b"x" * 5000)


def object_behind_contents(records):
    vma = next(r for r in of(records, VMA) if not filled(r))
    records.remove(vma)
    records.insert(records.index(of(records, PAGES)[0]) + 1, vma)


def runs_descend(records):
    pages = next(r for r in of(records, PAGES) if place(r, 1)[1] >= 32)
    one = [get(pages, 1, i) for i in range(4)]
    for i, value in enumerate(one[2:] + one[:2]):
        put(pages, 1, value, i)


def contents_of_nothing(records):
    put(of(records, PAGES)[0], 1, 0x1000)


def contents_not_announced(records):
    vma = next(r for r in of(records, VMA) if filled(r))
    vma.fields[place(vma, 7)[0]] = 0


def contents_twice(records):
    pages = of(records, PAGES)[0]
    records.insert(records.index(pages), pages.copy())


# the case, the words that the reason must have, whether it shows only behind the first contents
CASES = [
    (file_without_description, "exactly one description", False),
    (two_descriptions, "exactly one description", False),
    (file_twice, "a file twice", False),
    (descriptor_of_no_file, "refers to file 12345", False),
    (mapping_of_no_file, "maps file 12345", False),
    (no_executable, "executable is file 12345", False),
    (overlap, "overlaps another", False),
    (registers_twice, "of one thread", False),
    (thread_of_nobody, "belongs to no process or thread", False),
    (bulk_of_eventfd, "bytes of bulk data instead of 0", False),
    (object_behind_contents, "behind memory contents", True),
    (runs_descend, "has a run of", False),
    (contents_of_nothing, "belong to no mapping", False),
    (contents_not_announced, "belong to no mapping", False),
    (contents_twice, "come twice", True),
]


def judge(tool, args, feed, words):
    p = subprocess.run([tool, *args], input=feed, capture_output=True, timeout=30, check=False)
    text = p.stderr.decode("latin-1")
    if p.returncode != 4 or words not in text or text.count("\n") != 1:
        return f"{' '.join(args)}: exit status {p.returncode}: {text.strip()}"
    return ""


def main():
    tool, path = os.environ["REPRISE"], sys.argv[1]
    with open(path, "rb") as f:
        image = f.read()
    failed = skipped = 0
    for case, words, late in CASES:
        preamble, records = mutate.parse(image)
        try:
            case(records)
        except (StopIteration, ValueError, IndexError):
            skipped += 1  # nothing of that in this image
            continue
        mutant = mutate.build(preamble, records)
        with open(path + ".broken", "wb") as f:
            f.write(mutant)
        how = ["restart", "-d"] if late else ["restart", "--explain"]
        for args, feed in ((how[:1] + ["--explain", path + ".broken"], None), (how + ["-"], mutant)):
            wrong = judge(tool, args, feed, words)
            if wrong:
                failed += 1
                print(f"FAIL {case.__name__}: {wrong}")
    print(f"{len(CASES) - skipped} images that break a rule, {skipped} not tried, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
