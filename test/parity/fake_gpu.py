"""Programs on a GPU that is not there: tensors have shapes, types and the device cuda:0, and no numbers."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from export.packs import fill_packs

DEVICE = torch.device("cuda:0")
Call = tuple[str, tuple]  # a method's name and its arguments


class OnTheDevice(TorchDispatchMode):
    """Counts the operators, none of which may make a tensor elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.operators = Counter()
        self.last = ""

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        self.last = operator.name()
        self.operators[self.last] += 1
        made = operator(*args, **(kwargs or {}))
        for one in made if isinstance(made, (tuple, list)) else [made]:
            assert not isinstance(one, torch.Tensor) or one.device == DEVICE, f"{operator} makes {one}"
        return made


@contextmanager
def fake_gpu() -> Iterator[OnTheDevice]:
    """A read of a number raises here, since there is none; so does an operator with tensors of two devices."""
    with FakeTensorMode(), OnTheDevice() as watched:
        yield watched


def put_weights(program: torch.jit.ScriptModule, manifest: dict, dtype: torch.dtype) -> None:
    """What is kept in float32 by a float16 model is kept here."""
    for prefix, module in list(program.named_modules()):
        for key, weight in list(module.named_parameters(recurse=False)):
            kept = dtype == torch.float16 and f"{prefix}.{key}".lstrip(".").startswith(
                tuple(manifest["weights"]["float32"])
            )
            setattr(module, key, fake(*weight.shape, dtype=torch.float32 if kept else dtype))
    fill_packs(program, manifest["weights"].get("packs", {}))


def fake(*shape: int, dtype: torch.dtype = torch.long) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device=DEVICE)


def run_everything(program, manifest: dict, dtype: torch.dtype) -> Iterator[tuple[Call, torch.Tensor]]:
    """Every method, with what the C++ side gives it: the tiles of a picture, or pictures, and
    groups of frames; four prompts; a step."""
    image, cache, rows = manifest["image"], manifest.get("cache"), 4
    placed = image["recipe"] == "fit"
    if placed:
        pixels = fake(2, 3, image["patch"] * 5, image["patch"] * 3, dtype=torch.float32)
    else:
        height, width = image.get("pinpoints", [(image["height"], image["width"] * 2)])[0]
        tiles = 1 + height // image["height"] * (width // image["width"])
        pixels = fake(tiles, 3, image["height"], image["width"], dtype=torch.float32)

    def call(method: str, *arguments) -> tuple[Call, torch.Tensor]:
        return (method, arguments), getattr(program, method)(*arguments)

    if manifest["kind"] == "embedder":
        yield call("embed_image", pixels)
        yield call("embed_text", fake(4, 9))
        return
    encoded = call("encode", pixels)
    yield encoded
    if "film" in manifest:
        groups = pixels.unsqueeze(1).expand(-1, manifest["film"]["frames"], -1, -1, -1)
        yield call("encode_frames", groups.contiguous())
    features = encoded[1][0]
    if image["recipe"] == "anyres":
        packed = call("pack", encoded[1], height, width)
        yield packed
        features = packed[1]
    embedded = call("embed", fake(features.size(0) + 12), features)
    yield embedded
    shape = (cache["layers"], 9, cache["positions"], cache["heads"], cache["head_dim"])
    caches = [fake(*shape, dtype=dtype) for _ in range(2)]
    embeds = embedded[1].expand(rows, -1, -1).contiguous()
    places, part = ([fake(rows, 3, embeds.size(1))], [fake(3, 5)]) if placed else ([], [])
    yield call("prefill", embeds, *places, fake(rows), fake(rows), *caches)
    if hasattr(program, "prefill_more"):
        yield call("prefill_more", embedded[1][:5], *part, 2, 7, *caches)
    yield call("decode", *(fake(rows) for _ in range(5 if placed else 4)), *caches)
