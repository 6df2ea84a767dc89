"""XXH3-64, seed 0, default secret: the checksum of Reprise images, in plain Python.

xxh3_64(data) -> int.  Follows the XXH3 description in doc/xxhash_spec.md of xxHash.  About 2 MB/s;
where libxxhash is installed, fast=True uses it.
"""
import ctypes
import ctypes.util
import struct

M64 = (1 << 64) - 1
P32_1, P32_2, P32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
P64_1, P64_2, P64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P64_4, P64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
MX1, MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25

SECRET = bytes.fromhex("""
    b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f
    cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c
    3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8
    a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364
    eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e
    2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e
""")

STRIPE = 64
BLOCK_STRIPES = (len(SECRET) - STRIPE) // 8
BLOCK = STRIPE * BLOCK_STRIPES


def u32(b, at):
    return int.from_bytes(b[at:at + 4], "little")


def u64(b, at):
    return int.from_bytes(b[at:at + 8], "little")


def swap64(v):
    return int.from_bytes(v.to_bytes(8, "little"), "big")


def rotl64(v, n):
    return (v << n | v >> (64 - n)) & M64


def fold(a, b):
    product = a * b
    return (product & M64) ^ (product >> 64)


def avalanche(h):
    h ^= h >> 37
    h = h * MX1 & M64
    return h ^ h >> 32


def avalanche_xxh64(h):
    h ^= h >> 33
    h = h * P64_2 & M64
    h ^= h >> 29
    h = h * P64_3 & M64
    return h ^ h >> 32


def mix16(data, at, secret_at):
    return fold(u64(data, at) ^ u64(SECRET, secret_at),
                u64(data, at + 8) ^ u64(SECRET, secret_at + 8))


def up_to_16(data):
    n = len(data)
    if n == 0:
        return avalanche_xxh64(u64(SECRET, 56) ^ u64(SECRET, 64))
    if n <= 3:
        combined = data[0] << 16 | data[n >> 1] << 24 | data[n - 1] | n << 8
        return avalanche_xxh64(combined ^ u32(SECRET, 0) ^ u32(SECRET, 4))
    if n <= 8:
        h = (u32(data, n - 4) + (u32(data, 0) << 32)) ^ u64(SECRET, 8) ^ u64(SECRET, 16)
        h ^= rotl64(h, 49) ^ rotl64(h, 24)
        h = h * MX2 & M64
        h ^= (h >> 35) + n
        h = h * MX2 & M64
        return h ^ h >> 28
    low = u64(data, 0) ^ u64(SECRET, 24) ^ u64(SECRET, 32)
    high = u64(data, n - 8) ^ u64(SECRET, 40) ^ u64(SECRET, 48)
    return avalanche((n + swap64(low) + high + fold(low, high)) & M64)


def up_to_128(data):
    n = len(data)
    h = n * P64_1
    for i in range((n - 1) // 32, -1, -1):
        h += mix16(data, 16 * i, 32 * i) + mix16(data, n - 16 * (i + 1), 32 * i + 16)
    return avalanche(h & M64)


def up_to_240(data):
    n = len(data)
    h = n * P64_1
    for i in range(8):
        h += mix16(data, 16 * i, 16 * i)
    h = avalanche(h & M64)
    for i in range(8, n // 16):
        h += mix16(data, 16 * i, 16 * (i - 8) + 3)
    return avalanche((h + mix16(data, n - 16, 136 - 17)) & M64)


KEYS = [struct.unpack_from("<8Q", SECRET, 8 * i) for i in range(BLOCK_STRIPES)]
KEY_SCRAMBLE = struct.unpack_from("<8Q", SECRET, len(SECRET) - STRIPE)
KEY_LAST = struct.unpack_from("<8Q", SECRET, len(SECRET) - STRIPE - 7)


def accumulate(acc, data, at, key):
    v = struct.unpack_from("<8Q", data, at)
    for i in range(8):
        k = v[i] ^ key[i]
        acc[i] += (k & 0xffffffff) * (k >> 32)
        acc[i ^ 1] += v[i]


def long(data):
    n = len(data)
    acc = [P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1]
    blocks = (n - 1) // BLOCK
    for b in range(blocks):
        for s in range(BLOCK_STRIPES):
            accumulate(acc, data, b * BLOCK + s * STRIPE, KEYS[s])
        for i in range(8):
            a = acc[i] & M64
            acc[i] = (a ^ a >> 47 ^ KEY_SCRAMBLE[i]) * P32_1 & M64
    for s in range((n - 1 - blocks * BLOCK) // STRIPE):
        accumulate(acc, data, blocks * BLOCK + s * STRIPE, KEYS[s])
    accumulate(acc, data, n - STRIPE, KEY_LAST)
    h = n * P64_1
    for i in range(4):
        h += fold((acc[2 * i] & M64) ^ u64(SECRET, 11 + 16 * i),
                  (acc[2 * i + 1] & M64) ^ u64(SECRET, 19 + 16 * i))
    return avalanche(h & M64)


def xxh3_64_plain(data):
    if len(data) <= 16:
        return up_to_16(data)
    if len(data) <= 128:
        return up_to_128(data)
    if len(data) <= 240:
        return up_to_240(data)
    return long(data)


def load_library():
    try:
        f = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0").XXH3_64bits
    except (OSError, AttributeError):
        return None
    f.restype = ctypes.c_uint64
    f.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    return f


LIBRARY = None


def xxh3_64(data, fast=False):
    global LIBRARY
    if fast and LIBRARY is None:
        LIBRARY = load_library() or False
    return LIBRARY(bytes(data), len(data)) if fast and LIBRARY else xxh3_64_plain(data)


if __name__ == "__main__":  # compare with the library
    import random
    sizes = list(range(0, 1100)) + [2047, 2048, 2049, 4096, 65536, 100001]
    for size in sizes:
        d = random.Random(size).randbytes(size)
        if xxh3_64(d) != xxh3_64(d, fast=True):
            raise SystemExit(f"xxh3: differs at {size} bytes")
    print(f"{len(sizes)} lengths agree" if LIBRARY else "no libxxhash to compare with")
