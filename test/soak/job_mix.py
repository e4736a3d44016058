"""The jobs of a soak, of every kind, and what each must have become in the end."""

import base64
import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from . import bombs

ERROR_FIELDS = {"error_type", "error_message", "hostname", "worker_id", "version"}
MB = 1_000_000
CHUNK_TRIES = 5  # of the worker, for a piece of a stream


def png(width=16, height=16):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + bytes(v % 256 for x in range(width) for v in (x * 16, y * 16, 120)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def as_url(file):
    return "data:image/any;base64," + base64.b64encode(file).decode()


PICTURE = as_url(png())
ROOT = Path(__file__).resolve().parents[2]
STRANGERS = [  # what is decoded in processes of its own
    file.read_bytes()
    for folder in ("test/golden/images", "test/fuzz/corpus/image")
    for file in sorted((ROOT / folder).iterdir())
    if file.suffix in {".webp", ".gif", ".heic", ".avif", ".tif", ".bmp"} and 100 < file.stat().st_size < 30_000
]


@dataclass
class Planned:
    kind: str
    input: object
    caption: str = ""  # of a single picture
    captions: tuple = ()  # of a batch; None where the item fails
    fails: bool = False
    streams: bool = False
    cancel: bool = False
    loose: bool = False  # only that it ends matters, not how
    interrupted: bool = False  # it was open when its worker was killed
    id: str = ""


def single(name, *words, **input):
    prompt = ";".join([f"text={name}", *words])
    return {"data_url": PICTURE, "prompt": prompt, **input}


def quick(draw, name):
    return Planned("quick", single(name), caption=name)


def slow(draw, name):
    return Planned("slow", single(name, f"sleep={draw.randint(50, 1500)}"), caption=name)


def failing(draw, name):
    return Planned("failing", single(name, "fail=undecodable_image"), fails=True)


def wrong(draw, name):
    inputs = [{}, {"data_url": 17}, {"prompt": name}, [], "text", None]
    return Planned("wrong", draw.choice(inputs), fails=True)


def streamed(draw, name):
    pieces = [f"{' ' if n else ''}{name}.{n}" for n in range(draw.randint(2, 12))]
    words = [f"pieces={'|'.join(pieces)}"]
    input = {"data_url": PICTURE, "prompt": ";".join(words), "stream": True}
    return Planned("stream", input, caption="".join(pieces), streams=True)


def batch(draw, name, stream=False):
    items, captions = [], []
    for n in range(draw.randint(2, 6)):
        caption = f"{name}.{n}"
        fails = draw.random() < 0.15
        prompt = (
            f"text={caption};fail=undecodable_image" if fails else f"text={caption};sleep={draw.choice([0, 0, 40])}"
        )
        items.append({"id": caption, "image": PICTURE, "prompt": prompt})
        captions.append(None if fails else caption)
    input = {"images": items, **({"stream": True} if stream else {})}
    return Planned("batch", input, captions=tuple(captions), streams=stream)


def streamed_batch(draw, name):
    return batch(draw, name, stream=True)


def cancelled(draw, name):
    return Planned("cancelled", single(name, f"sleep={draw.randint(20_000, 40_000)}"), cancel=True)


def large_answer(draw, name):
    size = draw.randint(1 * MB, 4 * MB)
    return Planned("large", {"data_url": PICTURE, "prompt": f"size={size}"}, loose=True)


def too_large_answer(draw, name):
    return Planned("too large", {"data_url": PICTURE, "prompt": "size=21000000"}, fails=True)


def large_question(draw, name):
    padding = "x" * draw.randint(1 * MB, 9 * MB)
    return Planned("large input", single(name, padding=padding), loose=True)


def bad_utf8(draw, name):
    return Planned("bad UTF-8", {"data_url": PICTURE, "prompt": "bytes=63c3ff80"}, loose=True)


def decoded(draw, name):
    """A file that is opened in a decoder process, which may be killed meanwhile."""
    return Planned("decoded", {**single(name, "decode"), "data_url": as_url(draw.choice(STRANGERS))}, loose=True)


def poisoned(draw, name):
    """The same, damaged: whatever its decoder does with it."""
    file = bytearray(draw.choice(STRANGERS))
    for _ in range(draw.randint(1, 30)):
        file[draw.randrange(12, len(file))] = draw.randrange(256)
    return Planned("poisoned", {**single(name, "decode"), "data_url": as_url(bytes(file))}, loose=True)


def bomb(draw, name):
    """A small file that asks for much memory: refused, or decoded within what its header explains."""
    if draw.random() < 0.5:
        input = single(name, "decode=refused", data_url=as_url(draw.choice(bombs.refused())))
        return Planned("bomb", input, fails=True)
    kind, file = draw.choice(bombs.large())
    return Planned("bomb", {kind: as_url(file), "prompt": f"text={name};decode"}, loose=True)


KINDS = [  # (weight, maker)
    (40, decoded),
    (60, poisoned),
    (20, bomb),
    (560, quick),
    (80, slow),
    (50, failing),
    (40, wrong),
    (110, streamed),
    (90, batch),
    (30, streamed_batch),
    (25, cancelled),
    (5, bad_utf8),
    (2, large_answer),
    (2, large_question),
    (0.3, too_large_answer),
]


def draw_job(draw, number):
    weights, makers = zip(*KINDS)
    return draw.choices(makers, weights)[0](draw, f"w{number}")


# What must have come


REFUSALS_MAX = 4  # of one result, one after the other; the next makes an error of it


def refused(job):
    """Posts of its result were refused with a 4xx: the worker then rightly sends an error instead."""
    statuses = [fault.removeprefix("done status:") for fault in job["faults"] if fault.startswith("done status:4")]
    return "413" in statuses or len([status for status in statuses if status != "429"]) > REFUSALS_MAX


def complaint(planned, job):
    """What is wrong with the end of this job, or None."""
    if planned.cancel and planned.interrupted:
        return None if job["status"] in ("CANCELLED", "FAILED") else f"is {job['status']}, not CANCELLED"
    if planned.cancel:
        return None if job["status"] == "CANCELLED" else f"is {job['status']}, not CANCELLED"
    if job["status"] == "FAILED":
        suspected = planned.interrupted and "not run a second time" in str(job.get("error"))
        if not (planned.fails or planned.loose or suspected or refused(job)):
            return f"has failed: {str(job.get('error'))[:300]}"
        return error_complaint(job["error"])
    if job["status"] != "COMPLETED":
        return f"is {job['status']}"
    if planned.fails:
        return f"has not failed: {str(job.get('output'))[:300]}"
    if planned.loose:
        return None
    return output_complaint(planned, job.get("output")) or (stream_complaint(planned, job) if planned.streams else None)


def error_complaint(error):
    try:
        missing = ERROR_FIELDS - set(json.loads(error))
    except (TypeError, ValueError):
        return f"has an error that is no JSON text: {error[:300]}"
    return f"has an error without {', '.join(sorted(missing))}: {error[:300]}" if missing else None


def captions_of(output):
    return tuple(result.get("caption") for result in output["results"])


def output_complaint(planned, output):
    if not isinstance(output, dict):
        return f"has the output {str(output)[:300]}"
    if planned.captions:
        got = captions_of(output)
        return None if got == planned.captions else f"has the captions {got}, not {planned.captions}"
    got = output.get("caption")
    return None if got == planned.caption else f"has the caption {str(got)[:100]!r}, not {planned.caption!r}"


def stream_complaint(planned, job):
    """Every item's pieces in order, each item's result after them and once."""
    faults = [fault for fault in job["faults"] if fault.startswith("stream ")]
    if len(faults) >= CHUNK_TRIES or any("status:4" in fault and "429" not in fault for fault in faults):
        return None  # a chunk was refused for good or given up, and the rest left to the result
    wanted = planned.captions or (planned.caption,)
    said, results = [""] * len(wanted), [None] * len(wanted)
    for event in (event for chunk in job["chunks"] for event in chunk.get("events", [])):
        at = event["index"]
        if results[at] is not None:
            return f"has streamed item {at} again after its result: {str(event)[:200]}"
        if "text" in event:
            said[at] += event["text"]
        else:
            results[at] = event.get("result", event.get("error"))
    for at, caption in enumerate(wanted):
        if results[at] is None:
            return f"has streamed no result of item {at}"
        if caption is not None and (results[at].get("caption") != caption or said[at] not in ("", caption)):
            return f"has streamed {said[at]!r} and {str(results[at])[:200]} for item {at}, not {caption!r}"
    return None
