"""What scripts/bench-gpu asks of the product beside transformers: the same words in float16, and how long they take."""

import random
import shutil
import statistics

import torch
from gpu_checks import Finding
from program import PROGRAM, ROOT, caption_files

DEMO = ROOT / "models/demo-blip2"
PROMPT = "a photo of"

# At the first word where the two differ, the reference's own choice must have been close: the distance between its
# two best scores, as a part of the largest. Float16 has 11 bits; this is about twenty of its roundings.
MARGIN_MAX = 0.01


def missing_program():
    return None if PROGRAM.exists() else f"{PROGRAM} is not built (scripts/setup), or VIGNETTE_PROGRAM is wrong"


class Reference:
    """A snapshot in transformers, on the lab's device."""

    def __init__(self, snapshot, lab):
        from transformers import Blip2ForConditionalGeneration, Blip2Processor

        self.lab = lab
        self.processor = Blip2Processor.from_pretrained(snapshot, local_files_only=True)
        self.model = Blip2ForConditionalGeneration.from_pretrained(snapshot, local_files_only=True, dtype=lab.dtype)
        self.model.eval().to(lab.device)

    def inputs(self, images, prompt):
        made = self.processor(images=images, text=[prompt] * len(images), return_tensors="pt")
        return made.to(self.lab.device, self.lab.dtype)  # only what is a float is cast

    @torch.inference_mode()
    def generate(self, inputs, count, **options):
        return self.model.generate(**inputs, do_sample=False, num_beams=1, max_new_tokens=count, **options)

    def say(self, image, prompt, count, **options):
        """(new tokens, how far the best word was from the second at each step, as a part of the best's score)"""
        from reference import end_tokens, trim

        inputs = self.inputs([image], prompt)
        said = self.generate(inputs, count, output_scores=True, return_dict_in_generate=True, **options)
        tokens = said.sequences[0, inputs["input_ids"].shape[1] :].tolist()
        margins = []
        for scores in said.scores:
            best = scores[0].float().topk(2).values
            margins.append(float((best[0] - best[1]) / scores[0][scores[0].isfinite()].abs().max()))
        return trim(tokens, end_tokens(self.model)), margins


def first_difference(ours, theirs):
    """None when they are equal."""
    if ours == theirs:
        return None
    shorter = min(len(ours), len(theirs))
    return next((i for i in range(shorter) if ours[i] != theirs[i]), shorter)


def draw_scenes(folder, count):
    from scenes import draw_scene

    folder.mkdir(exist_ok=True)
    files = [folder / f"scene-{number:03d}.png" for number in range(count)]
    for number, file in enumerate(files):
        draw_scene(random.Random(number)).image.save(file)
    return files


def export_bundle(snapshot, bundle, lab):
    from big_model import export

    return export(snapshot, bundle, "--dtype", str(lab.dtype).removeprefix("torch."))


# d. The words -----------------------------------------------------------------------------------------------------


def check_tokens(lab):
    """Greedy tokens of the program beside generate() of transformers, both in float16: equal, or different first
    where transformers itself was nearly undecided."""
    from tiny_models import make_blip2

    if reason := missing_program():
        return Finding(f"skipped: {reason}")
    seeds, count = ([11], 4) if lab.dry else ([11, 12, 13, 14, 15], 20)
    models = {f"tiny {seed}": make_blip2(lab.folder / f"tiny-{seed}", seed=seed) for seed in seeds}
    if (DEMO / "config.json").is_file():
        models["demo-blip2"] = DEMO
    files = draw_scenes(lab.folder / "scenes", count)
    rows, equal, wrong, margins = [], 0, 0, []
    for name, snapshot in models.items():
        compared = compare_tokens(lab, snapshot, lab.folder / f"bundle {name}", files, 24)
        close = [margin for margin in compared if margin is not None]
        outside = sum(margin > MARGIN_MAX for margin in close)
        rows.append(f"| {name} | {len(compared) - len(close)}/{len(compared)} | {max(close, default=0):.2g} | {outside} |")
        equal, wrong, margins = equal + len(compared) - len(close), wrong + outside, margins + close
    total = len(models) * len(files)
    line = f"tokens in {lab.dtype}: {equal} of {total} captions equal, {total - equal - wrong} differ within the "
    line += f"reference's margin of {MARGIN_MAX}, {wrong} beyond it (the largest {max(margins, default=0):.2g})"
    head = ["| model | equal | largest margin at a first difference | beyond |", "|---|---|---|---|"]
    notes = ["Dry run: on the CPU, in float32.", ""] * lab.dry
    return Finding(line, wrong == 0, [*notes, *head, *rows])


def compare_tokens(lab, snapshot, bundle, files, count):
    """For each file None, or the reference's margin where the two first differ."""
    from PIL import Image

    export_bundle(snapshot, bundle, lab)
    options = ["--prompt", PROMPT, "--max_length", count, "--min_length", 0, "--num_beams", 1]
    results = caption_files(files, "--model", bundle, "--device", lab.device, "--tokens", *options)
    reference, margins = Reference(snapshot, lab), []
    for file, result in zip(files, results):
        if "tokens" not in result:
            raise RuntimeError(f"{PROGRAM.name} on {file.name}: {result}")
        theirs, steps = reference.say(Image.open(file), PROMPT, count)
        place = first_difference(result["tokens"], theirs)
        margins.append(None if place is None else steps[min(place, len(steps) - 1)])
    return margins


# e. True size -----------------------------------------------------------------------------------------------------

