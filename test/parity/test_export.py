"""Exported programs against transformers, on random tiny models, and the manners of `scripts/export`."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from bundle_twin import pixels
from export.__main__ import main as export_main
from exporting import change, refusal
from parity import reference
from parity.rounding import ROUNDING, apart
from pictures import draw_pictures
from slot_engine import Request, SlotEngine, load_program, read_manifest
from tiny_models import make_blip2

ROOT = Path(__file__).resolve().parents[2]
SEEDS = [1, 2, 4, 5]
PROMPTS = ["a photo of", "", "Question: how many? Answer:"]
PICTURES = 5

torch.set_num_threads(1)
torch._C._jit_set_profiling_mode(False)  # as the C++ side runs it
torch.set_grad_enabled(False)


class Case:
    """A random model, its bundle and some pictures."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.snapshot = make_blip2(folder / "snapshot", seed)
        self.bundle = folder / "bundle"
        assert export_main([str(self.snapshot), str(self.bundle)]) == 0
        self.program = load_program(self.bundle)
        self.pictures = draw_pictures(PICTURES, seed)

    def embeds(self, picture: Image.Image, prompt: str) -> torch.Tensor:
        features = self.program.encode(reference.pixel_values(self.snapshot, picture))
        return self.program.embed(reference.prompt_ids(self.snapshot, prompt)[0], features[0])

    def engine(self, slots: int) -> SlotEngine:
        return SlotEngine(self.bundle, self.program, slots)


@pytest.fixture(scope="module", params=SEEDS)
def case(request, tmp_path_factory) -> Case:
    return Case(tmp_path_factory.mktemp(f"model-{request.param}"), request.param)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory) -> Path:
    return make_blip2(tmp_path_factory.mktemp("model") / "snapshot", 7)


def reference_features(model, pixels: torch.Tensor) -> torch.Tensor:
    picture = model.vision_model(pixels).last_hidden_state
    queries = model.query_tokens.expand(pixels.size(0), -1, -1)
    seen = model.qformer(query_embeds=queries, encoder_hidden_states=picture).last_hidden_state
    return model.language_projection(seen.to(picture.dtype))


def test_features_are_bit_equal(case):
    model = reference.load_model(str(case.snapshot))
    pixels = torch.cat([reference.pixel_values(case.snapshot, picture) for picture in case.pictures])
    assert torch.equal(case.program.encode(pixels), reference_features(model, pixels))


def test_the_manifest_gives_the_references_pixels(case):
    image = read_manifest(case.bundle)["image"]
    for picture in case.pictures:
        assert torch.equal(pixels(image, picture), reference.pixel_values(case.snapshot, picture))


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_tokens_of_lone_rows(case, prompt):
    expected = reference.generate_reference(case.snapshot, case.pictures, prompt, 24, 3)
    engine = case.engine(slots=2)
    for picture, tokens in zip(case.pictures, expected):
        request = Request(case.embeds(picture, prompt))
        assert engine.serve([request], 24, 3, random.Random(0)) == [tokens]


@pytest.mark.parametrize("joins", ["together", "one by one", "by chance"])
def test_greedy_tokens_with_neighbours(case, joins):
    """Ragged prompts, slots in random order and used again, rows shuffled in each step."""
    rng = random.Random(joins)
    work = [(picture, prompt) for picture in case.pictures for prompt in PROMPTS]
    expected = [reference.generate_reference(case.snapshot, [picture], prompt, 24)[0] for picture, prompt in work]
    when = {"together": lambda i: 0, "one by one": lambda i: i, "by chance": lambda i: rng.randrange(20)}[joins]
    requests = [Request(case.embeds(*one), when(i)) for i, one in enumerate(work)]
    assert case.engine(slots=4).serve(requests, 24, 0, rng) == expected


