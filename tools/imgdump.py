#!/usr/bin/env python3
"""imgdump - shows every record of a Reprise image; the second reader, after doc/IMAGE.md alone.

usage: imgdump.py [--json] [--strict] [--plain-sums] FILE|-

  --json        one JSON document instead of text
  --strict      refuse, as a restart must, records that only their schema explains, unless skippable
  --plain-sums  make checksums in Python even where libxxhash is there

Exit status: 0 sound, 1 cannot be read, 2 usage, 3 not supported, 4 damaged or not an image.
"""
import json
import os
import struct
import sys
from collections import Counter

import xxh3

MAGIC = bytes.fromhex("895250520d0a1a0a")
FORMAT = 1
HEAD = struct.Struct("<HHHHQQQQQQQ")
FIELD = struct.Struct("<HBBI")
FIELDS_MAX = 64 << 20
STEP = 1 << 20
HEADER, SCHEMA, TRAILER = 1, 2, 3
SKIPPABLE = 1

# type: name, letter for struct, width; letter None: a run of bytes
TYPES = {
    1: ("bool", "B", 1), 2: ("u8", "B", 1), 3: ("u16", "H", 2), 4: ("u32", "I", 4),
    5: ("u64", "Q", 8), 6: ("s32", "i", 4), 7: ("s64", "q", 8), 8: ("x32", "I", 4),
    9: ("x64", "Q", 8), 10: ("str", None, 1), 11: ("bytes", None, 1), 12: ("u32s", "I", 4),
    13: ("u64s", "Q", 8),
}
WHEN_MISSING = {1: False, 10: None, 11: b"", 12: (), 13: ()}  # 0 for the others
BY_NAME = {name: number for number, (name, _, _) in TYPES.items()}


def table(text):
    """'kind:u16 name:str' -> [(name, type, count)]"""
    return [(n, BY_NAME[t], 1) for n, t in (w.split(":") for w in text.split())]


# What this reader knows by itself (IMAGE.md 5.4, 6, 7): kind -> version, fields.
KNOWN = {
    HEADER: (1, table("""format:u32 tool:str time:u64 hostname:str boot_id:str kernel_release:str
        kernel_version:str machine:str kernel_config:str abilities:x64 page_size:u32 hz:u32
        nsig:u32 ngroups_max:u32 auxv_size:u32 siginfo_size:u32 rseq_feature_size:u32
        rseq_align:u32 cpu_vendor:str cpu_model:str cpu_family:u32 cpu_model_id:u32
        cpu_stepping:u32 cpu_features:u32s xcr0:x64 xsave_size:u32 xsave_layout:u32s
        root_pid:u32""")),
    SCHEMA: (1, table("kind:u16 version:u16 flags:u16 name:str names:str types:bytes counts:u32s")),
    TRAILER: (1, table("""kinds:u32s counts:u64s index_kinds:u32s index_ids:u64s
        index_offsets:u64s digest:x64 length:u64 offset:u64""")),
}


class Damaged(Exception):
    status = 4


class Unsupported(Exception):
    status = 3


class Record:
    def __init__(self, number, offset, raw):
        (self.kind, self.version, self.flags, self.reserved, self.id, self.offset, self.fields_len,
         self.bulk_len, self.fields_sum, self.bulk_sum, self.head_sum) = HEAD.unpack(raw)
        self.number, self.at, self.raw, self.name = number, offset, raw, None
        self.bulk_at, self.fields, self.values = 0, b"", {}


def is_name(s):
    return 1 <= len(s) <= 64 and all(0x21 <= c <= 0x7e and c not in b'"\\=' for c in s)


def check_value(type_, count, value):
    """The value as Python sees it, or Damaged."""
    _, letter, width = TYPES[type_]
    if type_ <= 9:
        if len(value) != width * count:
            raise Damaged("has the wrong length")
        values = struct.unpack(f"<{count}{letter}", value)
        if type_ == 1 and max(values) > 1:
            raise Damaged("is a bool that is neither 0 nor 1")
        if type_ == 1:
            values = tuple(v == 1 for v in values)
        return values[0] if count == 1 else values
    if len(value) % width:
        raise Damaged("has the wrong length")
    if type_ == 10 and 0 in value:
        raise Damaged("is a string with a NUL inside")
    return struct.unpack(f"<{len(value) // width}{letter}", value) if letter else value


