"""Programs on a GPU that is not there: all that they make is on the GPU, and nothing is read back, so that a step can
be queued, or captured in a graph, without a wait. Every program that the repository holds, at its true size."""

from collections import Counter
from pathlib import Path

import pytest
import torch

from export.__main__ import main as export_main
from fake_gpu import fake_gpu, put_weights, run_everything
from program_code import edit_program, plant
from slot_engine import read_manifest
from tiny_models import MAKERS

HELD = sorted(file.parent for file in (Path(__file__).resolve().parents[2] / "models").glob("*/program.pt"))
INNER = {"forward", "place"}  # methods that no one calls from outside, or on the CPU only
FLASH = "aten::_flash_attention_forward"

torch.set_num_threads(1)
torch._C._jit_set_profiling_mode(False)  # as the C++ side runs it

# As TorchScript writes them, with the operator where each is stopped. The condition keeps them: what nobody looks at
# would be dropped.
KEEP = "    if {}:\n      pass\n    else:\n      ops.prim.RaiseException('planted')\n"
FAULTS = {
    "a number is read": ("torch.ge(int(torch.max(planted)), -1)", "aten::item"),
    "a truth is read": ("bool(torch.any(torch.eq(planted, planted)))", "aten::item"),
    "a list is read": (
        "torch.ge(torch.len(annotate(List[int], torch.to(torch.flatten(planted), 4).tolist())), 0)",
        "aten::to.dtype_layout",
    ),
    "places are counted": ("torch.ge(torch.size(torch.nonzero(planted), 0), 0)", "aten::nonzero"),
    "a tensor is made on the CPU": ("torch.ge(torch.size(torch.zeros([2]), 0), 0)", "aten::zeros"),
    "a tensor goes to the CPU": (
        'torch.ge(torch.size(torch.to(planted, torch.device("cpu")), 0), 0)',
        "aten::to.dtype_layout",
    ),
}


@pytest.fixture(scope="module", params=MAKERS)
def tiny(request, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    snapshot = MAKERS[request.param](folder / "snapshot", 1)
    assert export_main([str(snapshot), str(folder / "bundle")]) == 0
    return folder / "bundle"


def run_bundle(bundle: Path, dtype: torch.dtype) -> Counter:
    """The operators."""
    manifest, program = read_manifest(bundle), torch.jit.load(bundle / "program.pt")
    with torch.inference_mode(), fake_gpu() as watched:
        put_weights(program, manifest, dtype)
        done = [method for (method, _), _ in run_everything(program, manifest, dtype)]
    assert set(done) == set(program._c._method_names()) - INNER
    return watched.operators


@pytest.mark.parametrize("bundle", HELD, ids=lambda bundle: bundle.name)
def test_everything_happens_on_the_gpu(bundle):
    operators = run_bundle(bundle, torch.float16)
    assert (operators[FLASH] > 0) == (read_manifest(bundle)["kind"] == "captioner")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_fresh_from_the_exporter(tiny, dtype):
    """Flash attention knows only 16 bits."""
    uses_flash = dtype != torch.float32 and read_manifest(tiny)["kind"] == "captioner"
    assert (run_bundle(tiny, dtype)[FLASH] > 0) == uses_flash


@pytest.mark.parametrize("fault", FAULTS)
def test_what_happens_elsewhere_is_found(tiny, fault):
    """Planted in each method."""
    condition, stopped_at = FAULTS[fault]
    manifest, program = read_manifest(tiny), torch.jit.load(tiny / "program.pt")
    plants = [plant(KEEP.format(condition), method) for method in set(program._c._method_names()) - INNER]
    wrong = torch.jit.load(edit_program(tiny / "program.pt", *plants))
    with torch.inference_mode(), fake_gpu() as watched:
        put_weights(program, manifest, torch.float16)
        put_weights(wrong, manifest, torch.float16)
        for (method, arguments), _ in run_everything(program, manifest, torch.float16):
            with pytest.raises(RuntimeError):
                getattr(wrong, method)(*arguments)
            assert watched.last == stopped_at
