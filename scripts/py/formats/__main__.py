"""Real pictures of other projects, decoded by us and by Pillow: scripts/check-formats prints a table and fails on
anything wrong that is not explained."""

import collections
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

from formats.reasons import DIFFERENT, NAMED, REFUSED
from formats.sources import fetch, pictures
from program import ROOT

sys.path.insert(0, str(ROOT / "test/media"))
import corpus
from probe import probe

FOLDER = ROOT / "build/real-files"
NEAR = 2.0  # the largest mean difference: another version of a codec, chroma of JPEG inside TIFF
SHARE_WANTED = 0.98
AT_ONCE = 40


def decoded(files, scratch):
    """(answer, pixels) of each."""
    links = []
    for number, file in enumerate(files):  # names are not unique
        links.append(scratch / f"{number}{file.suffix}")
        links[-1].symlink_to(file)
    for answer, link in zip(probe(links, "--pixels", scratch), links):
        yield answer, np.fromfile(f"{link}.rgb", np.uint8) if "size" in answer else None


def pillows(file):
    try:
        return corpus.reference(file.read_bytes())
    except Exception:  # whatever it is, Pillow does not read the file
        return None


def verdict(file, answer, ours, theirs):
    """One word for the table, and what has to be explained."""
    name = file.as_posix()
    if ours is None and theirs is None:
        return "neither", None
    if theirs is None:
        return "ours", None
    if ours is None:
        if any(part in answer["message"] for part in NAMED):
            return "named", None
        explained = any(name.endswith(end) for end in REFUSED)
        return "refused", None if explained else f"{name}: {answer['message']}"
    if answer["size"] == [*theirs.shape[1::-1]]:
        difference = np.abs(ours.reshape(theirs.shape).astype(int) - theirs)
        if difference.max() == 0:
            return "equal", None
        if difference.mean() <= NEAR:
            return "near", None
        what = f"a mean difference of {difference.mean():.2f}"
    else:
        what = f"{answer['size']} instead of {theirs.shape[1::-1]}"
    explained = any(name.endswith(end) for end in DIFFERENT)
    return "different", None if explained else f"{name}: {what}"


def main():
    warnings.simplefilter("ignore")
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        fetch(FOLDER)
    except subprocess.CalledProcessError as failed:
        sys.exit(f"check-formats: the source packages cannot be fetched: {failed}")
    files = pictures(FOLDER)
    table = collections.defaultdict(collections.Counter)
    unexplained = []
    for start in range(0, len(files), AT_ONCE):
        some = files[start : start + AT_ONCE]
        with tempfile.TemporaryDirectory() as scratch:
            for file, (answer, ours) in zip(some, decoded(some, Path(scratch))):
                word, problem = verdict(file, answer, ours, pillows(file))
                table[file.suffix.lower()[1:]][word] += 1
                if problem:
                    unexplained.append(problem)
        print(f"\r{min(start + AT_ONCE, len(files))} of {len(files)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    words = ("equal", "near", "different", "named", "refused", "ours", "neither")
    print("".join(f"{word:>11}" for word in ("format", *words)))
    for suffix, counts in sorted(table.items()):
        print(f"{suffix:>11}" + "".join(f"{counts[word] or '':>11}" for word in words))
    total = sum(table.values(), collections.Counter())
    right, both = total["equal"] + total["near"], total["equal"] + total["near"] + total["different"] + total["refused"]
    print(f"{len(files)} files; of {both} that both read or should, {right} are equal or near: {right / both:.1%}")
    if unexplained or right / both < SHARE_WANTED:
        sys.exit("not explained:\n" + "\n".join(unexplained))


main()
