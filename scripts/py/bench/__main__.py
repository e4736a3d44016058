"""Times Vignette beside what it replaces, both in one run, and prints one line a row: ROW ours=… theirs=… ratio=…

The two sides take turns (A B A B …), each on one thread (JPEGs and the worker rows: on two cores). The ratio is the
median of the pairs' ratios, because on a busy machine a pair shares its luck. Rows that see both answers check that
they are the same.
"""

import argparse
import functools
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import decoding, media, qwen, ready, serve, start, wall, worker
from bench.common import draw_scenes, noisy_photo, timed, tiny_bundle
from program import PROGRAM, ROOT, caption_files

ROWS = {}
PEERS = {}  # of rows that only run when they are named: the environment in build/ that scripts/setup --peers makes
BUILT = ROOT / "build/release"


def row(name: str, wanted: float, peer: str | None = None):
    """Registers a row: a function of (pairs, folder) that yields pairs of seconds (ours, theirs)."""

    def register(function):
        ROWS[name] = (function, wanted)
        if peer:
            PEERS[name] = peer
        return function

    return register


@row("generate-tiny", wanted=4)
def generate_tiny(pairs, folder):
    """Pixels to tokens: a tiny random BLIP-2, greedy, against generate() of transformers."""
    import torch
    from PIL import Image
    from transformers import Blip2ForConditionalGeneration, Blip2Processor

    torch.set_num_threads(1)
    snapshot, bundle = tiny_bundle(folder)
    model = Blip2ForConditionalGeneration.from_pretrained(snapshot).eval()
    processor = Blip2Processor.from_pretrained(snapshot)
    files = draw_scenes(folder, 12)
    inputs = [processor(images=Image.open(file), text="a photo of", return_tensors="pt") for file in files]
    generation = {"max_new_tokens": 32, "min_new_tokens": 32, "num_beams": 1, "do_sample": False}

    def theirs():
        with torch.inference_mode():
            return [timed(lambda one=one: model.generate(**one, **generation)) for one in inputs]

    stages = ("queue", "vision", "prefill", "decode_steps")
    options = ["--prompt", "a photo of", "--max_length", 32, "--min_length", 32, "--num_beams", 1]
    for _ in range(pairs):
        results = caption_files(files, "--model", bundle, "--threads", 1, "--parallel", 1, "--tokens", *options)
        reference = theirs()
        for result, (_, tokens), one in zip(results, reference, inputs):
            expected = tokens[0, one["input_ids"].shape[1] :].tolist()
            assert result["tokens"] == expected, "the two sides do not say the same"
        ours = [sum(result["timings"][stage] for stage in stages) for result in results]
        yield statistics.median(ours) / 1000, statistics.median(seconds for seconds, _ in reference)


@row("preprocess-12mp", wanted=2.5)
def preprocess_12mp(pairs, folder):
    """A 12-megapixel JPEG to 224 x 224 pixels as BLIP-2 wants them, against Pillow and transformers."""
    import torch
    from PIL import Image
    from transformers import AutoImageProcessor

    torch.set_num_threads(2)  # ours uses two cores, too
    snapshot, bundle = tiny_bundle(folder, image_size=224)
    processor = AutoImageProcessor.from_pretrained(snapshot)
    photo = folder / "photo.jpg"
    noisy_photo(4000, 3000).save(photo, quality=90)

    def theirs():
        return processor(images=Image.open(photo).convert("RGB"), return_tensors="pt")["pixel_values"]

    theirs()
    for _ in range(pairs):
        timings = caption_files([photo] * 3, "--threads", 1, "--parallel", 1, "--model", bundle)[1:]
        ours = statistics.median(one["timings"]["decode"] + one["timings"]["preprocess"] for one in timings)
        yield ours / 1000, timed(theirs)[0]


