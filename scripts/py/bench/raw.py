"""Camera files to captions and embeddings with the demo models, and the same in Python: rawpy, then transformers.

The files are DNGs as a camera writes them: drawn scenes as the sensor saw them, compressed without loss, with previews.
Both sides work on one thread, on one picture after the other, with their models loaded before. Ours is run twice, for
captions and for embeddings, and decodes each file both times. The sides take turns, a few files each, so that what else
the machine does meets both.
"""

import argparse
import dataclasses
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # rawpy's LibRaw reads it when it is loaded

import program
from media.dng import camera_file

CAPTIONER, EMBEDDER = "demo-blip2", "demo-clip"
PROMPT, NEW_TOKENS_MAX = "a photo of", 40
FILES_A_TURN = 5
PREVIEW = 1080 / 4000  # of the sensor's sides, as cameras have them


@dataclasses.dataclass
class Side:
    """What one side made of some files; `stages` in milliseconds."""

    captions: list = dataclasses.field(default_factory=list)
    vectors: list = dataclasses.field(default_factory=list)
    stages: dict = dataclasses.field(default_factory=dict)
    paths: set = dataclasses.field(default_factory=set)

    def add(self, other):
        self.captions += other.captions
        self.vectors += other.vectors
        self.paths |= other.paths
        self.stages = {name: self.stages.get(name, 0) + spent for name, spent in other.stages.items()}


def make_files(folder, count, size):
    from scenes.draw import draw_scene

    # No thumbnail: for the demo models, which look at few pixels, it would do, but not for those in production.
    sizes = (round(size[0] * PREVIEW), round(size[1] * PREVIEW)), size
    files = []
    for number in range(count):
        scene = draw_scene(random.Random(number)).image
        file = folder / f"{number}.dng"
        file.write_bytes(camera_file(scene, size, [(scene, one) for one in sizes]))
        files.append(file)
    return files


def by_vignette(files):
    options = ["--threads", 1, "--num_beams", 1, "--max_length", NEW_TOKENS_MAX]
    told = program.caption_files(files, "--parallel", 1, "--model", CAPTIONER, "--prompt", PROMPT, *options)
    embedded = program.embed(files, [], "--embedder", EMBEDDER, "--threads", 1)
    for one in [*told, *embedded]:
        if "error" in one:
            raise SystemExit(f"a file was refused: {one['error']}")
    paths = {one["image"]["path"] for one in [*told, *embedded]}
    stages = {"read, twice": 2 * read(files), "decode, for captions": spent(told, "fetch", "decode")}
    stages["preprocess, for captions"] = spent(told, "preprocess")
    stages["caption"] = spent(told, "queue", "vision", "prefill", "decode_steps")
    stages["decode, for embeddings"] = spent(embedded, "fetch", "decode")
    stages["preprocess, for embeddings"] = spent(embedded, "preprocess")
    stages["embed"] = spent(embedded, "queue", "embed")
    return Side([one["caption"] for one in told], [one["embedding"] for one in embedded], stages, paths)


def read(files):
    """The program reads a file before its clock runs."""
    start = time.perf_counter()
    for file in files:
        file.read_bytes()
    return 1000 * (time.perf_counter() - start)


def spent(results, *names):
    return sum(one["timings"].get(name, 0) for one in results for name in names)


def by_python(files):
    import rawpy
    import torch
    from PIL import Image

    from parity import reference

    torch.set_num_threads(1)
    captioner, embedder = (program.ROOT / "models" / name for name in (CAPTIONER, EMBEDDER))
    words = reference.load_processor(str(captioner)).tokenizer
    for snapshot in (captioner, embedder):
        reference.load_model(str(snapshot))
    stages = dict.fromkeys(("develop", "preprocess and caption", "preprocess and embed"), 0.0)
    captions, vectors = [], []
    for file in files:
        start = time.perf_counter()
        with rawpy.imread(str(file)) as raw:
            image = Image.fromarray(raw.postprocess(use_camera_wb=True, no_auto_bright=True))
        developed = time.perf_counter()
        tokens = reference.generate_reference(captioner, [image], PROMPT, NEW_TOKENS_MAX)[0]
        captions.append(words.decode(tokens, skip_special_tokens=True).strip())
        captioned = time.perf_counter()
        vector = reference.image_vector(embedder, image)
        vectors.append((vector / vector.norm()).tolist())
        embedded = time.perf_counter()
        for name, seconds in zip(stages, (developed - start, captioned - developed, embedded - captioned)):
            stages[name] += 1000 * seconds
    return Side(captions, vectors, stages)


def take_turns(turns):
    ours, theirs = Side(), Side()
    for files in turns:
        ours.add(by_vignette(files))
        theirs.add(by_python(files))
    return ours, theirs


def parse_size(text):
    width, height = (int(side) for side in text.split("x"))
    return width, height


def tell(name, stages, count):
    print(f"{name}:")
    for stage, milliseconds in stages.items():
        print(f"  {stage:34}{milliseconds:10.0f} ms{milliseconds / count:10.1f} ms a file")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench-raw", description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=25)
    parser.add_argument("--size", type=parse_size, default=(6000, 4000), metavar="WIDTHxHEIGHT")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = make_files(Path(folder), wanted.files, wanted.size)
        megabytes = statistics.mean(file.stat().st_size for file in files) / 1e6
        print(f"{len(files)} DNG files of {wanted.size[0]} x {wanted.size[1]}, {megabytes:.1f} MB each")
        ours, theirs = take_turns([files[at : at + FILES_A_TURN] for at in range(0, len(files), FILES_A_TURN)])
    tell(f"Vignette (path: {', '.join(sorted(ours.paths))})", ours.stages, len(files))
    tell("Python", theirs.stages, len(files))
    alike = [sum(a * b for a, b in zip(*pair)) for pair in zip(ours.vectors, theirs.vectors, strict=True)]
    same = sum(one == other for one, other in zip(ours.captions, theirs.captions, strict=True))
    print(f"same captions: {same} of {len(files)}; vectors: at least {min(alike):.4f} alike (1: the same)")
    total, their_total = sum(ours.stages.values()), sum(theirs.stages.values())
    print(f"total ours={total:.0f}ms theirs={their_total:.0f}ms ratio={their_total / total:.3g}")


if __name__ == "__main__":
    main()
