#!/usr/bin/env python3
"""make - writes the texts of this folder and the table in README.md.

A help for adding images, no part of the test: the committed texts are the reference, and one that
was released never changes.  An image is described rule by rule, with what breaks the rule as a
keyword; sums are computed over the broken bytes, so that one rule is violated and no other.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../tools"))
sys.path.insert(0, HERE)
from unhex import unhex  # noqa: E402
from xxh3 import xxh3_64  # noqa: E402

TYPES = ["", "bool", "u8", "u16", "u32", "u64", "s32", "s64", "x32", "x64", "str", "bytes", "u32s",
         "u64s"]
NUMBER = {n: i for i, n in enumerate(TYPES)}
HEADER = """format:u32 tool:str time:u64 hostname:str boot_id:str kernel_release:str kernel_version:str
    machine:str kernel_config:str abilities:x64 page_size:u32 hz:u32 nsig:u32 ngroups_max:u32
    auxv_size:u32 siginfo_size:u32 rseq_feature_size:u32 rseq_align:u32 cpu_vendor:str cpu_model:str
    cpu_family:u32 cpu_model_id:u32 cpu_stepping:u32 cpu_features:u32s xcr0:x64 xsave_size:u32
    xsave_layout:u32s root_pid:u32""".split()
SHORT = HEADER[:11]  # what a header must have to be believed: format and page_size


def field(number, type_, value, what="", size=None, reserved=0, padding="pad 8"):
    """One field as text lines; value is in unhex's notation."""
    n = len(unhex(value)) if size is None else size
    t = type_ if isinstance(type_, int) else NUMBER[type_]
    name = TYPES[t] if t < len(TYPES) else "?"
    return [f"u16 {number} u8 {t} u8 {reserved} u32 {n}  # field {number}{what and ' ' + what}, {name}",
            f"  {value} {padding}".rstrip()]


def schema(kind, name, fields, flags=0, names=None, types=None, counts=None, described=None,
           extra=(), **broken):
    """A schema record; fields: 'name:type' or 'name:type:count'."""
    split = [(f.split(":") + ["1"])[:3] for f in fields]
    names = " ".join(s[0] for s in split) if names is None else names
    types = " ".join(f"{NUMBER[s[1]]:02x}" for s in split) if types is None else types
    counts = " ".join(f"u32 {s[2]}" for s in split) if counts is None else counts
    return record(2, kind if described is None else described, [
        field(1, "u16", f"u16 {kind}", "kind"), field(2, "u16", f"u16 {broken.pop('of', 1)}", "version"),
        field(3, "u16", f"u16 {flags}", "flags"), field(4, "str", f'"{name}"', "name"),
        field(5, "str", f'"{names}"', "names"), field(6, "bytes", types, "types"),
        field(7, "u32s", counts, "counts"), *extra], title=f"schema of {name}", **broken)


def record(kind, id_, fields, title="", bulk=None, **broken):
    return {"kind": kind, "id": id_, "title": title, "bulk": bulk,
            "fields": [line for f in fields for line in f], "broken": broken}


def head(r, at, fields, bulk):
    b = r["broken"]
    lines = [
        f"u16 {r['kind']} u16 {b.get('version', 1)}  # kind, version",
        f"u16 {b.get('flags', 0)} u16 {b.get('reserved', 0)}  # flags, reserved",
        f"u64 {r['id']}  # id", f"u64 {b.get('offset', at)}  # offset",
        f"u64 {b.get('fields_len', len(fields))}  # fields_len",
        f"u64 {b.get('bulk_len', len(bulk))}  # bulk_len",
        f"u64 0x{xxh3_64(fields) ^ b.get('fields_sum', 0):016x}  # fields_sum",
        f"u64 0x{xxh3_64(bulk) ^ b.get('bulk_sum', 0):016x}  # bulk_sum"]
    total = xxh3_64(unhex("\n".join(lines))) ^ b.get("head_sum", 0)
    return lines + [f"u64 0x{total:016x}  # head_sum"]


