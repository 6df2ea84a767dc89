"""Four threads that hash, write files, sleep and wait for each other; prints one digest."""
import hashlib
import queue
import sys
import threading
import time

ROUNDS = 80
digests = [None] * 4
baton = [queue.Queue() for _ in range(4)]
meet = threading.Barrier(4)


def work(me):
    h = hashlib.sha256(b"thread %d" % me)
    block = bytes(range(256)) * 512
    with open(f"out.{me}", "w+b") as f:
        for i in range(ROUNDS):
            for _ in range(10):
                h.update(block)
                block = h.digest() + block[32:]
            table = {h.digest() + bytes([k % 256, k // 256]): k for k in range(3000)}
            h.update(repr(sum(table.values())).encode())
            f.write(h.digest() * 100)
            if i % 7 == me:
                f.flush()
            time.sleep(0.01)
            baton[(me + 1) % 4].put(h.hexdigest())
            h.update(baton[me].get(timeout=60).encode())
            if i % 10 == 0:
                meet.wait(60)
        f.seek(0)
        h.update(f.read())
    digests[me] = h.hexdigest()


threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
with open("digest", "w", encoding="ascii") as out:
    out.write(" ".join(digests) + "\n")
sys.exit(None in digests)
