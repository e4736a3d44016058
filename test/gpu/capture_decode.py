"""Captures a decode step of a ready bundle in a CUDA graph, at true size, with memory in place of weights. Exits with 1
where the step asks for something that no capture may contain.

capture_decode.py BUNDLE [--plant-read]: with a read by the host in it, which must be noticed
"""

import json
import sys
from pathlib import Path

import torch

from export.packs import fill_packs

ROWS = 4


def load(bundle: Path):
    torch._C._jit_set_profiling_mode(False)
    torch._C._jit_set_texpr_fuser_enabled(False)
    manifest = json.loads((bundle / "manifest.json").read_text())
    module, dtype = torch.jit.load(str(bundle / manifest["program"]["file"])), manifest["dtype"]
    kept = tuple(manifest["weights"]["float32"]) if dtype == "float16" else ()

    def put(part, prefix):
        for name, parameter in list(part.named_parameters(recurse=False)):
            wide = bool(kept) and (prefix + name).startswith(kept)
            kind = torch.float32 if wide else getattr(torch, dtype)
            part._c.setattr(name, torch.empty(parameter.shape, dtype=kind, device="cuda"))
        for name, child in part.named_children():
            put(child, f"{prefix}{name}.")

    put(module, "")
    fill_packs(module, manifest["weights"].get("packs", {}))
    return module, manifest["cache"], getattr(torch, dtype)


@torch.inference_mode()
def main() -> int:
    module, cache, dtype = load(Path(sys.argv[1]))
    shape = (cache["layers"], ROWS + 1, cache["positions"], cache["heads"], cache["head_dim"])
    keys, values = (torch.empty(shape, dtype=dtype, device="cuda") for _ in range(2))
    count = len(module.decode.schema.arguments) - 3  # without self and the caches
    columns = torch.zeros(count, ROWS, dtype=torch.long, device="cuda").unbind()

    def step():
        logits = module.decode(*columns, keys, values)
        if "--plant-read" in sys.argv:
            int(logits.argmax())

    step()  # makes the handles that must not be made during the capture
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            step()
    except RuntimeError as refused:
        print(str(refused).strip().splitlines()[0], file=sys.stderr)
        return 1
    graph.replay()
    return 0


if __name__ == "__main__":
    sys.exit(main())