def preamble(magic="89 52 50 52 0d 0a 1a 0a", version=1, check=0):
    lines = ["# preamble", f"{magic}  # magic", f"u32 {version}  # format"]
    total = (xxh3_64(unhex("\n".join(lines))) ^ check) & 0xffffffff
    return lines + [f"u32 0x{total:08x}  # check"]


def numbers(width, values):
    return " ".join(f"{width} {v}" for v in values)


def trailer(at, index, heads, broken):
    kinds = sorted({k for k, _, _ in index})
    counts = [sum(k == i[0] for i in index) for k in kinds]
    t = {"kinds": kinds, "counts": counts, "index_kinds": [i[0] for i in index],
         "index_ids": [i[1] for i in index], "index_offsets": [i[2] for i in index],
         "digest": xxh3_64(heads), "length": 0, "offset": at}
    extra = broken.pop("extra", [])
    missing = broken.pop("missing", None)
    for name in list(broken):
        if name in t:
            t[name] = broken.pop(name)(t[name])

    def fields():
        rows = [("kinds", "u32s", numbers("u32", t["kinds"])), ("counts", "u64s", numbers("u64", t["counts"])),
                ("index_kinds", "u32s", numbers("u32", t["index_kinds"])),
                ("index_ids", "u64s", numbers("u64", t["index_ids"])),
                ("index_offsets", "u64s", numbers("u64", t["index_offsets"])),
                ("digest", "x64", f"u64 0x{t['digest']:016x}"), ("length", "u64", f"u64 {t['length']}"),
                ("offset", "u64", f"u64 {t['offset']}")]
        return [field(i + 1, ty, v, n) for i, (n, ty, v) in enumerate(rows) if n != missing] + extra

    t["length"] += at + 64 + len(unhex("\n".join(x for f in fields() for x in f)))
    return record(3, broken.pop("id", 0), fields(), title="trailer", **broken)


def image(*records, first=None, cut=None, after=(), no_trailer=False, **broken):
    """The text of an image; broken: of the trailer."""
    lines = list(first or preamble())
    size, heads, index = 16, b"", []
    todo = list(records)
    while todo or not no_trailer:
        r = todo.pop(0) if todo else trailer(size, index, heads, broken)
        fields = unhex("\n".join(r["fields"]))
        bulk = unhex(r["bulk"] or "")
        h = head(r, size, fields, bulk)
        index.append((r["kind"], r["id"], size))
        heads += unhex("\n".join(h))
        lines += ["", f"# record {len(index) - 1} at {size}: {r['title']}"] + h + r["fields"]
        if r["bulk"]:
            lines += [r["broken"].get("before", "pad 4096"), r["bulk"], r["broken"].get("behind", "pad 8")]
        size = len(unhex("\n".join(lines)))
        if r["title"] == "trailer" and not todo:
            break
    lines += after
    return cut_at(lines, cut, size) if cut is not None else lines


def cut_at(lines, cut, size):
    """The lines up to byte cut (negative: from the end); the line it is in as plain bytes."""
    cut = cut if cut >= 0 else size + cut
    for n in range(len(lines) + 1):
        data = unhex("\n".join(lines[:n]))
        if len(data) > cut:
            before = len(unhex("\n".join(lines[:n - 1])))
            rest = data[before:cut]
            return lines[:n - 1] + ([f"{rest.hex(' ')}  # cut off here"] if rest else [])
    return lines


def header(*more, **broken):
    fields = broken.pop("fields", None) or [field(1, "u32", f"u32 {broken.pop('format', 1)}", "format"),
              field(11, "u32", f"u32 {broken.pop('page_size', 4096)}", "page_size"), *more]
    return record(1, broken.pop("id", 0), fields, title="header", **broken)


THING = 0xff00  # the first of the kinds that are reserved for tests
START = (schema(1, "image_header", SHORT), header())
TWO = ["a:u32", "b:bool"]


def thing(fields=None, name="thing", flags=1, id_=7, declare=TWO, **broken):
    """Schema and one record of a skippable kind."""
    return (schema(THING, name, declare, flags=flags),
            record(THING, id_, fields or [field(1, "u32", "u32 5", "a"), field(2, "bool", "01", "b")],
                   title=name, **{"flags": flags, **broken}))