@pytest.mark.parametrize("slots", [[0, 1, 2], [2, 0, 1], [3, 4, 2], [4, 0, 2], [5, 3, 0]])
@pytest.mark.parametrize("prompts", [PROMPTS[:1] * 3, PROMPTS], ids=["one position", "ragged"])
def test_a_row_does_not_depend_on_its_place(case, slots, prompts):
    """Slots in a range or not, in order or not: each arrangement has its own way through the program."""
    embeds = [case.embeds(picture, prompt) for picture, prompt in zip(case.pictures, prompts)]
    lone, together = case.engine(slots=6), case.engine(slots=6)
    expected = []
    for one in embeds:
        lone.prefill([one], [0])
        expected.append(lone.decode([7], [one.size(0)], [one.size(0)], [0])[0])
    together.prefill(embeds, slots)
    untouched = [slot for slot in range(7) if slot not in slots]
    lengths = [one.size(0) for one in embeds]
    found = together.decode([7] * 3, lengths, lengths, slots)
    assert apart(found, torch.stack(expected)) < ROUNDING
    assert not together.k_cache[:, untouched].any() and not together.v_cache[:, untouched].any()


@pytest.mark.parametrize("beams, most, least", [(2, 24, 0), (3, 24, 8), (3, 1, 0), (4, 12, 12)])
def test_beams_and_their_scores(case, beams, most, least):
    for picture in case.pictures[:3]:
        expected, largest = reference.reference_scores(case.snapshot, picture, PROMPTS[0], most, least, beams)
        found = case.engine(beams).search(case.embeds(picture, PROMPTS[0]), beams, most, least)
        assert [tokens for tokens, _ in found] == [tokens for tokens, _ in expected]
        assert apart([score for _, score in found], [score for _, score in expected], largest) < ROUNDING


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(snapshot, tmp_path, dtype):
    """The same program; features as near to the reference's as its own rounding, and decoding works."""
    assert export_main([str(snapshot), str(tmp_path / "half"), "--dtype", dtype]) == 0
    assert export_main([str(snapshot), str(tmp_path / "full")]) == 0
    manifest = read_manifest(tmp_path / "half")
    assert manifest["program"] == read_manifest(tmp_path / "full")["program"]
    assert manifest["weights"]["float32"] == (["query_tokens", "qformer."] if dtype == "float16" else [])

    program = load_program(tmp_path / "half")
    model = reference.load_model(str(snapshot), getattr(torch, dtype))
    ours, theirs = dict(program.named_parameters()), dict(model.named_parameters())
    assert all(ours[name].dtype == theirs[name].dtype for name in theirs if name in ours)

    pixels = reference.pixel_values(snapshot, draw_pictures(1, 0)[0])
    features = program.encode(pixels)
    assert features.dtype == getattr(torch, dtype)
    assert torch.equal(features, reference_features(model, pixels))

    embeds = program.embed(reference.prompt_ids(snapshot, PROMPTS[0])[0], features[0])
    engine = SlotEngine(tmp_path / "half", program, slots=3)
    for slots in ([2], [0, 1], [2, 0]):
        logits = engine.prefill([embeds] * len(slots), slots)
        assert logits.dtype == torch.float32
        lengths = [embeds.size(0)] * len(slots)
        assert engine.decode([5] * len(slots), lengths, lengths, slots).isfinite().all()


