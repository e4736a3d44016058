"""Pictures of Video-LLaVA against transformers, on random tiny models: pixels as Pillow makes them, ids, features and
captions; and what its export writes and refuses. Its films are in test_square_films.py."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import VideoLlavaImageProcessor

from bundle_twin import pixels, prompt_embeds, prompt_ids
from exporting import change, check_captions_in_half, copy_without_template, exported, refusal
from film_cases import PROMPTS, SEED, Case, make_case, moved
from parity import reference
from parity.rounding import ROUNDING, apart
from pictures import draw_picture, draw_pictures, draw_sizes
from slot_engine import Prompt, Request
from tiny_models import MAKERS

SEEDS = [2, 3, 5]
# Portrait, landscape, odd sides, enlarged, strips, and the two sides of where Pillow works down first.
SIZES = [(640, 480), (480, 640), (1920, 1080), (1080, 1921), (224, 224), (225, 223), (99, 31), (5, 7), (30, 300)]
SIZES += [(400, 799), (400, 801), (448, 896), (300, 30)]


@pytest.fixture(scope="module", params=SEEDS)
def case(request, tmp_path_factory) -> Case:
    return make_case(tmp_path_factory, "video_llava", request.param)


def drawn(case: Case) -> list:
    return [*case.pictures, *draw_pictures(3, int(case.films[0].times[0]))]


def is_taken(size: tuple[int, int]) -> bool:
    """The reference takes one or three lines for the channels of a picture that is turned."""
    return size[1] not in (1, 3)


def test_pixels_are_bit_equal(case):
    noise = np.random.default_rng(SEED)
    for width, height in filter(is_taken, draw_sizes(80, SEED)):
        picture = draw_picture(noise, width, height)
        expected = reference.pixel_values(case.snapshot, picture)
        assert torch.equal(pixels(case.manifest["image"], picture), expected), (width, height)


def real_recipe() -> dict:
    made = VideoLlavaImageProcessor()
    mean, std = (torch.tensor(values).tolist() for values in (made.image_mean, made.image_std))
    image = {"recipe": "crop", "width": 224, "height": 224, "shortest_edge": 224, "resample": "pillow"}
    return image | {"rescale": made.rescale_factor, "mean": mean, "std": std}


@pytest.mark.parametrize("width, height", SIZES)
def test_pixels_of_the_real_recipe(width, height):
    picture = draw_picture(np.random.default_rng(1), width, height)
    expected = VideoLlavaImageProcessor()(picture, return_tensors="pt")["pixel_values_images"]
    assert torch.equal(pixels(real_recipe(), picture), expected)


def test_torchs_pixels_would_be_others():
    """Else Pillow's resampling would be for nothing."""
    picture = draw_picture(np.random.default_rng(1), 640, 480)
    ours, torchs = pixels(real_recipe(), picture), pixels(real_recipe() | {"resample": "bicubic"}, picture)
    assert not torch.equal(torchs, ours) and apart(torchs, ours) < 0.1


def test_the_prompts_ids_are_the_references(case):
    for count, prompt in zip([1, 2, 3], PROMPTS):
        pictures = drawn(case)[:count]
        expected = reference.make_inputs(case.snapshot, pictures, prompt)["input_ids"][0]
        assert torch.equal(prompt_ids(case.bundle, pictures, prompt), expected)


def test_features_have_no_class_token(case):
    model = reference.load_model(str(case.snapshot))
    for picture in drawn(case):
        made = reference.pixel_values(case.snapshot, picture)
        found, expected = case.program.encode(made), model.get_image_features(made).pooler_output
        assert found.shape == expected.shape and found.shape[1] == case.manifest["text"]["image_tokens"]
        assert apart(found, expected) < ROUNDING


def test_greedy_tokens_with_neighbours(case):
    """Prompts of one to three pictures join at any time."""
    rng, pictures = random.Random(SEED), drawn(case)
    work = [([picture], prompt) for picture in pictures for prompt in PROMPTS]
    work += [(pictures[:2], PROMPTS[0]), (pictures[2:5], PROMPTS[2])]
    expected = [reference.generate_reference(case.snapshot, [seen], prompt, 24)[0] for seen, prompt in work]
    requests = [Request(prompt_embeds(case.bundle, case.program, *one), rng.randrange(20)) for one in work]
    assert case.engine(slots=4).serve(requests, 24, 0, rng) == expected
    assert len({tuple(tokens) for tokens in expected}) >= 5, "else this would prove little"


