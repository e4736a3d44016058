"""Sections e and f of scripts/bench-gpu: captioners with random weights in true size, beside transformers."""

import json
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from gpu.checks import Finding
from gpu.reference import MARGIN_MAX, PROMPT, Reference, compare_tokens, draw_scenes, export_bundle, missing
from gpu.serving import AT_ONCE, Serving

NEW_TOKENS = 30
STREAMED = 200  # words of the caption beside which others join; fewer in a dry run
BATCHES = (1, 4, 16, 32)


def check_true_size(lab):
    """Random BLIP-2 OPT-2.7B in float16, greedy, 30 new tokens: a step with 1, 4, 16 and 32 pictures at once beside
    transformers, the share of the card's bandwidth, the prompt, a stream that others join, the start, the memory; and
    the words, equal or within the reference's margin."""
    if reason := missing(lab, disk=12e9, memory=45e9):
        return Finding(f"skipped: {reason}")
    return time_captioner(lab, save_blip2, side=224)


def check_true_llava(lab):
    """The same for random LLaVA-NeXT 7B (Mistral), with pictures of five tiles, 2,928 tokens each."""
    if reason := missing(lab, disk=16e9, memory=75e9):
        return Finding(f"skipped: {reason}")
    return time_captioner(lab, save_llava_next, side=672)


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


@dataclass
class Times:
    """Seconds, one number for each round."""

    ours: list = field(default_factory=list)
    plain: list = field(default_factory=list)  # ours without graphs
    theirs: list = field(default_factory=list)
    our_caption: list = field(default_factory=list)
    their_caption: list = field(default_factory=list)


def time_captioner(lab, save, side):
    """`save` makes the snapshot; the pictures are squares of that side."""
    batches = (1, 2) if lab.dry else BATCHES
    files = draw_scenes(lab.folder / f"scenes-{side}", 3 * batches[-1], side)
    with tempfile.TemporaryDirectory(dir=lab.folder) as folder:
        snapshot = save(Path(folder) / "snapshot", lab)
        bundle = export_bundle(snapshot, Path(folder) / "bundle", lab)
        times, said = {batch: Times() for batch in batches}, {}
        reference = Reference(snapshot, lab)  # first: what it leaves free is the server's
        with Serving(lab, bundle, "--cuda-graphs", "off") as server:
            for batch, one in times.items():
                step, _, said[batch] = time_ours(server, files, batch)
                one.plain.append(step)
        with Serving(lab, bundle) as server:
            notes = [*compare_graphs(server, files, said), *time_steps(lab, server, reference, files, times)]
            notes += [*describe_prompt(server, reference, files, lab), *describe_joins(lab, server, files)]
            notes += [*describe_start(lab, server, bundle), *time_static(lab, reference, files)]
        margins = compare_tokens(reference, bundle, files[:4], NEW_TOKENS, NEW_TOKENS)
    words, fine = describe_words(margins)
    lines = [f"batch {batch}: {of(one.ours):.2f} ms a step, {ratio(one)[0]:.1f}x" for batch, one in times.items()]
    dry = ["Dry run: a tiny model on the CPU, where there are no graphs.", ""] * lab.dry
    return Finding("; ".join(lines), fine, [*dry, *table(times), "", f"- {words}", *notes])


def of(seconds):
    return statistics.median(seconds) * 1e3


def ratio(one):
    ratios = [theirs / ours for ours, theirs in zip(one.ours, one.theirs)] or [float("nan")]
    return statistics.median(ratios), min(ratios), max(ratios)


def table(times):
    yield "| pictures at once | ms a step, ours | no graphs | theirs | times | ms a caption, ours | theirs |"
    yield "|---|---|---|---|---|---|---|"
    for batch, one in times.items():
        sides = [f"{of(side):.2f}" for side in (one.ours, one.plain, one.theirs)]
        times_faster = "{:.2f} ({:.2f} to {:.2f})".format(*ratio(one))
        captions = [f"{of(side):.2f}" for side in (one.our_caption, one.their_caption)]
        yield f"| {' | '.join([str(batch), *sides, times_faster, *captions])} |"


def time_steps(lab, server, reference, files, times):
    """Fills `times`, the two sides in turns. Notes: the share of the card's bandwidth."""
    for batch, one in times.items():
        for _ in range(lab.rounds if batch == 1 else 1):
            theirs, caption = time_theirs(lab, reference, files[:batch])
            one.theirs.append(theirs)
            one.their_caption.append(caption)
            step, caption, _ = time_ours(server, files, batch)
            one.ours.append(step)
            one.our_caption.append(caption)
    read, rate = step_bytes(reference.model), lab.read_rate
    alone = times[1]
    shares = [f"{name} {read / statistics.median(side) / rate:.0%}" for name, side in sides_of(alone)]
    yield f"- A step reads {read / 1e9:.2f} GB of weights. Alone, of the {rate / 1e9:.0f} GB/s that the card was seen"
    yield f"  to read: {', '.join(shares)}. Calculated before any GPU: 80 to 85 %,"
    yield f"  {read / rate / 0.85 * 1e3:.2f} to {read / rate / 0.8 * 1e3:.2f} ms."


def sides_of(one):
    return (("ours", one.ours), ("without graphs", one.plain), ("theirs", one.theirs))


def step_bytes(model):
    """Of the weights that choose a word: the language model's, without the rows of its embedding."""
    last = model.get_output_embeddings().weight
    inside = [
        weight
        for name, weight in model.named_parameters()
        if "language_model" in name and "embed" not in name and weight is not last
    ]
    return sum(weight.numel() * weight.element_size() for weight in [*inside, last])


