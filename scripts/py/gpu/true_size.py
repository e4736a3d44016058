"""Sections e and f of scripts/bench-gpu: captioners with random weights in true size, beside transformers."""

import statistics
import tempfile
from pathlib import Path

from PIL import Image

from gpu.checks import Finding
from gpu.reference import MARGIN_MAX, PROMPT, Reference, compare_tokens, draw_scenes, export_bundle, missing
from program import caption_files

NEW_TOKENS = 30


def check_true_size(lab):
    """Random BLIP-2 OPT-2.7B in float16, greedy, 30 new tokens: time per token and per caption beside transformers
    (eager), one picture and eight at once; and the words, equal or within the reference's margin."""
    if reason := missing(lab, disk=12e9, memory=20e9):
        return Finding(f"skipped: {reason}")
    return time_captioner(lab, save_blip2, (1, 8))


def check_true_llava(lab):
    """Random LLaVA-NeXT 7B (Mistral) in float16, greedy, 30 new tokens: time per token and per caption beside
    transformers (eager), one picture and four at once; and the words, equal or within the reference's margin."""
    if reason := missing(lab, disk=16e9, memory=40e9):
        return Finding(f"skipped: {reason}")
    return time_captioner(lab, save_llava_next, (1, 4))


def save_blip2(folder, lab):
    """Of Salesforce/blip2-opt-2.7b, 3.7 billion parameters; in a dry run something with the same parts."""
    from big_models.blip2 import make_config, make_module, save_snapshot

    if lab.dry:
        config = make_config(
            image=28, patch=14, vision=(32, 2, 2, 64), qformer=(32, 2, 2, 64), text=(64, 2, 2, 128),
            vocabulary=600, positions=128, queries=8, image_token=590, end=580,
        )  # fmt: skip
    else:
        config = make_config(
            image=224, patch=14, vision=(1408, 39, 16, 6144), qformer=(768, 12, 12, 3072), text=(2560, 32, 32, 10240),
            vocabulary=50304, positions=2048, queries=32, image_token=50265, end=50118,
        )  # fmt: skip
    return save_snapshot(folder, config, make_module(config, lab.dtype))


def save_llava_next(folder, lab):
    from big_models.published import save_llava

    return save_llava(folder, lab.dtype, tiny=lab.dry)


def time_captioner(lab, save, batches):
    """`save` makes the snapshot; the pictures at once are timed for each of `batches`."""
    notes = ["Dry run: a tiny model on the CPU, where there are no graphs.", ""] * lab.dry
    files = draw_scenes(lab.folder / "scenes", 40)
    rows, lines, said = [], [], {}
    with tempfile.TemporaryDirectory(dir=lab.folder) as folder:
        snapshot = save(Path(folder) / "snapshot", lab)
        bundle = export_bundle(snapshot, Path(folder) / "bundle", lab)
        reference = Reference(snapshot, lab)
        for batch in batches:
            pairs, plain = [], []
            for _ in range(lab.rounds):  # in turns
                theirs = time_theirs(lab, reference, files[:batch])
                ours, said["on"] = time_ours(lab, bundle, files, batch, "on")
                without, said["off"] = time_ours(lab, bundle, files, batch, "off")
                pairs.append((ours, theirs))
                plain.append(without[0])
            rows.append(describe(batch, pairs, plain))
            same = sum(one == other for one, other in zip(said["on"], said["off"]))
            graphs = f"With {batch} at once, {same} of {len(said['on'])} captions are the same with and without graphs."
            notes.append(graphs)
            ratio = statistics.median(theirs[0] / ours[0] for ours, theirs in pairs)
            step = statistics.median(ours[0] for ours, _ in pairs) * 1e3
            lines.append(f"batch {batch}: {step:.2f} ms a step, {ratio:.1f}x")
        margins = compare_tokens(reference, bundle, files[:4], NEW_TOKENS, NEW_TOKENS)
    words, fine = describe_words(margins)
    head = [
        "| pictures at once | ms a step, ours | no graphs | theirs | times | ms a caption, ours | theirs | times |",
        "|---|---|---|---|---|---|---|---|",
    ]
    note = f"{words} A caption is {NEW_TOKENS} new tokens, from the decoded file's picture on theirs and from the file"
    note += " on ours; with several at once its time is the time of all over their number."
    return Finding("; ".join(lines), fine, [*head, *rows, "", note, *notes])


def time_theirs(lab, reference, files):
    """Seconds of a step and of a caption."""
    images = [Image.open(file).convert("RGB") for file in files]
    inputs = reference.batch(images, PROMPT)
    whole = {"min_new_tokens": NEW_TOKENS}
    reference.generate(inputs, NEW_TOKENS, **whole)
    first = lab.seconds(lambda: reference.generate(inputs, 1), 3)
    caption = lab.seconds(lambda: reference.generate(reference.batch(images, PROMPT), NEW_TOKENS, **whole), 3)
    return (lab.seconds(lambda: reference.generate(inputs, NEW_TOKENS, **whole), 3) - first) / (NEW_TOKENS - 1), (
        caption / len(files)
    )


def time_ours(lab, bundle, files, batch, graphs):
    """As time_theirs, and the captions. The first and the last pictures are left out: then fewer are in work."""
    options = ["--prompt", PROMPT, "--max_length", NEW_TOKENS, "--min_length", NEW_TOKENS, "--num_beams", 1]
    where = ["--model", bundle, "--device", lab.device, "--parallel", batch, "--cuda-graphs", graphs]
    results = caption_files(files[: 10 if batch == 1 else len(files)], *where, *options)
    timings = [result["timings"] for result in results][batch + 1 : -batch]
    step = statistics.median(one["decode_steps"] for one in timings) / (NEW_TOKENS - 1)
    seconds = (step / 1e3, statistics.mean(one["total"] for one in timings) / batch / 1e3)
    return seconds, [result["caption"] for result in results]


def describe(batch, pairs, plain):
    """`plain`: seconds of a step without graphs."""
    cells = [str(batch)]
    for part in (0, 1):
        ours, theirs = ([pair[side][part] for pair in pairs] for side in (0, 1))
        ratios = [other / one for one, other in zip(ours, theirs)]
        sides = (ours, theirs) if part else (ours, plain, theirs)
        cells += [f"{statistics.median(side) * 1e3:.2f}" for side in sides]
        cells.append(f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    return f"| {' | '.join(cells)} |"


def describe_words(margins):
    """(a sentence about what compare_tokens found, whether it is fine)"""
    apart = [margin for margin in margins if margin is not None]
    said = f"{len(margins) - len(apart)} of {len(margins)} captions have the reference's words"
    if apart:
        said += f"; the others differ first where its margin is at most {max(apart):.2g} ({MARGIN_MAX} is allowed)"
    return f"{said}.", max(apart, default=0) <= MARGIN_MAX
