"""The rows of scripts/bench about Qwen-VL: pixels to tokens, and a photo to the model's pixels."""

import json
import statistics

from bench.common import draw_scenes, noisy_photo, timed
from program import caption_files

PROMPT, WORDS = "a photo of", 32


def tiny_qwen(folder):
    """Snapshot of a tiny random Qwen3-VL."""
    from tiny_models import make_qwen3_vl

    return make_qwen3_vl(folder / "qwen", seed=4)


def bundle_of(snapshot):
    from big_models.blip2 import export

    return export(snapshot, snapshot.parent / "qwen-bundle")


def change(file, part, **changes):
    """Of a JSON file, the object `part`, or all of it."""
    if not file.exists():
        return
    said = json.loads(file.read_text())
    said.get(part, said).update(changes)
    file.write_text(json.dumps(said))


def generate(pairs, folder):
    """Pixels to tokens: a tiny random Qwen3-VL, greedy, against generate() of transformers."""
    import torch
    from PIL import Image

    from parity import reference

    torch.set_num_threads(1)
    snapshot = tiny_qwen(folder)
    bundle = bundle_of(snapshot)
    model = reference.load_model(str(snapshot))
    files = draw_scenes(folder, 12)
    inputs = [reference.make_inputs(snapshot, [Image.open(file)], PROMPT) for file in files]
    lengths = {"max_new_tokens": WORDS, "min_new_tokens": WORDS}

    def theirs():
        with torch.inference_mode():
            return [timed(lambda one=one: model.generate(**one, **lengths, do_sample=False)) for one in inputs]

    stages = ("queue", "vision", "prefill", "decode_steps")
    options = ["--prompt", PROMPT, "--max_length", WORDS, "--min_length", WORDS]
    theirs()
    for _ in range(pairs):
        results = caption_files(files, "--model", bundle, "--threads", 1, "--parallel", 1, "--tokens", *options)
        said = theirs()
        for result, (_, tokens), one in zip(results, said, inputs):
            expected = tokens[0, one["input_ids"].shape[1] :].tolist()
            assert result["tokens"] == expected, "the two sides do not say the same"
        ours = [sum(result["timings"][stage] for stage in stages) for result in results]
        yield statistics.median(ours) / 1000, statistics.median(seconds for seconds, _ in said)


def photo_12mp(pairs, folder):
    """A 12-megapixel JPEG to the 1,280 cells that our Qwen-VL bundles allow, against Pillow and transformers."""
    import torch
    from PIL import Image
    from transformers import AutoImageProcessor

    torch.set_num_threads(2)  # ours uses two cores, too
    snapshot, cell = tiny_qwen(folder), 32 * 32
    areas = {"shortest_edge": 64 * cell, "longest_edge": 1280 * cell}
    for name in ("preprocessor_config.json", "processor_config.json"):
        change(snapshot / name, "image_processor", size=areas)
    change(snapshot / "config.json", "text_config", max_position_embeddings=2048)
    bundle = bundle_of(snapshot)
    processor = AutoImageProcessor.from_pretrained(snapshot)
    photo = folder / "photo.jpg"
    noisy_photo(4000, 3000).save(photo, quality=90)

    def theirs():
        return processor(images=Image.open(photo).convert("RGB"), return_tensors="pt")["pixel_values"]

    theirs()
    for _ in range(pairs):
        results = caption_files([photo] * 3, "--threads", 1, "--parallel", 1, "--model", bundle, "--max_length", 1)[1:]
        ours = statistics.median(one["timings"]["decode"] + one["timings"]["preprocess"] for one in results)
        yield ours / 1000, timed(theirs)[0]
