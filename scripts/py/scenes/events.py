"""Makes the sample mock events of test/events from a seed: pictures, events and README.

python -m scenes.events --out test/events
"""

import argparse
import base64
import io
import json
import random
from pathlib import Path

from PIL import Image

from scenes.draw import draw_scene
from scenes.models.blip2 import PROMPT

COUNT = 6
SEED = 198
BASE64_EVENT = 4  # bare base64 instead of a data URL
JPEG_EVENT = 5  # the others are PNG
JPEG_QUALITY = 95

README = """# Sample mock events

Each `scene-N.json` is one event as the queue delivers it: an id, and an input with a picture and
the prompt. The pictures lie beside them. `scripts/py/scenes/events.py` makes all of this, README
included; `scripts/py/scenes/draw.py` draws:

    PYTHONPATH=scripts/py python -m scenes.events --out test/events

The demo model `models/demo-blip2` should answer with exactly the caption in the table.

| event | picture | sent as | true caption |
|---|---|---|---|
"""


def encode(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    options = {"quality": JPEG_QUALITY} if kind == "jpeg" else {"optimize": True}
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def event(number: int, picture: bytes, kind: str) -> dict:
    text = base64.b64encode(picture).decode()
    if number == BASE64_EVENT:
        source = {"image_base64": text}
    else:
        source = {"data_url": f"data:image/{kind};base64,{text}"}
    return {"id": f"scene-{number}", "input": source | {"prompt": PROMPT}}


def write_events(out: Path, seed: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    rows = []
    for number in range(1, COUNT + 1):
        scene = draw_scene(rng)
        kind = "jpeg" if number == JPEG_EVENT else "png"
        picture = encode(scene.image, kind)
        name = f"scene-{number}.{'jpg' if kind == 'jpeg' else kind}"
        made = event(number, picture, kind)
        (out / name).write_bytes(picture)
        (out / f"scene-{number}.json").write_text(json.dumps(made, indent=2) + "\n")
        sent_as = f"`{next(iter(made['input']))}`, {kind.upper()}"
        rows.append(f"| `scene-{number}.json` | `{name}` | {sent_as} | {scene.caption} |\n")
    (out / "README.md").write_text(README + "".join(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sample mock events.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    write_events(args.out, args.seed)


if __name__ == "__main__":
    main()