def split_fields(data):
    """[(number, type, value)] of a record's fields."""
    at, last, found = 0, 0, []
    while at < len(data):
        if len(data) - at < FIELD.size:
            raise Damaged("a field is cut off")
        number, type_, reserved, size = FIELD.unpack_from(data, at)
        start, end = at + FIELD.size, at + FIELD.size + size
        at = end + -end % 8
        if number <= last:
            raise Damaged("fields are not in ascending order")
        if reserved:
            raise Damaged("reserved bits of a field are set")
        if type_ not in TYPES:
            raise Damaged("a field has an impossible type")
        if at > len(data):
            raise Damaged("a field is longer than its record")
        if any(data[end:at]):
            raise Damaged("padding of a field is not zero")
        last = number
        found.append((number, type_, data[start:end]))
    return found


def values_of(fields, expected, beyond):
    """{name: value} by a table of (name, type, count); beyond is raised for numbers above it."""
    values = {}
    for name, type_, count in expected:
        none = WHEN_MISSING.get(type_, 0)
        values[name] = (none,) * count if count > 1 else none
    for number, type_, value in fields:
        if number > len(expected):
            raise beyond(f"field {number} is not known")
        name, want, count = expected[number - 1]
        try:
            if type_ != want:
                raise Damaged("has the wrong type")
            values[name] = check_value(type_, count, value)
        except Damaged as e:
            raise Damaged(f"field {number} ({name}) {e}") from None
    return values


