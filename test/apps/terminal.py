#!/usr/bin/env python3
"""terminal - cat on a terminal: goes on there after a checkpoint, on another one after a restart."""
import os
import pty
import select
import subprocess
import sys
import time
import tty

TOOL, FOLDER = os.environ["REPRISE"], os.environ["CK_DIR"]


def terminal():
    master, slave = pty.openpty()
    tty.setraw(slave)
    return master, slave


def talk(master, text):
    """What is typed must come back."""
    os.write(master, text)
    got, end = b"", time.monotonic() + 10
    while len(got) < len(text) and time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            got += os.read(master, 1000)
    if got != text:
        sys.exit(f"FAIL: typed {text}, got {got}")


def tool(*args):
    done = subprocess.run([TOOL, *args], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"FAIL: {args[0]}: exit status {done.returncode}: {done.stderr.decode().strip()}")


def start(command, slave):
    return subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=FOLDER,
                            start_new_session=True)


def main():
    image = os.path.join(FOLDER, "image")
    master, slave = terminal()
    cat = start(["/bin/cat"], slave)
    talk(master, b"first\n")
    tool("checkpoint", "-o", image, str(cat.pid))
    talk(master, b"goes on\n")
    tool("checkpoint", "--kill", "-o", image, str(cat.pid))
    cat.wait()
    os.close(master)
    os.close(slave)

    for n in range(2):
        master, slave = terminal()
        again = start([TOOL, "restart", image], slave)
        talk(master, b"on another terminal\n")
        os.kill(cat.pid, 15)
        code = again.wait(10)
        if code not in (-15, 128 + 15):
            sys.exit(f"FAIL: restart {n}: exit status {code}, but the program was ended by SIGTERM")
        os.close(master)
        os.close(slave)
    print("terminal: the same cat on three terminals")


if __name__ == "__main__":
    main()