def time_theirs(lab, reference, files):
    """Seconds of a step and of a caption."""
    images = [Image.open(file).convert("RGB") for file in files]
    inputs, turns = reference.batch(images, PROMPT), 3 if len(files) == 1 else 1
    whole = {"min_new_tokens": NEW_TOKENS}
    reference.generate(inputs, NEW_TOKENS, **whole)
    first = lab.seconds(lambda: reference.generate(inputs, 1), turns)
    caption = lab.seconds(lambda: reference.generate(reference.batch(images, PROMPT), NEW_TOKENS, **whole), turns)
    step = (lab.seconds(lambda: reference.generate(inputs, NEW_TOKENS, **whole), turns) - first) / (NEW_TOKENS - 1)
    return step, caption / len(files)


def time_ours(server, files, batch):
    """As time_theirs, and the captions. Each client asks three times; the first and the last are left out."""
    asked = files[: 3 * max(batch, 2)]
    results = server.ask_all(asked, NEW_TOKENS, batch)
    timings = [result["timings"] for result in results][max(batch, 2) : -batch]
    step = statistics.median(one["decode_steps"] for one in timings) / (NEW_TOKENS - 1)
    caption = statistics.mean(one["total"] for one in timings) / batch
    return step / 1e3, caption / 1e3, [result["caption"] for result in results]


def compare_graphs(server, files, said):
    for batch, plain in said.items():
        _, _, now = time_ours(server, files, batch)
        same = sum(one == other for one, other in zip(now, plain))
        yield f"- With {batch} at once, {same} of {len(now)} captions are the same with and without graphs."


def time_static(lab, reference, files):
    """Alone, with what transformers offers for speed: a static cache, and the step compiled for it."""
    inputs = reference.batch([Image.open(files[0]).convert("RGB")], PROMPT)
    fast = {"min_new_tokens": NEW_TOKENS, "cache_implementation": "static"}
    try:
        for _ in range(1 if lab.dry else 3):  # compiles
            reference.generate(inputs, NEW_TOKENS, **fast)
        first = lab.seconds(lambda: reference.generate(inputs, 1, cache_implementation="static"), 3)
        step = (lab.seconds(lambda: reference.generate(inputs, NEW_TOKENS, **fast), 3) - first) / (NEW_TOKENS - 1)
        yield f"- Theirs, alone, with a static cache (compiled on a GPU): {step * 1e3:.2f} ms a step."
    except Exception as failure:  # whatever it is, the rest of the report stands
        yield f"- Theirs with a static cache does not run: {type(failure).__name__}: {str(failure).splitlines()[0]}"


def describe_prompt(server, reference, files, lab):
    one = statistics.median(server.ask(file, 1)["timings"]["prefill"] for file in files[:3])
    vision = statistics.median(server.ask(file, 1)["timings"]["vision"] for file in files[:3])
    inputs = reference.batch([Image.open(files[0]).convert("RGB")], PROMPT)
    theirs = lab.seconds(lambda: reference.generate(inputs, 1), 3) * 1e3
    tokens = inputs["input_ids"].shape[1]
    yield f"- A prompt of {tokens} tokens, alone: {vision:.1f} ms to see its picture and {one:.1f} ms to read it;"
    yield f"  theirs, both and the first word: {theirs:.1f} ms."


def describe_joins(lab, server, files):
    words = NEW_TOKENS if lab.dry else STREAMED
    plain = server.gaps(files[0], words)
    beside, joined = server.gaps_beside(files[0], words, files[1:])
    for name, gaps in (("alone", plain), (f"while {joined} pictures join", beside)):
        p50, p99 = (sorted(gaps)[int(part * len(gaps))] for part in (0.5, 0.99))
        yield f"- Between the words of a stream, {name}: p50 {p50:.2f}, p99 {p99:.2f}, at most {max(gaps):.2f} ms."


def describe_start(lab, server, bundle):
    loaded, phases = server.phases()
    weights, slots = bundle_bytes(bundle)
    yield f"- Ready {server.ready_after:.2f} s after its process; the model is loaded in {loaded:.2f} s ({phases});"
    yield f"  {weights / 1e9:.2f} GB of weights, {weights / 1e9 / loaded:.1f} GB/s over all of it."
    if lab.dry:
        return
    predicted = weights + slots
    yield f"- Memory of the GPU: {server.held() / 1e9:.2f} GB after all of this; weights and slots alone, as"
    yield f"  calculated, {predicted / 1e9:.2f} GB. The rest is the context and the work of steps."


def bundle_bytes(bundle):
    """(of its weights, of the slots of the server's captions and the scratch slot)"""
    manifest = json.loads((bundle / "manifest.json").read_text())
    cache, width = manifest["cache"], 4 if manifest["dtype"] == "float32" else 2
    slot = 2 * cache["layers"] * cache["positions"] * cache["heads"] * cache["head_dim"] * width
    return sum(file["bytes"] for file in manifest["weights"]["files"]), (AT_ONCE + 1) * slot


def describe_words(margins):
    """(a sentence about what compare_tokens found, whether it is fine)"""
    apart = [margin for margin in margins if margin is not None]
    said = f"{len(margins) - len(apart)} of {len(margins)} captions have the reference's words"
    if apart:
        said += f"; the others differ first where its margin is at most {max(apart):.2g} ({MARGIN_MAX} is allowed)"
    return f"{said}.", max(apart, default=0) <= MARGIN_MAX