@pytest.mark.parametrize("beams, most, least", [(2, 24, 0), (3, 24, 8), (5, 12, 0)])
def test_beams_and_their_scores(case, beams, most, least):
    for pictures in (case.pictures[:1], drawn(case)[1:3]):
        expected, largest = reference.reference_scores(case.snapshot, pictures, PROMPTS[0], most, least, beams)
        embeds = prompt_embeds(case.bundle, case.program, pictures, PROMPTS[0])
        found = case.engine(beams).search(embeds, beams, most, least)
        assert [tokens for tokens, _ in found] == [tokens for tokens, _ in expected]
        assert apart([score for _, score in found], [score for _, score in expected], largest) < ROUNDING


def test_pictures_through_the_films_tower_would_be_found(case):
    """Else the tests would prove little."""

    def right(case: Case, picture) -> Prompt:
        return case.prompt([picture], PROMPTS[0])

    def mistaken(case: Case, picture) -> Prompt:
        seen = case.program.encode_frames(pixels(case.manifest["image"], picture)[None])[0, 1:]
        ids = prompt_ids(case.bundle, [picture], PROMPTS[0])
        return Prompt(case.program.embed(ids, seen), None, tuple(ids.tolist()))

    for picture in case.pictures:
        assert moved(case, picture, right, mistaken) > 30 * ROUNDING


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(case, tmp_path, dtype):
    check_captions_in_half(case, tmp_path, dtype, case.pictures, PROMPTS[0])


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory) -> Path:
    return MAKERS["video_llava"](tmp_path_factory.mktemp("model") / "snapshot", 9)


@pytest.fixture
def home(snapshot, tmp_path) -> Path:
    return copy_without_template(snapshot, tmp_path / "copy")


def change_pictures(home: Path, **values) -> None:
    change(home / "processor_config.json", lambda one: one["image_processor"].update(values))
    change(home / "preprocessor_config.json", lambda one: one.update(values))


def test_the_manifest(home, tmp_path):
    manifest, config = exported(home, tmp_path / "bundle"), json.loads((home / "config.json").read_text())
    side = config["vision_config"]["image_size"]
    patches = side // config["vision_config"]["patch_size"]
    image, film, text = manifest["image"], manifest["film"], manifest["text"]
    assert (manifest["family"], manifest["kind"]) == ("video_llava", "captioner")
    assert (image["recipe"], image["resample"], image["rescale"]) == ("crop", "pillow", 0.00392156862745098)
    assert max(image["std"]) < 1 and min(film["std"]) > 60, "those of films have the factor in them"
    assert text["template"] == "USER: {images}{prompt} ASSISTANT:"
    assert (text["image_text"], text["image_tokens"]) == ("<image>\n", patches**2)
    assert text["image_token"] == config["image_token_index"] == film["token"] - 1
    assert (film["text"], film["group_text"], film["frames"]) == ("{groups}\n", "<video>", 1)
    assert film["group_tokens"] == patches**2 + 1, "with the class token"
    assert film["tokens_max"] == manifest["cache"]["positions"] - 256 - 128 >= 8 * film["group_tokens"]


def test_a_film_has_the_pictures_processor_where_it_has_none(home, tmp_path):
    """As in the published snapshot of 2024."""
    film = exported(home, tmp_path / "with")["film"]
    (home / "processor_config.json").unlink()
    assert exported(home, tmp_path / "without")["film"] == film


@pytest.mark.parametrize(
    "part, edit, expected",
    [
        ("text_config", {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, "'linear'"),
        ("vision_config", {"hidden_act": "relu"}, "vision_config.hidden_act 'relu'"),
        (None, {"vision_feature_select_strategy": "full"}, "vision_feature_select_strategy 'full'"),
        (None, {"video_token_index": 70000}, "video_token_index 70000, which is not in the vocabulary"),
        ("text_config", {"max_position_embeddings": 20}, "leave no room for words"),
    ],
)
def test_configs_that_are_refused(capsys, home, tmp_path, part, edit, expected):
    change(home / "config.json", lambda config: (config[part] if part else config).update(edit))
    assert expected in refusal(capsys, home, tmp_path / "bundle")


@pytest.mark.parametrize(
    "values, expected",
    [
        ({"resample": 2}, "has resample 2"),
        ({"do_rescale": False}, "has do_rescale off"),
        ({"size": {"shortest_edge": 3}}, "has the shortest edge 3, less than"),
        ({"size": {"height": 64, "width": 64}}, "must be a shortest_edge"),
        ({"image_mean": [0.1, 0.2, 0.3]}, "the video processor has image_mean"),
    ],
)
def test_pictures_that_are_refused(capsys, home, tmp_path, values, expected):
    change_pictures(home, **values)
    assert expected in refusal(capsys, home, tmp_path / "bundle")
