"""What scripts/bench-gpu asks about CLIP: are the vectors those of transformers, and how many pictures a second?"""

import statistics
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image

from gpu.checks import Finding
from gpu.reference import Reference, draw_scenes, export_bundle, missing
from parity.reference import image_vector, text_vectors
from program import embed

COSINE_LEAST = 0.999
TEXTS = ["a photo of two red circles", "a large green square on the left", "", "a picture of nothing " * 9]
BATCH = 32


def compare_vectors(lab, snapshot, bundle, files):
    """The least cosine with the reference's vectors, which are in float32: (of the pictures, of the texts)"""
    answers = embed(files, TEXTS, "--embedder", bundle, "--device", lab.device)
    if wrong := next((one for one in answers if "embedding" not in one), None):
        raise RuntimeError(f"no vector: {wrong}")
    ours = torch.tensor([one["embedding"] for one in answers], dtype=torch.float64)
    pictures = torch.stack([image_vector(snapshot, Image.open(file)) for file in files])
    theirs = torch.cat([pictures, text_vectors(snapshot, TEXTS)]).double()
    cosines = torch.nn.functional.cosine_similarity(ours, theirs)
    return float(cosines[: len(files)].min()), float(cosines[len(files) :].min())


def check_true_clip(lab):
    """Random CLIP ViT-L/14 in float16: pictures a second from their files, 32 in work at once, beside transformers
    (eager) in batches of 32, and the cosine of the vectors with those of transformers in float32."""
    from big_models.published import save_clip

    if reason := missing(lab, disk=2e9, memory=6e9):
        return Finding(f"skipped: {reason}")
    files = draw_scenes(lab.folder / "scenes", 40)
    with tempfile.TemporaryDirectory(dir=lab.folder) as folder:
        snapshot = save_clip(Path(folder) / "snapshot", lab.dtype, tiny=lab.dry)
        bundle = export_bundle(snapshot, Path(folder) / "bundle", lab)
        cosine = min(compare_vectors(lab, snapshot, bundle, files[: 4 if lab.dry else 8]))
        reference, rounds = Reference(snapshot, lab), []
        for _ in range(lab.rounds):  # in turns
            theirs = time_theirs(lab, reference, files)
            rounds.append((time_ours(lab, bundle, files, Path(folder)), *theirs))
    ours, theirs, model = (statistics.median(one[part] for one in rounds) for part in range(3))
    ratio = statistics.median(one[1] / one[0] for one in rounds)
    line = f"{1 / ours:.0f} pictures a second, {ratio:.1f}x; cosine {cosine:.6f} at least, {COSINE_LEAST} is wanted"
    notes = ["Dry run: a tiny model on the CPU.", ""] * lab.dry
    notes += ["| pictures a second, ours | theirs from files | theirs from pixels on the device |", "|---|---|---|"]
    notes += [f"| {1 / ours:.0f} | {1 / theirs:.0f} | {1 / model:.0f} |"]
    return Finding(line, cosine >= COSINE_LEAST, notes)


def time_theirs(lab, reference, files):
    """Seconds of a picture: (from the files, from pixels that are on the device)"""
    some = (files * BATCH)[:BATCH]

    def from_files():
        return reference.vectors(reference.pixels([Image.open(file).convert("RGB") for file in some])).cpu()

    from_files()
    pixels = reference.pixels([Image.open(file).convert("RGB") for file in some])
    times = 1 if lab.dry else 10
    from_pixels = lab.seconds(lambda: reference.vectors(pixels), times) / BATCH
    return lab.seconds(from_files, times) / BATCH, from_pixels


def time_ours(lab, bundle, files, folder):
    """Seconds of a picture: what many take longer than a few do, so that the start is left out."""
    few, many = (BATCH, 4 * BATCH) if lab.dry else (2 * BATCH, 130 * BATCH)
    settings = folder / "vignette.toml"
    settings.write_text(f"[caption]\nparallel = {BATCH}\n")  # `embed` has no option of its own for it

    def run(count):
        start = time.perf_counter()
        some = (files * count)[:count]
        embed(some, [], "--format", "base64", "--config", settings, "--embedder", bundle, "--device", lab.device)
        return time.perf_counter() - start

    run(few)
    return max(run(many) - run(few), 1e-6) / (many - few)