@row("media-dng-24mp", wanted=15)
def media_dng_24mp(pairs, folder):
    """A 24-megapixel DNG by its preview to 224 x 224 pixels, against a full develop by rawpy and the same processor."""
    os.environ["OMP_NUM_THREADS"] = "1"  # rawpy's LibRaw reads it when it is loaded
    import rawpy
    import torch
    from PIL import Image
    from transformers import AutoImageProcessor

    from media.dng import camera_file

    torch.set_num_threads(1)
    snapshot, bundle = tiny_bundle(folder, image_size=224)
    processor = AutoImageProcessor.from_pretrained(snapshot)
    photo = folder / "photo.dng"
    smooth, grainy = noisy_photo(300, 200), noisy_photo(1600, 1000)  # grain in all would need more than 20 MiB
    previews = [(smooth, (160, 120)), (grainy, (1616, 1080)), (smooth, (6000, 4000))]
    photo.write_bytes(camera_file(smooth, (6000, 4000), previews))

    def theirs():
        with rawpy.imread(str(photo)) as raw:
            image = Image.fromarray(raw.postprocess(use_camera_wb=True, no_auto_bright=True))
        return processor(images=image, return_tensors="pt")["pixel_values"]

    theirs()
    for _ in range(pairs):
        results = caption_files([photo] * 3, "--threads", 1, "--parallel", 1, "--model", bundle)[1:]
        assert all(one["image"]["path"] == "preview" for one in results), "the preview was not taken"
        ours = statistics.median(one["timings"]["decode"] + one["timings"]["preprocess"] for one in results)
        yield ours / 1000, timed(theirs)[0]


@functools.cache
def big_archives():
    """(archive with weights, bundle), the same weights in both; made once for all rows, removed at the end."""
    from big_models.blip2 import make_big_archives

    folder = tempfile.TemporaryDirectory()
    archive, bundle = make_big_archives(folder.name)
    assert measure_bundle(bundle, "--check")["check"] == add_up(archive), "the two sides do not hold the same weights"
    return archive, bundle, folder


def measure_bundle(bundle: Path, *options) -> dict[str, float]:
    """What weights_bench prints, in milliseconds; it has done the same once before it measures."""
    done = subprocess.run([BUILT / "weights_bench", bundle, *options], capture_output=True, text=True, check=True)
    *pairs, _, weights = done.stdout.split()
    values = dict(pair.split("=") for pair in pairs)
    return {"check": int(values["check"]), "weights": float(weights), "ready": float(values["ready"].rstrip("ms"))}


def add_up(archive: Path) -> int:
    """Which bits each name has, as weights_bench --check adds them up."""
    import torch

    total = 0
    for name, weight in torch.jit.load(str(archive)).state_dict().items():
        value = 0xCBF29CE484222325  # FNV-1a
        for letter in name.encode():
            value = (value ^ letter) * 0x100000001B3 % 2**64
        total += int(weight.view(torch.int16 if weight.element_size() == 2 else torch.int32).sum()) * value
    return total % 2**64


def bundle_against_archive(pairs: int, part: str):
    import torch

    torch.set_num_threads(1)
    archive, bundle, _ = big_archives()
    torch.jit.load(str(archive))  # both sides have done it once in their process, and the page cache is warm
    for _ in range(pairs):
        ours = measure_bundle(bundle)[part] / 1000
        yield ours, timed(lambda: torch.jit.load(str(archive)))[0]


@row("weights-ready", wanted=10)
def weights_ready(pairs, folder):
    """0.7 GB of weights, mapped and assigned by name, against torch.jit.load of an archive that holds them."""
    yield from bundle_against_archive(pairs, "weights")


@row("model-ready", wanted=1)
def model_ready(pairs, folder):
    """The same with the load of the code, digests and all, against the same torch.jit.load."""
    yield from bundle_against_archive(pairs, "ready")


@row("job-json-10mb", wanted=50)
def job_json_10mb(pairs, folder):
    """JSON text with 10 MB of base64 to the picture's bytes, against nlohmann::json and a table decoder."""
    for _ in range(pairs):
        done = subprocess.run([BUILT / "job_json_bench"], capture_output=True, text=True, check=True)
        values = dict(part.split("=") for part in done.stdout.split()[1:])
        yield float(values["ours"].rstrip("ms")) / 1000, float(values["theirs"].rstrip("ms")) / 1000