NEW_TOKENS = 30


def true_config(lab):
    """Of Salesforce/blip2-opt-2.7b, 3.7 billion parameters; in a dry run something with the same parts."""
    from big_model import make_config

    if lab.dry:
        return make_config(
            image=28, patch=14, vision=(32, 2, 2, 64), qformer=(32, 2, 2, 64), text=(64, 2, 2, 128),
            vocabulary=600, positions=128, queries=8, image_token=590, end=580,
        )  # fmt: skip
    return make_config(
        image=224, patch=14, vision=(1408, 39, 16, 6144), qformer=(768, 12, 12, 3072), text=(2560, 32, 32, 10240),
        vocabulary=50304, positions=2048, queries=32, image_token=50265, end=50118,
    )  # fmt: skip


def check_true_size(lab):
    """Random BLIP-2 OPT-2.7B in float16, greedy, 30 new tokens: time per token and per caption beside transformers
    (eager), one picture and eight at once."""
    from big_model import make_module, save_snapshot

    if reason := missing_program():
        return Finding(f"skipped: {reason}")
    free = shutil.disk_usage(lab.folder).free
    if not lab.dry and free < 12e9:
        return Finding(f"skipped: {lab.folder} has {free / 1e9:.0f} GB free and 12 are needed (set TMPDIR)")
    config = true_config(lab)
    snapshot = save_snapshot(lab.folder / "true-snapshot", config, make_module(config, lab.dtype))
    bundle = export_bundle(snapshot, lab.folder / "true-bundle", lab)
    files = draw_scenes(lab.folder / "scenes", 40)
    reference = Reference(snapshot, lab)
    rows, lines = [], []
    for batch in (1, 8):
        pairs = []
        for _ in range(lab.rounds):  # in turns
            theirs = time_theirs(lab, reference, files[:batch])
            pairs.append((time_ours(lab, bundle, files, batch), theirs))
        rows.append(describe(batch, pairs))
        ratio = statistics.median(theirs[0] / ours[0] for ours, theirs in pairs)
        lines.append(f"batch {batch}: {statistics.median(ours[0] for ours, _ in pairs) * 1e3:.2f} ms a step, {ratio:.1f}x")
    head = [
        "| pictures at once | ms a step, ours | theirs | times | ms a caption, ours | theirs | times |",
        "|---|---|---|---|---|---|---|",
    ]
    note = f"{same_words(lab, reference, bundle, files[:4])} A caption is {NEW_TOKENS} new tokens, from the decoded file's"
    note += " picture on theirs and from the file on ours; with eight at once its time is the time of all over eight."
    notes = ["Dry run: a tiny model on the CPU.", ""] * lab.dry
    return Finding("true size: " + "; ".join(lines), True, [*notes, *head, *rows, "", note])


def time_theirs(lab, reference, files):
    """Seconds of a step and of a caption."""
    from PIL import Image

    images = [Image.open(file).convert("RGB") for file in files]
    inputs = reference.inputs(images, PROMPT)
    whole = {"min_new_tokens": NEW_TOKENS}
    reference.generate(inputs, NEW_TOKENS, **whole)
    first = lab.seconds(lambda: reference.generate(inputs, 1), 3)
    caption = lab.seconds(lambda: reference.generate(reference.inputs(images, PROMPT), NEW_TOKENS, **whole), 3)
    return (lab.seconds(lambda: reference.generate(inputs, NEW_TOKENS, **whole), 3) - first) / (NEW_TOKENS - 1), (
        caption / len(files)
    )


def time_ours(lab, bundle, files, batch):
    """As time_theirs. The first and the last pictures are left out: then fewer are in work."""
    options = ["--prompt", PROMPT, "--max_length", NEW_TOKENS, "--min_length", NEW_TOKENS, "--num_beams", 1]
    where = ["--model", bundle, "--device", lab.device, "--parallel", batch]
    results = caption_files(files[: 10 if batch == 1 else len(files)], *where, *options)
    timings = [result["timings"] for result in results][batch + 1 : -batch]
    step = statistics.median(one["decode_steps"] for one in timings) / (NEW_TOKENS - 1)
    return step / 1e3, statistics.mean(one["total"] for one in timings) / batch / 1e3


def describe(batch, pairs):
    cells = [str(batch)]
    for part in (0, 1):
        ours, theirs = ([pair[side][part] for pair in pairs] for side in (0, 1))
        ratios = [other / one for one, other in zip(ours, theirs)]
        cells += [f"{statistics.median(side) * 1e3:.2f}" for side in (ours, theirs)]
        cells.append(f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    return "| " + " | ".join(cells) + " |"


def same_words(lab, reference, bundle, files):
    from PIL import Image

    options = ["--prompt", PROMPT, "--max_length", NEW_TOKENS, "--min_length", NEW_TOKENS, "--num_beams", 1]
    results = caption_files(files, "--model", bundle, "--device", lab.device, "--tokens", *options)
    equal, margins = 0, []
    for file, result in zip(files, results):
        theirs, steps = reference.say(Image.open(file), PROMPT, NEW_TOKENS, min_new_tokens=NEW_TOKENS)
        place = first_difference(result["tokens"], theirs)
        equal += place is None
        if place is not None:
            margins.append(steps[min(place, len(steps) - 1)])
    rest = f"; the others differ first where the reference's margin is at most {max(margins):.2g}" if margins else ""
    return f"{equal} of {len(files)} captions have the reference's words{rest}."
