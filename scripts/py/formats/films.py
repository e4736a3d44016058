"""One film as we and as PyAV show it: the pixels of its first frames, and when each frame is shown."""

from dataclasses import dataclass, field

import av
import numpy as np

from formats.pictures import ends_with_one_of, refusal
from formats.reasons import DIFFERENT
from probe import PROBE, probe

KEPT = 4  # frames whose pixels are compared
READ = 300  # frames whose times are
NEAR = 1.0  # the largest mean difference of a frame, and by how many frames' lengths its time may be off
COVER_ART = 0x400
NAMES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}


@dataclass
class Shown:
    times: list[float] = field(default_factory=list)
    pictures: list[np.ndarray] = field(default_factory=list)


def decoded(links, scratch):
    """(answer, frames) of each."""
    program = PROBE.with_name("film_probe")
    options = ("--pixels", scratch, "--kept", str(KEPT), "--read", str(READ))
    for answer, link in zip(probe(links, *options, program=program), links):
        if not answer.get("times"):
            yield answer, None
            continue
        width, height = answer["size"]
        pixels = np.fromfile(f"{link}.rgb", np.uint8).reshape(-1, height, width, 3)
        yield answer, Shown(answer["times"], list(pixels))


def rgb(frame):
    """Upright, by the rules of docs/video.md; PyAV's own conversion takes shortcuts."""
    small = min(frame.width, frame.height) <= 576
    matrix = NAMES.get(int(frame.colorspace), "bt601" if small else "bt709")
    extent = "full" if int(frame.color_range) == 2 else "limited"
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base="1/25")
    how = f"flags=bicubic+accurate_rnd+full_chroma_int:in_color_matrix={matrix}:in_range={extent}"
    graph.link_nodes(
        source, graph.add("scale", how), graph.add("format", "pix_fmts=rgb24"), graph.add("buffersink")
    ).configure()
    graph.push(frame)
    return np.rot90(graph.pull().to_ndarray(), round(frame.rotation / 90))


def frames_of(box, stream):
    for packet in box.demux(stream):
        if packet.size == 0 and packet.dts is not None:
            continue  # repeats the frame before; libav calls it an error
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            continue
        yield from (frame for frame in frames if not frame.is_corrupt)


def reference(file):
    shown = Shown()
    try:
        with av.open(str(file), metadata_errors="replace") as box:
            stream = next(one for one in box.streams.video if not int(one.disposition) & COVER_ART)
            for frame in frames_of(box, stream):
                if len(shown.times) == READ:
                    break
                shown.times.append(frame.time or 0)
                if len(shown.pictures) < KEPT:
                    shown.pictures.append(rgb(frame))
    except (av.error.FFmpegError, StopIteration):  # PyAV does not read it, or it is only sound
        pass
    return shown if shown.times else None


def off_by(ours, theirs):
    """The largest mean difference of a frame's pixels; nothing if they have different sizes or numbers."""
    pairs = list(zip(ours.pictures, theirs.pictures, strict=False))
    if any(one.shape != other.shape for one, other in pairs) or len(ours.pictures) != len(theirs.pictures):
        return None
    return max(np.abs(one.astype(int) - other).mean() for one, other in pairs)


def late_by(ours, theirs, fps):
    """The largest difference between their times, in frames; theirs of an old AVI are not in order."""
    return max(abs(one - other) for one, other in zip(ours.times, sorted(theirs.times))) * (fps or 25)


def verdict(file, answer, ours, theirs):
    """One word for the table, and what has to be explained."""
    if theirs is None:
        return "neither" if ours is None else "ours", None
    if ours is None:
        return refusal(file, answer)
    pixels, late = off_by(ours, theirs), late_by(ours, theirs, answer["fps"])
    if pixels is None:
        what = f"{len(ours.pictures)} frames of {answer['size']} instead of {[one.shape for one in theirs.pictures]}"
    elif len(ours.times) != len(theirs.times):
        what = f"{len(ours.times)} frames instead of {len(theirs.times)}"
    elif pixels == 0 and late < 0.05:
        return "equal", None
    elif pixels <= NEAR and late <= NEAR + 0.05:
        return "near", None
    else:
        what = f"a mean difference of {pixels:.2f}, or {late:.2f} frames too late or too early"
    return "different", None if ends_with_one_of(file, DIFFERENT) else f"{file}: {what}"