@row("help", wanted=10)
def help_(pairs, folder):
    """`vignette --help`, against a Python worker that only gets as far as its imports."""

    def theirs():
        # With bytecode, as an installed worker has it; this environment comes without.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([sys.executable, "-c", "import torch, transformers"], env=environment, check=True)

    def ours():
        subprocess.run([PROGRAM, "--help"], capture_output=True, check=True)

    theirs()
    for _ in range(pairs):
        yield statistics.median(timed(ours)[0] for _ in range(5)), timed(theirs)[0]


row("generate-qwen", wanted=4)(qwen.generate)
row("preprocess-qwen-12mp", wanted=2)(qwen.photo_12mp)
row("start-demo", wanted=4)(start.start_demo)
row("start-1gb", wanted=4)(start.start_1gb)
row("media-640x480", wanted=2)(media.small_photo)
row("media-1080p-anyres", wanted=2)(media.anyres_photo)
row("media-png-1080p", wanted=1.3)(media.png_photo)
# JPEG and PNG of this size are not decoded in a process, since these rows would miss what is wanted of the others.
FORMATS = {"jpeg": {"quality": 90}, "png": {}, "webp": {"quality": 85}, "heic": {"quality": 80}}
for name, options in FORMATS.items():
    for threads in ("one", "all"):
        wanted = 0.97 if name in ("webp", "heic") else 0.9
        row(f"wall-{name}-{threads}", wanted=wanted)(wall.row_of(name, name, threads, **options))
row("worker-jobs-c1", wanted=300)(worker.jobs_c1)
row("worker-jobs-c100", wanted=10)(worker.jobs_c100)
row("worker-latency-1mb", wanted=12)(worker.latency_1mb)
row("serve-health", wanted=6)(serve.serve_health)
row("serve-1mb", wanted=4)(serve.serve_1mb)
row("serve-chat", wanted=1)(serve.serve_chat)
row("cache-hit", wanted=20)(serve.cache_hit)
row("vision-cache", wanted=2)(serve.vision_cache)
for name, peer, function in itertools.chain(decoding.rows(), ready.rows()):
    row(name, wanted=1, peer=peer)(function)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g}ms"


def measure(name: str, pairs: int) -> None:
    function, wanted = ROWS[name]
    with tempfile.TemporaryDirectory() as folder:
        times = list(function(pairs, Path(folder)))
    ours = statistics.median(one for one, _ in times)
    theirs = statistics.median(other for _, other in times)
    ratios = [other / one for one, other in times]
    print(
        f"{name} ours={milliseconds(ours)} theirs={milliseconds(theirs)} ratio={statistics.median(ratios):.3g}"
        f"  (wanted {wanted:g}; {min(ratios):.3g} to {max(ratios):.3g} in {len(ratios)} pairs)",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help="default: all but those that need scripts/setup --peers")
    parser.add_argument("--list", action="store_true", help="name the rows and what they measure")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="one pair a row: does it run at all?")
    arguments = parser.parse_args()
    if arguments.list:
        for name, (function, wanted) in ROWS.items():
            print(f"{name:29} wanted {wanted:>4g}x  {function.__doc__.splitlines()[0]}")
        return
    for name in arguments.rows:
        if name not in ROWS:
            parser.error(f"there is no row {name}; the rows are: {', '.join(ROWS)}")
        if name in PEERS and not (ROOT / "build" / PEERS[name] / "bin/python").exists():
            parser.error(f"{name} needs build/{PEERS[name]}: run scripts/setup --peers first")
    for name in arguments.rows or [one for one in ROWS if one not in PEERS]:
        measure(name, 1 if arguments.quick else arguments.pairs)


if __name__ == "__main__":
    main()