def good_header():
    values = {"u32": "u32 {}", "u64": "u64 {}", "x64": "u64 {}", "str": '"text {}"', "u32s": "u32 {}"}
    special = {"format": "u32 1", "page_size": "u32 4096",
               "xsave_layout": "u32 2 u32 576 u32 256 u32 0"}
    full = [field(i + 1, t, special.get(n, values[t].format(i)), n)
            for i, (n, t) in enumerate(f.split(":") for f in HEADER)]
    return image(schema(1, "image_header", HEADER), header(fields=full))


def good_types():
    declare = ["yes:bool", "u8:u8", "u16:u16", "u32:u32", "u64:u64", "s32:s32", "s64:s64", "x32:x32",
               "x64:x64", "str:str", "bytes:bytes", "u32s:u32s", "u64s:u64s", "absent:str", "array:u16:3",
               "bools:bool:2"]
    full = ["01", "u8 255", "u16 65535", "u32 4294967295", "u64 18446744073709551615", "s32 -1",
            "s64 -9223372036854775808", "u32 0xfff", "u64 0xffffffff80000000", '"a name" 0a c3a9 ff',
            "00 01 02", "u32 1 u32 2", "u64 1"]
    fields = [field(i + 1, i + 1, v) for i, v in enumerate(full)]
    fields += [field(15, "u16", "u16 1 u16 2 u16 3", "array"), field(16, "bool", "00 01", "bools")]
    empty = [field(10, "str", ""), field(11, "bytes", ""), field(12, "u32s", ""), field(13, "u64s", "")]
    return image(*START, *thing(fields, declare=declare),
                 record(THING, 8, empty, title="empty runs", flags=1),
                 record(THING, 9, [], title="nothing at all", flags=1))


def a(value="u32 5", **k):
    return field(1, k.pop("type_", "u32"), value, "a", **k)


def b(value="01", **k):
    return field(2, k.pop("type_", "bool"), value, "b", **k)


def bump(i, by=1):
    return lambda v: v[:i] + [v[i] + by] + v[i + 1:]


def other_schema(**k):
    return (*START, schema(THING, "thing", TWO, **{"flags": 1, **k}))


BULK = dict(bulk="fill 5000 ab")
N1 = "u32 1"

