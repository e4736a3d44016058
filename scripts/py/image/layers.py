"""The layers of an image in buildah's store, and the largest files in it: `python -m image.layers STORE IMAGE`."""

import base64
import json
import os
import sys
from pathlib import Path

LARGEST = 25
BYTES_MAX = 4_000_000_000


def image_and_layers(store, wanted):
    driver = next(folder.name.removesuffix("-images") for folder in store.glob("*-images"))
    images = json.loads((store / f"{driver}-images/images.json").read_text())
    image = next(image for image in images if any(name.endswith("/" + wanted) for name in image.get("names", [])))
    layers = {layer["id"]: layer for layer in json.loads((store / f"{driver}-layers/layers.json").read_text())}
    chain, at = [], image["layer"]
    while at:
        chain.append(layers[at])
        at = layers[at].get("parent")
    config = json.loads((store / f"{driver}-images/{image['id']}" / big_data_name(image)).read_text())
    made = [entry["created_by"] for entry in config["history"] if not entry.get("empty_layer")]
    return driver, list(reversed(chain)), made


def big_data_name(image):
    """A config is kept in a file that is called by the base64 of its digest."""
    return "=" + base64.b64encode(f"sha256:{image['id']}".encode()).decode()


def largest_files(store, driver, layers):
    for layer in layers:
        folder = store / driver / ("dir" if driver == "vfs" else "") / layer["id"] / ("" if driver == "vfs" else "diff")
        for place, _, names in os.walk(folder):
            for name in names:
                path = Path(place, name)
                if not path.is_symlink():
                    yield path.stat().st_size, "/" + str(path.relative_to(folder))


def main():
    store, wanted = Path(sys.argv[1]), sys.argv[2]
    driver, layers, made = image_and_layers(store, wanted)
    print("\n     MB  layer")
    for layer, by in zip(layers, made, strict=False):
        print(f"{layer.get('diff-size', 0) / 1e6:7.0f}  {' '.join(by.split())[:110]}")
    whole = sum(layer.get("diff-size", 0) for layer in layers)
    verdict = "below" if whole < BYTES_MAX else "ABOVE"
    print(f"{whole / 1e6:7.0f}  in all, {verdict} {BYTES_MAX / 1e9:.0f} GB\n\n     MB  file")
    for size, name in sorted(set(largest_files(store, driver, layers)), reverse=True)[:LARGEST]:
        print(f"{size / 1e6:7.0f}  {name}")


main()
