"""The rows of scripts/bench about ordinary pictures: a file's bytes to the model's pixels, against Pillow and
transformers.

That the pixels are the same is tested elsewhere: the decoders' in test/media, the processor's in src/model's tests.
"""

import random
import statistics

from bench.common import noisy_photo, timed, tiny_bundle
from program import caption_files

PINPOINTS = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]  # of LLaVA-NeXT's checkpoints


WARM_UP = 4  # pictures: a process that has just begun still asks the system for its memory
TIMES = 9


def timings_of(files, *options):
    """What the program measured for each file, after some that warm it up."""
    results = caption_files([files[0]] * WARM_UP + files, "--threads", 1, "--parallel", 1, *options)
    return [one["timings"] for one in results[WARM_UP:]]


def turns(pairs, photo, bundle, theirs, stages):
    """Pairs of seconds: the stages of ours, the whole of theirs, each the median of some."""
    for _ in range(WARM_UP):
        theirs()
    for _ in range(pairs):
        ours = statistics.median(
            sum(one[stage] for stage in stages) for one in timings_of([photo] * TIMES, "--model", bundle)
        )
        yield ours / 1000, statistics.median(timed(theirs)[0] for _ in range(TIMES))


def reference(photo, processor):
    """What a Python worker does with a file; default options, and two threads, since ours uses two cores here."""
    import torch
    from PIL import Image

    torch.set_num_threads(2)
    return lambda: processor(images=Image.open(photo).convert("RGB"), return_tensors="pt")["pixel_values"]


def small_photo(pairs, folder):
    """A 640 x 480 JPEG to 224 x 224 pixels as BLIP-2 wants them."""
    from transformers import AutoImageProcessor

    snapshot, bundle = tiny_bundle(folder, image_size=224)
    photo = folder / "photo.jpg"
    noisy_photo(640, 480).save(photo, quality=90)
    theirs = reference(photo, AutoImageProcessor.from_pretrained(snapshot))
    yield from turns(pairs, photo, bundle, theirs, ("decode", "preprocess"))


def anyres_photo(pairs, folder):
    """A 1920 x 1080 JPEG to the tiles of 336 x 336 pixels that LLaVA-NeXT's checkpoints want."""
    from transformers import AutoImageProcessor

    snapshot, bundle = tiny_llava(folder)
    photo = folder / "photo.jpg"
    noisy_photo(1920, 1080).save(photo, quality=90)
    theirs = reference(photo, AutoImageProcessor.from_pretrained(snapshot))
    yield from turns(pairs, photo, bundle, theirs, ("decode", "preprocess"))


def png_photo(pairs, folder):
    """A 1920 x 1080 PNG to RGB pixels, against Pillow."""
    from PIL import Image

    _, bundle = tiny_bundle(folder, image_size=224)
    photo = folder / "photo.png"
    noisy_photo(1920, 1080).save(photo)
    yield from turns(pairs, photo, bundle, lambda: Image.open(photo).convert("RGB"), ("decode",))


def tiny_llava(folder):
    """(snapshot, bundle) of a tiny random LLaVA-NeXT that wants pictures as the real ones do."""
    import torch
    from transformers import LlavaNextForConditionalGeneration

    from big_models.blip2 import export
    from tiny_models import llava_next as tiny

    rng = random.Random(8)
    tokenizer = tiny.make_tokenizer(400, 8)
    config = tiny.draw_llava_next(rng, tokenizer, "mistral")
    config.vision_config.image_size, config.vision_config.patch_size = 336, 112
    config.image_grid_pinpoints = PINPOINTS
    torch.manual_seed(8)
    model = LlavaNextForConditionalGeneration(config).eval()
    tiny.set_generation(rng, model, tokenizer)
    snapshot = tiny.save(folder / "llava", model, tiny.make_processor(config, tokenizer, None))
    return snapshot, export(snapshot, folder / "llava-bundle")
