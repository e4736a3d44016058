"""A whole model in the size of a published one, with random weights. The same goes through the C++ program with
scripts/check-parity --family blip-base --seed 1 --count 2."""

import random
import shutil

import torch

from bundle_twin import prompt_embeds
from export.__main__ import main as export_main
from parity import reference
from pictures import draw_pictures
from slot_engine import Request, SlotEngine, load_program
from tiny_models import TRUE_SIZE

PROMPT, MOST = "a photo of", 6

torch.set_num_threads(1)
torch._C._jit_set_profiling_mode(False)  # as the C++ side runs it
torch.set_grad_enabled(False)


def test_blip_base_says_what_the_reference_says(tmp_path):
    snapshot = TRUE_SIZE["blip-base"](tmp_path / "snapshot", 1)
    assert export_main([str(snapshot), str(tmp_path / "bundle")]) == 0
    program, pictures = load_program(tmp_path / "bundle"), draw_pictures(2, 1)
    assert sum(parameter.numel() for parameter in program.parameters()) > 220e6
    requests = [Request(prompt_embeds(tmp_path / "bundle", program, [picture], PROMPT)) for picture in pictures]
    found = SlotEngine(tmp_path / "bundle", program, slots=2).serve(requests, MOST, 0, random.Random(1))
    del program, requests  # a gigabyte
    assert found == reference.generate_reference(snapshot, pictures, PROMPT, MOST)
    reference.load_model.cache_clear()
    shutil.rmtree(snapshot)