class Reader:
    def __init__(self, stream, strict=False, fast=True):
        self.stream, self.strict, self.fast = stream, strict, fast
        self.pos, self.number = 0, 0
        self.schemas, self.index, self.heads = {}, [], []
        self.trailer = None
        self.preamble()

    def sum(self, data):
        return xxh3.xxh3_64(data, self.fast)

    def get(self, n):
        """n bytes, taken as they come; Damaged if there are not so many."""
        parts, left = [], n
        while left:
            part = self.stream.read(min(left, STEP))
            if not part:
                raise Damaged("the image is truncated")
            parts.append(part)
            left -= len(part)
        self.pos += n
        return b"".join(parts)

    def zeros(self, align):
        if any(self.get(-self.pos % align)):
            raise Damaged("padding of its bulk data is not zero")

    def preamble(self):
        data = b""
        while len(data) < 16:
            part = self.stream.read(16 - len(data))
            if not part:
                break
            data += part
        self.pos = len(data)
        if data[:8] != MAGIC[:len(data)]:
            raise Damaged("it was changed as if it were text" if data[:4] == MAGIC[:4]
                          else "not a Reprise image")
        if len(data) < 16:
            raise Damaged("the image is truncated")
        self.format, check = struct.unpack("<II", data[8:])
        if check != self.sum(data[:12]) & 0xffffffff:
            raise Damaged("checksum of the first 16 bytes does not match")
        if self.format == 0:
            raise Damaged("format version is 0")
        if self.format > FORMAT:
            raise Unsupported(f"format version {self.format} is above {FORMAT}")

    def where(self, rec):
        name = f" ({rec.name})" if rec.name else ""
        return f"record {rec.number}{name} at offset 0x{rec.at:x}"

    def records(self):
        """Every record before the trailer, schemas too; the trailer ends it."""
        while True:
            at = self.pos
            try:
                rec = Record(self.number, at, self.get(HEAD.size))
            except Damaged as e:
                raise Damaged(f"record {self.number} at offset 0x{at:x}: {e}") from None
            try:
                self.one(rec)
            except (Damaged, Unsupported) as e:
                raise type(e)(f"{self.where(rec)}: {e}") from None
            if rec.kind == TRAILER:
                break
            self.number += 1
            self.index.append((rec.kind, rec.id, rec.at))
            self.heads.append(rec.raw)
            yield rec
        if self.stream.read(1):
            raise Damaged("something follows the trailer")

    def one(self, rec):
        self.head(rec)
        rec.fields = self.get(rec.fields_len)
        if self.sum(rec.fields) != rec.fields_sum:
            raise Damaged("checksum of its fields does not match")
        self.order(rec)
        if rec.kind in (SCHEMA, TRAILER):
            self.own(rec)
        else:
            self.described(rec)
        if rec.bulk_len:
            self.zeros(4096)
            rec.bulk_at = self.pos
            if self.sum(self.get(rec.bulk_len)) != rec.bulk_sum:
                raise Damaged("checksum of its bulk data does not match")
            self.zeros(8)

    def head(self, rec):
        if rec.head_sum != self.sum(rec.raw[:56]):
            raise Damaged("checksum of its head does not match")
        rec.name = {SCHEMA: "schema", TRAILER: "trailer"}.get(rec.kind)
        if rec.kind in self.schemas:
            rec.name = self.schemas[rec.kind]["name"]
        if rec.offset != rec.at:
            raise Damaged("it belongs to another offset")
        if rec.kind == 0:
            raise Damaged("its kind is 0")
        if rec.flags & ~SKIPPABLE or rec.reserved:
            raise Damaged("reserved bits of its head are set")
        if rec.fields_len % 8 or rec.fields_len > FIELDS_MAX:
            raise Damaged("length of its fields is impossible")
        if rec.bulk_len > 1 << 62:
            raise Damaged("length of its bulk data is impossible")
        if rec.bulk_len == 0 and rec.bulk_sum != self.sum(b""):
            raise Damaged("checksum of its bulk data does not match")

    def order(self, rec):
        if self.number == 0 and (rec.kind, rec.id) != (SCHEMA, HEADER):
            raise Damaged("the schema of the header does not come first")
        if (self.number == 1) != (rec.kind == HEADER):
            raise Damaged("the header does not come right after its schema, and once")

    def known(self, rec):
        version, fields = KNOWN[rec.kind]
        if rec.version > version or (rec.kind != HEADER and rec.version != version):
            raise Unsupported(f"version {rec.version} is not known")
        return values_of(split_fields(rec.fields), fields, Unsupported)

    def own(self, rec):
        if rec.kind == SCHEMA and (rec.flags or rec.bulk_len):
            raise Damaged("a schema has neither flags nor bulk data")
        if rec.kind == TRAILER and (rec.flags or rec.id or rec.bulk_len):
            raise Damaged("a trailer has neither flags, id nor bulk data")
        rec.values = self.known(rec)
        if rec.kind == SCHEMA:
            self.schema(rec)
        else:
            self.check_trailer(rec)

    def schema(self, rec):
        v = rec.values
        kind, types, counts = v["kind"], v["types"], v["counts"]
        if kind in (0, SCHEMA, TRAILER):
            raise Damaged("it describes a kind that has no schema")
        if rec.id != kind:
            raise Damaged("its id is not the kind it describes")
        if kind in self.schemas:
            raise Damaged("the kind was described before")
        if v["flags"] & ~SKIPPABLE:
            raise Damaged("reserved bits of its flags are set")
        if v["name"] is None or not is_name(v["name"]):
            raise Damaged("name of the kind is malformed")
        if v["names"] is None:
            raise Damaged("names of fields are missing")
        names = v["names"].split(b" ") if v["names"] else []
        if not len(names) == len(types) == len(counts) <= 4096:
            raise Damaged("number of names, types and counts are not the same")
        if not all(map(is_name, names)):
            raise Damaged("names of fields are malformed")
        for type_, count in zip(types, counts):
            if type_ not in TYPES:
                raise Damaged("a field has an impossible type")
            if not 1 <= count <= (65535 if type_ <= 9 else 1):
                raise Damaged("a field has an impossible count")
        self.schemas[kind] = {
            "name": v["name"].decode(), "version": v["version"], "flags": v["flags"],
            "fields": [(n.decode(), t, c) for n, t, c in zip(names, types, counts)]}

    def described(self, rec):
        schema = self.schemas.get(rec.kind)
        if rec.kind == HEADER and (rec.id or rec.flags or rec.bulk_len):
            raise Damaged("a header has neither flags, id nor bulk data")
        if schema is None:
            raise Damaged(f"no schema describes its kind {rec.kind}")
        if (schema["version"], schema["flags"]) != (rec.version, rec.flags):
            raise Damaged("its version or flags are not those of its schema")
        rec.values = values_of(split_fields(rec.fields), schema["fields"], Damaged)
        if rec.kind == HEADER:
            self.header(self.known(rec))
        elif self.strict and not rec.flags & SKIPPABLE:
            raise Unsupported("its kind is not known, and may not be skipped")

    def header(self, h):
        if h["format"] != self.format:
            raise Damaged("its format is not that of the first 16 bytes")
        if h["page_size"] < 4096 or h["page_size"] & (h["page_size"] - 1):
            raise Damaged("page size is impossible")
        if len(h["xsave_layout"]) % 4:
            raise Damaged("layout of the XSAVE area is cut off")

    def check_trailer(self, rec):
        found = rec.values
        kinds, ids, offsets = ([e[i] for e in self.index] for i in range(3))
        expected = {
            "kinds": sorted(set(kinds)), "counts": [c for _, c in sorted(Counter(kinds).items())],
            "index_kinds": kinds, "index_ids": ids, "index_offsets": offsets,
            "digest": self.sum(b"".join(self.heads)), "length": self.pos,
            "offset": rec.at}
        for name, value in expected.items():
            if (list(found[name]) if isinstance(value, list) else found[name]) != value:
                raise Damaged(f"{name} of the trailer do not match")
        self.trailer = found


