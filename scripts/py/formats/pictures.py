"""One picture as we and as Pillow show it."""

import sys

import numpy as np

from formats.reasons import DIFFERENT, NAMED, REFUSED
from program import ROOT

sys.path.insert(0, str(ROOT / "test/media"))
import corpus
from probe import probe

NEAR = 2.0  # the largest mean difference: another version of a codec, chroma of JPEG inside TIFF


def decoded(links, scratch):
    """(answer, pixels) of each."""
    for answer, link in zip(probe(links, "--pixels", scratch), links):
        yield answer, np.fromfile(f"{link}.rgb", np.uint8) if "size" in answer else None


def reference(file):
    try:
        return corpus.reference(file.read_bytes())
    except Exception:  # whatever it is, Pillow does not read the file
        return None


def named(message):
    return any(part in message for part in NAMED)


def ends_with_one_of(file, ends):
    return any(file.as_posix().endswith(end) for end in ends)


def refusal(file, answer):
    """The word for a file that only the other one reads, and what has to be explained."""
    if named(answer["message"]):
        return "named", None
    return "refused", None if ends_with_one_of(file, REFUSED) else f"{file}: {answer['message']}"


def verdict(file, answer, ours, theirs):
    """One word for the table, and what has to be explained."""
    if theirs is None:
        return "neither" if ours is None else "ours", None
    if ours is None:
        return refusal(file, answer)
    if answer["size"] == [*theirs.shape[1::-1]]:
        difference = np.abs(ours.reshape(theirs.shape).astype(int) - theirs)
        if difference.max() == 0:
            return "equal", None
        if difference.mean() <= NEAR:
            return "near", None
        what = f"a mean difference of {difference.mean():.2f}"
    else:
        what = f"{answer['size']} instead of {theirs.shape[1::-1]}"
    return "different", None if ends_with_one_of(file, DIFFERENT) else f"{file}: {what}"
