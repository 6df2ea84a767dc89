#!/usr/bin/env python3
"""unhex - turns an image written as text into its bytes.

usage: unhex.py IN.txt [OUT]      (standard output without OUT)

What is in the text is in the image: nothing is computed, but zeros up to a boundary counted.

    # to the end of the line     a comment
    89 52 5052                   bytes in hexadecimal
    "text"                       the bytes of it, printable ASCII without a quote
    u8 1  u16 2  u32 0x3  u64 4  an unsigned integer, little-endian; s32, s64: signed
    zero 5                       so many zero bytes
    fill 5 ab                    so many times this byte
    pad 8                        zero bytes up to a multiple of it
"""
import re
import sys

TOKEN = re.compile(r'\s*(?:#.*|"([^"]*)"|(\S+))?')
WIDTH = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "s32": 4, "s64": 8}


def words(line):
    at = 0
    while at < len(line):
        m = TOKEN.match(line, at)
        if m.group(1) is not None:
            yield '"', m.group(1)
        elif m.group(2):
            yield "", m.group(2)
        at = m.end() if m.end() > at else len(line)


def unhex(text):
    out = bytearray()
    for line in text.splitlines():
        w = words(line)
        for quote, word in w:
            if quote:
                out += word.encode("ascii")
            elif word in WIDTH:
                out += int(next(w)[1], 0).to_bytes(WIDTH[word], "little", signed=word[0] == "s")
            elif word == "zero":
                out += bytes(int(next(w)[1], 0))
            elif word == "fill":
                count = int(next(w)[1], 0)
                out += bytes.fromhex(next(w)[1]) * count
            elif word == "pad":
                out += bytes(-len(out) % int(next(w)[1], 0))
            else:
                out += bytes.fromhex(word)
    return bytes(out)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    data = unhex(open(sys.argv[1], encoding="ascii").read())
    with (open(sys.argv[2], "wb") if len(sys.argv) == 3 else sys.stdout.buffer) as f:
        f.write(data)
