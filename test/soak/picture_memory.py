"""scripts/soak worker --rss --pictures: the same with the real program, the demo model and pictures of 64 to 8,192
pixels a side, each of its own size, all of them different files."""

import io
import math
import random

from PIL import Image

from . import memory
from .job_mix import as_url
from .worker_process import ROOT

BURST = 50
MODEL = ROOT / "models/demo-blip2"
JUDGED_FROM = 10_000  # jobs; in fewer, chance moves the line by more than what is allowed
DRAWN = 192  # after them the same pixels come again, in a file that differs in its last bytes
FORMATS = ["JPEG", "JPEG", "JPEG", "JPEG", "JPEG", "PNG", "PNG", "WEBP"]


def side(draw):
    return round(math.exp(draw.uniform(math.log(64), math.log(8192))))


def picture(draw):
    """Coarse noise, which is quick to make and no larger than a job may be."""
    size = side(draw), side(draw)
    grain = [Image.effect_noise([max(2, length // 32) for length in size], 90) for _ in "rgb"]
    file = io.BytesIO()
    kind = draw.choice(FORMATS)
    pixels = Image.merge("RGB", grain).resize(size, Image.Resampling.NEAREST if kind == "PNG" else None)
    pixels.save(file, kind, **({"method": 0} if kind == "WEBP" else {}), progressive=draw.random() < 0.2)
    return kind, file.getvalue()


def run(options, folder):
    draw = random.Random(options.seed)
    drawn = [picture(draw) for _ in range(min(DRAWN, options.jobs))]

    def job(number):
        kind, file = drawn[number % len(drawn)]
        own = b"" if kind == "WEBP" else number.to_bytes(4, "big")
        return {"data_url": as_url(file + own), "max_length": 8, "num_beams": 1}

    return memory.growth(options, folder, job, BURST, JUDGED_FROM, may_fail=False, VIGNETTE_MODEL=MODEL)
