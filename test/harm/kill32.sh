#!/bin/sh
# kill32.sh - kill.py with 32-bit targets: the two run side by side.
exec python3 "$(dirname "$0")/kill.py" --abi 32