IMAGES = {
    "good-minimal": ("the least there is: schema, header, trailer", lambda: image(*START)),
    "good-header": ("a header with every field of format 1", good_header),
    "good-types": ("every type, an array, absent and empty values", good_types),
    "good-bulk": ("bulk data, aligned and padded", lambda: image(
        *START, *thing(**BULK), record(THING, 8, [a()], "one page", "fill 4096 cd", flags=1),
        record(THING, 9, [], "one byte", "ff", flags=1))),
    "good-unused-schema": ("a schema whose kind never comes", lambda: image(
        *START, schema(THING, "thing", TWO))),
    "good-no-fields": ("a kind without fields", lambda: image(
        *START, schema(THING, "mark", [], flags=1), record(THING, 1, [], "mark", flags=1))),
    "bad-empty": ("no byte at all", lambda: ["# nothing"]),
    "bad-foreign": ("another kind of file", lambda: ['"#!/bin/sh" 0a', '"echo this is no image" 0a']),
    "bad-magic-text": ("text-mode damage: CR LF became LF", lambda: image(
        *START, first=preamble(magic="89 52 50 52 0a 1a 0a 00"))),
    "bad-magic-7bit": ("text-mode damage: the top bit is gone", lambda: image(
        *START, first=preamble(magic="09 52 50 52 0d 0a 1a 0a"))),
    "bad-preamble-check": ("check of the preamble is wrong", lambda: image(
        *START, first=preamble(check=1))),
    "bad-preamble-format-0": ("format version 0", lambda: image(*START, first=preamble(version=0))),
    "bad-cut-magic": ("cut inside the magic", lambda: image(*START, cut=5)),
    "bad-cut-preamble": ("cut inside the preamble", lambda: image(*START, cut=12)),
    "bad-cut-after-preamble": ("cut behind the preamble", lambda: image(*START, cut=16)),
    "bad-cut-head": ("cut inside a head", lambda: image(*START, cut=50)),
    "bad-cut-fields": ("cut inside the fields", lambda: image(*START, cut=100)),
    "bad-cut-padding": ("cut in the padding before bulk data", lambda: image(
        *START, *thing(**BULK), cut=4000)),
    "bad-cut-bulk": ("cut inside bulk data", lambda: image(*START, *thing(**BULK), cut=9000)),
    "bad-cut-bulk-end": ("cut right behind bulk data", lambda: image(
        *START, *thing(bulk="fill 5001 ab"), cut=4096 + 5001)),
    "bad-cut-trailer": ("the last byte is missing", lambda: image(*START, cut=-1)),
    "bad-no-trailer": ("ends with a whole record, without a trailer", lambda: image(
        *START, *thing(), no_trailer=True)),
    "bad-after-trailer": ("a byte follows the trailer", lambda: image(*START, after=["", "00"])),
    "bad-two-images": ("an image follows the image", lambda: image(
        *START, after=image(*START))),
    "bad-head-sum": ("checksum of a head", lambda: image(*START, *thing(head_sum=1))),
    "bad-head-kind-0": ("kind 0", lambda: image(*START, record(0, 0, []))),
    "bad-head-flags": ("a reserved flag", lambda: image(
        *START, thing()[0], record(THING, 7, [a()], "thing", flags=3))),
    "bad-head-reserved": ("reserved bits of a head", lambda: image(*START, *thing(reserved=1))),
    "bad-head-offset": ("a head that belongs elsewhere", lambda: image(*START, *thing(offset=8))),
    "bad-fields-sum": ("checksum of fields", lambda: image(*START, *thing(fields_sum=1))),
    "bad-fields-len-odd": ("fields_len no multiple of 8", lambda: image(
        *START, *thing(fields_len=31))),
    "bad-fields-len-huge": ("fields_len of 2^60", lambda: image(*START, *thing(fields_len=1 << 60))),
    "bad-fields-len-limit": ("fields_len just above 64 MiB", lambda: image(
        *START, *thing(fields_len=(64 << 20) + 8))),
    "bad-fields-len-beyond": ("fields_len of 64 MiB where the image is small", lambda: image(
        *START, *thing(fields_len=64 << 20))),
    "bad-bulk-sum": ("checksum of bulk data", lambda: image(*START, *thing(**BULK, bulk_sum=1))),
    "bad-bulk-sum-empty": ("bulk_sum without bulk data is not the sum of no bytes", lambda: image(
        *START, *thing(bulk_sum=1))),
    "bad-bulk-len-huge": ("bulk_len of 2^63", lambda: image(*START, *thing(**BULK, bulk_len=1 << 63))),
    "bad-bulk-len-beyond": ("bulk_len of 1 TiB where the image is small", lambda: image(
        *START, *thing(**BULK, bulk_len=1 << 40))),
    "bad-bulk-padding-before": ("padding before bulk data is not zero", lambda: image(
        *START, *thing(**BULK, before="01 pad 4096"))),
    "bad-bulk-padding-behind": ("padding behind bulk data is not zero", lambda: image(
        *START, *thing(bulk="fill 5001 ab", behind="00 01 pad 8"))),
    "bad-field-order": ("fields do not ascend", lambda: image(*START, *thing([b(), a()]))),
    "bad-field-order-unknown": ("unknown fields of a schema do not ascend", lambda: image(
        *other_schema(extra=[field(9, "u32", N1), field(8, "u32", N1)]))),
    "bad-field-twice": ("a field comes twice", lambda: image(*START, *thing([a(), a(), b()]))),
    "bad-field-number-0": ("field number 0", lambda: image(
        *START, *thing([field(0, "u32", N1), a()]))),
    "bad-field-number-beyond": ("a field that the schema does not have", lambda: image(
        *START, *thing([a(), b(), field(3, "u32", N1)]))),
    "bad-field-reserved": ("reserved bits of a field", lambda: image(*START, *thing([a(reserved=1)]))),
    "bad-field-type-0": ("type 0", lambda: image(*START, *thing([a(type_=0)]))),
    "bad-field-type-14": ("a type that there is not", lambda: image(*START, *thing([a(type_=14)]))),
    "bad-field-type-schema": ("a type other than the schema's", lambda: image(
        *START, *thing([a(type_="x32")]))),
    "bad-field-len-short": ("a u32 of two bytes", lambda: image(*START, *thing([a("u16 5")]))),
    "bad-field-len-beyond": ("a field longer than its record", lambda: image(
        *START, *thing([a(), field(2, "bool", "01", "b", size=9)]))),
    "bad-field-len-huge": ("a field of 4 GiB", lambda: image(
        *START, *thing([a(size=0xffffffff)]))),
    "bad-field-cut": ("eight bytes left are a field without its value", lambda: image(
        *START, *thing([a(), ["u16 2 u8 1 u8 0 u32 1  # field 2 b, bool"]]))),
    "bad-field-padding": ("padding of a field is not zero", lambda: image(
        *START, *thing([a(padding="00 00 00 01"), b()]))),
    "bad-bool-2": ("a bool that is 2", lambda: image(*START, *thing([a(), b("02")]))),
    "bad-bool-array": ("a bool inside an array that is 2", lambda: image(
        *START, *thing([field(1, "bool", "01 00 02")], declare=["c:bool:3"]))),
    "bad-string-nul": ("a string with a NUL inside", lambda: image(
        *START, *thing([field(1, "str", '"a" 00 "b"')], declare=["s:str"]))),
    "bad-array-count": ("an array of two where the schema says three", lambda: image(
        *START, *thing([field(1, "u16", "u16 1 u16 2")], declare=["c:u16:3"]))),
    "bad-u32s-len": ("a run of u32 of six bytes", lambda: image(
        *START, *thing([field(1, "u32s", "u32 1 u16 2")], declare=["c:u32s"]))),
    "bad-u64s-len": ("a run of u64 of twelve bytes", lambda: image(
        *START, *thing([field(1, "u64s", "u64 1 u32 2")], declare=["c:u64s"]))),
    "bad-header-missing": ("an object where the header belongs", lambda: image(START[0], *thing())),
    "bad-header-only-schema": ("a trailer where the header belongs", lambda: image(START[0])),
    "bad-header-no-schema": ("the header without its schema", lambda: image(START[1])),
    "bad-header-late": ("a schema between the header and its own", lambda: image(
        START[0], *thing()[:1], START[1])),
    "bad-header-twice": ("a second header", lambda: image(*START, START[1])),
    "bad-header-format": ("the header names another format", lambda: image(
        START[0], header(format=2))),
    "bad-header-page-size": ("a page size of 5000", lambda: image(START[0], header(page_size=5000))),
    "bad-header-id": ("a header with an id", lambda: image(START[0], header(id=1))),
    "bad-header-xsave": ("an XSAVE layout of five values", lambda: image(
        schema(1, "image_header", HEADER),
        header(field(27, "u32s", "u32 2 u32 576 u32 256 u32 0 u32 5")))),
    "bad-header-type": ("a page_size of 64 bits, and a schema that says so", lambda: image(
        schema(1, "image_header", SHORT[:10] + ["page_size:u64"]),
        header(fields=[field(1, "u32", N1), field(11, "u64", "u64 4096")]))),
    "bad-schema-missing": ("a kind without a schema", lambda: image(*START, thing()[1])),
    "bad-schema-late": ("the schema behind the record", lambda: image(*START, *thing()[::-1])),
    "bad-schema-twice": ("two schemas for one kind", lambda: image(
        *START, *thing(), thing()[0])),
    "bad-schema-version": ("a record's version is not its schema's", lambda: image(
        *START, *thing(version=2))),
    "bad-schema-flags": ("a record's flags are not its schema's", lambda: image(
        *START, schema(THING, "thing", TWO), thing()[1])),
    "bad-schema-id": ("its id is not the kind it describes", lambda: image(
        *other_schema(described=THING + 1))),
    "bad-schema-of-schema": ("a schema of kind 2", lambda: image(*START, schema(2, "schema", []))),
    "bad-schema-flag": ("it gives a reserved flag to its kind", lambda: image(*other_schema(flags=4))),
    "bad-schema-names-fewer": ("fewer names than types", lambda: image(*other_schema(names="a"))),
    "bad-schema-names-more": ("more names than types", lambda: image(*other_schema(names="a b c"))),
    "bad-schema-name-empty": ("an empty field name", lambda: image(*other_schema(names="a  b"))),
    "bad-schema-name-char": ("a field name that is none", lambda: image(*other_schema(names="a b=c"))),
    "bad-schema-kind-name": ("a kind name with a space", lambda: image(
        *START, schema(THING, "a thing", TWO))),
    "bad-schema-counts-fewer": ("fewer counts than types", lambda: image(*other_schema(counts=N1))),
    "bad-schema-count-0": ("an array of none", lambda: image(*other_schema(counts="u32 1 u32 0"))),
    "bad-schema-count-str": ("an array of strings", lambda: image(
        *START, schema(THING, "thing", ["s:str:2"]))),
    "bad-schema-count-huge": ("an array of 65536", lambda: image(
        *other_schema(counts="u32 1 u32 65536"))),
    "bad-schema-type": ("a type that there is not", lambda: image(*other_schema(types="04 0e"))),
    "bad-schema-bulk": ("a schema with bulk data", lambda: image(*other_schema(bulk="01"))),
    "bad-trailer-digest": ("digest", lambda: image(*START, digest=lambda v: v ^ 1)),
    "bad-trailer-counts": ("one count too high", lambda: image(*START, counts=bump(1))),
    "bad-trailer-kinds": ("another kind counted", lambda: image(*START, kinds=bump(1))),
    "bad-trailer-index-kind": ("index: kind of a record", lambda: image(*START, index_kinds=bump(0))),
    "bad-trailer-index-id": ("index: id of a record", lambda: image(*START, index_ids=bump(0))),
    "bad-trailer-index-offset": ("index: offset of a record", lambda: image(
        *START, index_offsets=bump(1, 8))),
    "bad-trailer-index-short": ("index: the last record is missing", lambda: image(
        *START, index_kinds=lambda v: v[:-1], index_ids=lambda v: v[:-1],
        index_offsets=lambda v: v[:-1])),
    "bad-trailer-length": ("length of the image", lambda: image(*START, length=lambda v: 8)),
    "bad-trailer-offset": ("offset of the trailer", lambda: image(*START, offset=lambda v: v - 8)),
    "bad-trailer-missing-digest": ("no digest", lambda: image(*START, missing="digest")),
    "bad-trailer-flags": ("a trailer with flags", lambda: image(*START, flags=1)),
    "bad-trailer-id": ("a trailer with an id", lambda: image(*START, id=1)),
    "unsupported-format": ("format version 2, and rubbish behind the preamble", lambda: preamble(
        version=2) + ["fill 64 ee"]),
    "unsupported-kind": ("an unknown kind that may not be skipped", lambda: image(
        *START, *thing(flags=0))),
    "unsupported-header-version": ("version 2 of the header", lambda: image(
        schema(1, "image_header", SHORT, of=2), header(version=2))),
    "unsupported-header-field": ("a header with a 29th field", lambda: image(
        schema(1, "image_header", HEADER + ["new:u32"]), header(field(29, "u32", N1, "new")))),
    "unsupported-schema-version": ("version 2 of a schema", lambda: image(*other_schema(version=2))),
    "unsupported-schema-field": ("a schema with an eighth field", lambda: image(
        *other_schema(extra=[field(8, "u32", N1)]))),
    "unsupported-trailer-version": ("version 2 of the trailer", lambda: image(*START, version=2)),
    "unsupported-trailer-field": ("a trailer with a ninth field", lambda: image(
        *START, extra=[field(9, "u32", N1)])),
}


def main():
    rows = []
    for name, (what, make) in IMAGES.items():
        with open(os.path.join(HERE, name + ".txt"), "w", encoding="ascii") as f:
            f.write(f"# {name}: {what}\n" + "\n".join(make()) + "\n")
        rows.append(f"| {name} | {what} |")
    path = os.path.join(HERE, "README.md")
    text = open(path, encoding="ascii").read()
    mark = "|------|------|\n"
    with open(path, "w", encoding="ascii") as f:
        f.write(text[:text.index(mark) + len(mark)] + "\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
