"""Real pictures and films of other projects, decoded by us and by Pillow or PyAV: scripts/check-formats prints a table
and fails on anything wrong that is not explained.

python -m formats [--quick]    --quick: without the largest of the packages
"""

import collections
import sys
import tempfile
import warnings
from pathlib import Path

from formats import films, pictures
from formats.sources import FILMS, PACKAGES, PICTURES, QUICK, bring, files_of
from program import ROOT

FOLDER = ROOT / "build/real-files"
SHARE_WANTED = 0.98
COMPARED_MIN = {"pictures": 400, "films": 10}  # of fewer real files, the share says nothing
WORDS = ("equal", "near", "different", "named", "refused", "ours", "neither")


def compare(kind, files, at_once):
    """({suffix: how many of each word}, what has to be explained)."""
    table, unexplained = collections.defaultdict(collections.Counter), []
    for start in range(0, len(files), at_once):
        some = files[start : start + at_once]
        with tempfile.TemporaryDirectory() as scratch:
            links = [Path(scratch) / f"{number}{file.suffix}" for number, file in enumerate(some)]  # unique names
            for link, file in zip(links, some):
                link.symlink_to(file)
            for file, (answer, ours) in zip(some, kind.decoded(links, Path(scratch))):
                word, problem = kind.verdict(file, answer, ours, kind.reference(file))
                table[file.suffix.lower()[1:]][word] += 1
                unexplained += [problem] if problem else []
        if sys.stderr.isatty():
            print(f"\r{min(start + at_once, len(files))} of {len(files)}\033[K\r", end="", file=sys.stderr)
    return table, unexplained


def print_table(table):
    print("".join(f"{word:>11}" for word in ("format", *WORDS)))
    for suffix, counts in sorted(table.items()):
        print(f"{suffix:>11}" + "".join(f"{counts[word] or '':>11}" for word in WORDS))


def told(name, table):
    """All of a table's words, after a line that sums them up."""
    total = sum(table.values(), collections.Counter())
    right = total["equal"] + total["near"]
    compared = right + total["different"] + total["refused"]
    print(
        f"{total.total()} {name}; of {compared} that both read or should, {right} are equal ({total['equal']}) "
        f"or near ({total['near']}): {right / max(compared, 1):.1%}"
    )
    return total


def share_of(total):
    """Of what both read. What only the other reads is in the list of reasons, or is a problem itself."""
    right = total["equal"] + total["near"]
    return right / max(right + total["different"], 1)


def main():
    warnings.simplefilter("ignore")
    FOLDER.mkdir(parents=True, exist_ok=True)
    packages = QUICK if "--quick" in sys.argv[1:] else PACKAGES
    missing = bring(FOLDER, packages)
    if missing:
        print("not to be had from this mirror:", *missing)
    problems, everything = [], collections.Counter()
    for name, kind, suffixes, at_once in (("pictures", pictures, PICTURES, 40), ("films", films, FILMS, 4)):
        table, unexplained = compare(kind, files_of(FOLDER, packages, suffixes), at_once)
        print_table(table)
        total = told(name, table)
        both_read = sum(total[word] for word in ("equal", "near", "different"))
        if both_read < COMPARED_MIN[name]:
            problems.append(f"only {both_read} {name} were compared, at least {COMPARED_MIN[name]} are wanted")
        problems += unexplained
        everything += total
    if share_of(everything) < SHARE_WANTED:
        problems.append(f"only {share_of(everything):.1%} of what both read is equal or near")
    if problems:
        sys.exit("check-formats failed:\n" + "\n".join(problems))


main()