def to_text(type_, value):
    if value is None:
        return "-"
    if type_ == 10:
        special = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
        out = "".join(special.get(c) or (c if c.isprintable() else f"\\x{ord(c) & 255:02x}")
                      for c in value.decode("utf-8", "surrogateescape"))
        return f'"{out}"'
    if type_ == 11:
        return f"<{value[:64].hex()}{f'... {len(value)} bytes' if len(value) > 64 else ''}>"
    if isinstance(value, tuple):
        more = f" ... {len(value)} in all" if len(value) > 64 else ""
        return f"[{' '.join(to_text(type_, v) for v in value[:64])}{more}]"
    if type_ == 1:
        return "true" if value else "false"
    return f"0x{value:x}" if type_ in (8, 9) else str(value)


def to_json(type_, value):
    if isinstance(value, tuple):
        return [to_json(type_, v) for v in value]
    if type_ == 10 and value is not None:
        return value.decode("utf-8", "surrogateescape")
    if type_ == 11:
        return value.hex()
    return f"0x{value:x}" if type_ in (8, 9) else value


def fields_of(reader, rec):
    if rec.kind == SCHEMA:
        return KNOWN[SCHEMA][1]
    return reader.schemas[rec.kind]["fields"]


def record_text(reader, rec):
    flags = " skippable" if rec.flags & SKIPPABLE else ""
    text = " ".join(f"{n}={to_text(t, rec.values[n])}" for n, t, _ in fields_of(reader, rec))
    print(f"#{rec.number} {rec.name} kind {rec.kind} version {rec.version}{flags} id {rec.id} "
          f"at 0x{rec.at:x}: {text}")
    if rec.bulk_len:
        print(f"    bulk data: {rec.bulk_len} bytes at 0x{rec.bulk_at:x} sum 0x{rec.bulk_sum:x}")


def record_json(reader, rec):
    return {"number": rec.number, "kind": rec.kind, "name": rec.name, "version": rec.version,
            "skippable": bool(rec.flags & SKIPPABLE), "id": rec.id, "offset": rec.at,
            "bulk_offset": rec.bulk_at, "bulk_length": rec.bulk_len,
            "fields": {n: to_json(t, rec.values[n]) for n, t, _ in fields_of(reader, rec)}}


def dump(stream, options):
    reader = Reader(stream, "--strict" in options, "--plain-sums" not in options)
    found = []
    for rec in reader.records():
        if "--json" in options:
            found.append(record_json(reader, rec))
        else:
            record_text(reader, rec)
    t = reader.trailer
    if "--json" in options:
        print(json.dumps({"format": reader.format, "records": found, "length": t["length"],
                          "digest": f"0x{t['digest']:x}"}, indent=1))
    else:
        print(f"#{reader.number} trailer: {reader.number} records, {t['length']} bytes, "
              f"digest 0x{t['digest']:x}")


def main(argv):
    options = [a for a in argv if a.startswith("--")]
    names = [a for a in argv if not a.startswith("--")]
    if len(names) != 1 or set(options) - {"--json", "--strict", "--plain-sums"}:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        with (os.fdopen(0, "rb") if names[0] == "-" else open(names[0], "rb")) as stream:
            dump(stream, options)
    except (Damaged, Unsupported) as e:
        sys.stdout.flush()
        print(f"imgdump: {names[0]}: {e}: the image is "
              f"{'damaged' if e.status == 4 else 'not supported'}", file=sys.stderr)
        return e.status
    except OSError as e:
        print(f"imgdump: {names[0]}: {e.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
