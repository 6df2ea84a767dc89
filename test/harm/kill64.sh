#!/bin/sh
# kill64.sh - kill.py with 64-bit targets: the two run side by side.
exec python3 "$(dirname "$0")/kill.py" --abi 64
