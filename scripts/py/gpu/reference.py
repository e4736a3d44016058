"""What the sections of scripts/bench-gpu that need the program share: bundles, pictures, and transformers beside it."""

import contextlib
import io
import random
import shutil

import torch
from PIL import Image

from parity.reference import end_tokens, load_processor, make_batch, make_inputs, trim, way_of
from parity.rounding import MARGINS, first_difference, margin
from program import PROGRAM, caption_files

PROMPT = "a photo of"

MARGIN_MAX = MARGINS["float16"]


def missing(lab, disk=0, memory=0):
    """Why a section cannot run here, or None. `disk` and `memory`, the GPU's, in bytes; a dry run needs little."""
    if not PROGRAM.exists():
        return f"{PROGRAM} is not built (scripts/setup), or VIGNETTE_PROGRAM is wrong"
    if lab.dry:
        return None
    free = shutil.disk_usage(lab.folder).free
    if free < disk:
        return f"{lab.folder} has {free / 1e9:.0f} GB free and {disk / 1e9:.0f} are needed (set TMPDIR)"
    total = torch.cuda.get_device_properties(0).total_memory
    if total < memory:
        return f"the GPU has {total / 1e9:.0f} GB and {memory / 1e9:.0f} are needed"
    return None


class Reference:
    """A snapshot of any family in transformers, on the lab's device."""

    def __init__(self, snapshot, lab):
        self.snapshot, self.lab = str(snapshot), lab
        self.way = way_of(self.snapshot)
        self.model = self.way.model.from_pretrained(self.snapshot, local_files_only=True, dtype=lab.dtype)
        self.model.eval().to(lab.device)

    def place(self, inputs):
        return inputs.to(self.lab.device, self.lab.dtype)  # only what is a float is cast

    def batch(self, images, prompt):
        """For a request of each picture, all of one size."""
        return self.place(make_batch(self.snapshot, images, prompt))

    @torch.inference_mode()
    def generate(self, inputs, count, **options):
        return self.model.generate(**inputs, do_sample=False, num_beams=1, max_new_tokens=count, **options)

    def say(self, image, prompt, count, **options):
        """(new tokens, how far the best word was from the second at each step, as a part of the best's score)"""
        inputs = self.place(make_inputs(self.snapshot, image, prompt))
        said = self.generate(inputs, count, output_scores=True, return_dict_in_generate=True, **options)
        tokens = said.sequences[0, self.way.before(self.model, inputs["input_ids"]) :].tolist()
        return trim(tokens, end_tokens(self.model)), [margin(scores[0]) for scores in said.scores]

    @torch.inference_mode()
    def vectors(self, pixels):
        """Of CLIP, for pixels on the device."""
        return self.model.get_image_features(pixels).pooler_output

    def pixels(self, images):
        """Of CLIP: the pictures as the model wants them, on the device."""
        made = load_processor(self.snapshot).image_processor(images, return_tensors="pt")
        return self.place(made)["pixel_values"]


def compare_tokens(reference, bundle, files, count, least=0):
    """Greedy, at least `least` words and at most `count`: for each file None, or the reference's margin where the two
    first differ."""
    lab, margins = reference.lab, []
    options = ["--prompt", PROMPT, "--max_length", count, "--min_length", least, "--num_beams", 1]
    results = caption_files(files, "--model", bundle, "--device", lab.device, "--tokens", *options)
    for file, result in zip(files, results):
        if "tokens" not in result:
            raise RuntimeError(f"{PROGRAM.name} on {file.name}: {result}")
        theirs, steps = reference.say(Image.open(file), PROMPT, count, **({"min_new_tokens": least} if least else {}))
        place = first_difference(result["tokens"], theirs)
        margins.append(None if place is None else steps[min(place, len(steps) - 1)])
    return margins


def draw_scenes(folder, count, side=None):
    """`side`: of the squares that they are, if not as they are drawn."""
    from scenes.draw import draw_scene

    folder.mkdir(exist_ok=True)
    files = [folder / f"scene-{number:03d}.png" for number in range(count)]
    for number, file in enumerate(files):
        image = draw_scene(random.Random(number)).image
        (image.resize((side, side)) if side else image).save(file)
    return files


def export_bundle(snapshot, bundle, lab):
    from export.__main__ import export

    with contextlib.redirect_stdout(io.StringIO()):
        export(snapshot, bundle, str(lab.dtype).removeprefix("torch."))
    return bundle