def test_the_manifest(case):
    manifest = read_manifest(case.bundle)
    config = json.loads((case.snapshot / "config.json").read_text())
    text = config["text_config"]
    assert list(manifest) == [
        "manifest_version", "name", "family", "kind", "dtype", "source", "program", "tokenizer",
        "weights", "image", "text", "cache", "generation",
    ]  # fmt: skip
    assert (manifest["manifest_version"], manifest["name"], manifest["family"]) == (2, "bundle", "blip2-opt")
    assert (manifest["kind"], manifest["source"], manifest["image"]["recipe"]) == ("captioner", None, "stretch")
    assert manifest["weights"]["folder"] == str(case.snapshot)
    assert manifest["weights"]["ties"] == {
        "language_model.lm_head.weight": "language_model.model.decoder.embed_tokens.weight"
    }
    assert manifest["text"] == {
        "template": "{prompt}",
        "image_text": "",
        "default_prompt": "a photo of",
        "placement": "before",
        "image_token": config["image_token_index"],
        "image_tokens": config["num_query_tokens"],
        "special_tokens": True,
        "prefix": [],
        "suffix": [],
        "history": "all",
        "bos": 2,
        "eos": [text["eos_token_id"]],
        "pad": 1,
        "vocabulary": text["vocab_size"],
    }
    assert manifest["cache"] == {
        "layers": text["num_hidden_layers"],
        "heads": text["num_attention_heads"],
        "head_dim": text["hidden_size"] // text["num_attention_heads"],
        "positions": min(256, text["max_position_embeddings"]),
    }
    for part in (manifest["program"], manifest["tokenizer"]):
        assert part["sha256"] == hashlib.sha256((case.bundle / part["file"]).read_bytes()).hexdigest()
    (weights,) = manifest["weights"]["files"]
    content = (case.snapshot / weights["file"]).read_bytes()
    assert (weights["bytes"], weights["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_foreign_folder_gets_no_weights(case):
    assert sorted(file.name for file in case.bundle.iterdir()) == ["manifest.json", "program.pt", "tokenizer.json"]
    assert (case.bundle / "program.pt").stat().st_size < 200_000


def copy_of(snapshot: Path, folder: Path, *without: str) -> Path:
    return Path(shutil.copytree(snapshot, folder / "copy", ignore=shutil.ignore_patterns(*without)))


def test_a_snapshot_can_be_its_own_bundle(snapshot, tmp_path):
    home = copy_of(snapshot, tmp_path)
    tokenizer = (home / "tokenizer.json").stat()
    assert export_main([str(home), str(home), "--name", "demo"]) == 0
    manifest = read_manifest(home)
    assert (manifest["name"], manifest["weights"]["folder"]) == ("demo", ".")
    assert (home / "tokenizer.json").stat().st_mtime_ns == tokenizer.st_mtime_ns
    moved = home.rename(tmp_path / "moved")
    load_program(moved)


def test_a_snapshot_may_bring_words_for_presets(capsys, snapshot, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(snapshot, own)
    (own / "presets.json").write_text('{"alt_text": "Describe it."}')
    assert export_main([str(own), str(tmp_path / "bundle")]) == 0
    assert read_manifest(tmp_path / "bundle")["text"]["presets"] == {"alt_text": "Describe it."}
    for wrong in ('{"poem": "Rhyme."}', '{"tags": 1}', "[]", "{"):
        (own / "presets.json").write_text(wrong)
        assert export_main([str(own), str(tmp_path / "bundle")]) == 1
        assert "presets.json" in capsys.readouterr().err


def test_the_list_of_ends_and_the_inner_generation_rules(snapshot, tmp_path):
    """The reference takes the ends from text_config, and drops whatever else is said there or in
    generation_config.json."""
    home = copy_of(snapshot, tmp_path)
    change(home / "config.json", lambda config: config["text_config"].update(eos_token_id=[9, 11], length_penalty=0.5))
    change(home / "generation_config.json", lambda config: config.update(eos_token_id=7, length_penalty=2.0))
    assert export_main([str(home), str(home)]) == 0
    manifest = read_manifest(home)
    inner = reference.load_model(str(home)).language_model.generation_config
    assert manifest["text"]["eos"] == inner.eos_token_id == [9, 11]
    assert inner.length_penalty is None and manifest["generation"]["length_penalty"] == 1.0


def test_shards_and_links(snapshot, tmp_path):
    """The layout of Hugging Face's cache: shards with an index, each a link to a blob."""
    home = copy_of(snapshot, tmp_path, "model.safetensors")
    reference.load_model(str(snapshot)).save_pretrained(tmp_path / "sharded", max_shard_size="100KB")
    (tmp_path / "blobs").mkdir()
    names = sorted(file.name for file in (tmp_path / "sharded").glob("*.safetensors"))
    assert len(names) > 1
    for number, name in enumerate(names):
        (tmp_path / "sharded" / name).rename(tmp_path / "blobs" / str(number))
        (home / name).symlink_to(Path("../blobs") / str(number))
    shutil.copy(tmp_path / "sharded/model.safetensors.index.json", home)
    assert export_main([str(home), str(tmp_path / "bundle")]) == 0
    weights = read_manifest(tmp_path / "bundle")["weights"]
    assert [file["file"] for file in weights["files"]] == names
    assert weights["files"][0]["bytes"] == (tmp_path / "blobs/0").stat().st_size
    load_program(tmp_path / "bundle")


def test_what_is_no_snapshot(capsys, snapshot, tmp_path):
    bundle = tmp_path / "bundle"
    assert "there is no folder" in refusal(capsys, tmp_path / "nowhere", bundle)
    assert "is not a folder" in refusal(capsys, snapshot / "config.json", bundle)
    assert "has no config.json" in refusal(capsys, tmp_path, bundle)
    (tmp_path / "snapshots/abc").mkdir(parents=True)
    (tmp_path / "snapshots/abc/config.json").write_text("{}")
    assert "did you mean" in refusal(capsys, tmp_path, bundle)


@pytest.mark.parametrize(
    "edit, expected",
    [
        (
            lambda c: c.update(model_type="dog"),
            'model_type "dog", which is not known; the known types are: blip-2 with opt',
        ),
        (lambda c: c.pop("model_type"), "model_type null"),
        (lambda c: c.update(model_type="gpt2"), "type gpt2, which cannot be exported yet; the known types are: blip-2"),
        (lambda c: c["text_config"].update(model_type="gptj"), "blip-2 with gptj, which cannot be exported yet"),
        (lambda c: c["text_config"].update(activation_function="gelu"), "text_config.activation_function 'gelu'"),
        (lambda c: c["vision_config"].update(image_size=8), "the vision model in config.json takes 8x8"),
        (lambda c: c["text_config"].update(num_hidden_layers=9), "the weights lack language_model."),
        (lambda c: c["text_config"].update(ffn_dim=8), "has the shape"),
        (
            lambda c: c["text_config"].update(eos_token_id=[3, 70000]),
            "eos_token_id 70000, which is not in the vocabulary",
        ),
        (lambda c: c["text_config"].update(eos_token_id=None), "no caption would ever end"),
        (lambda c: c.update(image_token_index=None), "has no image_token_index"),
        (lambda c: c.update(text_config="dog"), "config.json cannot be used"),
    ],
)
def test_configs_that_are_refused(capsys, snapshot, tmp_path, edit, expected):
    home = copy_of(snapshot, tmp_path)
    change(home / "config.json", edit)
    assert expected in refusal(capsys, home, tmp_path / "bundle")


@pytest.mark.parametrize(
    "missing, expected",
    [
        (["tokenizer.json"], "has no tokenizer.json; make it with"),
        (["preprocessor_config.json", "processor_config.json"], "has no preprocessor_config.json"),
        (["model.safetensors"], "has no weights"),
    ],
)
def test_files_that_are_missing(capsys, snapshot, tmp_path, missing, expected):
    home = copy_of(snapshot, tmp_path, *missing)
    assert expected in refusal(capsys, home, tmp_path / "bundle")


def test_files_that_are_damaged_or_old(capsys, snapshot, tmp_path):
    home, bundle = copy_of(snapshot, tmp_path), tmp_path / "bundle"
    content = (home / "model.safetensors").read_bytes()
    (home / "model.safetensors").write_bytes(content[:1000])
    assert "model.safetensors is damaged" in refusal(capsys, home, bundle)
    (home / "model.safetensors").rename(home / "pytorch_model.bin")
    assert "only as pytorch_model.bin, and safetensors are needed; convert" in refusal(capsys, home, bundle)
    (home / "config.json").write_text("{")
    assert "config.json cannot be read" in refusal(capsys, home, bundle)


def test_the_script_keeps_the_callers_folder(snapshot, tmp_path):
    home = copy_of(snapshot, tmp_path)
    environment = os.environ | {"VIGNETTE_PYTHON": sys.executable}
    command = [ROOT / "scripts/export", home.name, "made/bundle", "--dtype", "float16"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "next: vignette caption --model made/bundle picture.jpg"
    assert read_manifest(tmp_path / "made/bundle")["weights"]["folder"] == str(home)
