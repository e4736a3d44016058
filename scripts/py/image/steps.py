"""The output of `buildah bud`, and after it how long each step took."""

import re
import sys
import time

BEGINS = re.compile(r"^(?:\[\d/\d\] )?STEP \d+/\d+: (.*)")


def main():
    steps = []  # [what, when it began]
    for line in sys.stdin:
        print(line, end="", flush=True)
        if begun := BEGINS.match(line):
            steps.append((begun[1], time.monotonic()))
    ends = [began for _, began in steps[1:]] + [time.monotonic()]
    print("\nseconds  step")
    for (what, began), ended in zip(steps, ends, strict=True):
        print(f"{ended - began:7.0f}  {' '.join(what.split())[:110]}")


main()
