"""What the demo Qwen3-VL learns from: the same pixels, tokens and places as when it is asked."""

import random

import numpy as np
import pytest
import torch
from PIL import Image
from transformers.video_utils import VideoMetadata

from parity.rounding import ROUNDING, apart
from scenes import check as check_scenes
from scenes import films
from scenes.models import qwen3_vl as demo
from scenes.train import qwen3_vl_batches as batches
from scenes.train.qwen3_vl import Trainee


@pytest.fixture(scope="module")
def tokenizer():
    return demo.make_tokenizer()


@pytest.fixture(scope="module")
def processor(tokenizer):
    return demo.make_processor(tokenizer)


def test_sizes_are_the_processors(processor):
    rng = random.Random(1)
    for _ in range(100):
        width, height, frames = rng.randint(20, 400), rng.randint(20, 400), rng.randint(2, 16)
        image = processor.image_processor(Image.new("RGB", (width, height)), return_tensors="pt")
        film = torch.zeros(frames, 3, height, width, dtype=torch.uint8)
        film = processor.video_processor(film, return_tensors="pt", do_sample_frames=False)
        for grid, pixels, count in (
            (image["image_grid_thw"], demo.PICTURE_PIXELS, 1),
            (film["video_grid_thw"], demo.FILM_PIXELS, frames),
        ):
            sides = (int(side) * demo.PATCH for side in grid[0, 1:])
            assert tuple(sides) == demo.fit(height, width, pixels, count)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(4)
    return demo.make_model(demo.make_config()).eval()


def asked(processor, kind, prompt):
    content = [{"type": kind}, {"type": "text", "text": prompt}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    return text.replace("<|vision_start|><|video_pad|><|vision_end|>", "<|video_pad|>")  # as parity/films.py does


def logits(model, inputs, said):
    with torch.no_grad():
        return model(**inputs).logits[0, -said - 1 : -1]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_batch_of_pictures_gives_the_librarys_logits(monkeypatch, tokenizer, processor, model, seed):
    drawn, draw = [], batches.draw_scene
    monkeypatch.setattr(batches, "draw_scene", lambda *given: drawn.append(draw(*given)) or drawn[-1])
    monkeypatch.setattr(batches, "DAMAGED_PICTURES", 0)
    prompt = demo.PICTURE_PROMPTS[0]
    batch = batches.Packer(tokenizer).pack_pictures(random.Random(seed), 3, prompt)
    with torch.no_grad():
        packed = Trainee(model)(batch)
    for scene, ours in zip(drawn, packed):
        said = len(tokenizer(scene.caption).input_ids) + 1
        text = asked(processor, "image", prompt) + scene.caption + demo.TURN_END
        assert (
            apart(ours[:said], logits(model, processor(images=scene.image, text=text, return_tensors="pt"), said))
            < ROUNDING
        )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_batch_of_films_gives_the_librarys_logits(monkeypatch, tokenizer, processor, model, seed):
    drawn, draw = [], batches.draw_film
    monkeypatch.setattr(batches, "draw_film", lambda *given: drawn.append(draw(*given)) or drawn[-1])
    monkeypatch.setattr(batches, "DAMAGED_FILMS", 0)
    prompt = demo.FILM_PROMPTS[0]
    batch = batches.Packer(tokenizer).pack_films(random.Random(seed), 3, prompt)
    with torch.no_grad():
        packed = Trainee(model)(batch)
    for film, ours in zip(drawn, packed):
        said = len(tokenizer(film.caption).input_ids) + 1
        times = films.chosen_times(film)
        frames = torch.stack([torch.from_numpy(np.array(film.frame(time))) for time in times])
        inputs = processor(
            videos=frames.permute(0, 3, 1, 2),
            text=asked(processor, "video", prompt) + film.caption + demo.TURN_END,
            video_metadata=VideoMetadata(total_num_frames=len(times), fps=1.0, frames_indices=list(times)),
            do_sample_frames=False,
            return_tensors="pt",
        )
        assert apart(ours[:said], logits(model, inputs, said)) < ROUNDING


def test_all_films_of_a_batch_have_the_chosen_number_of_frames():
    for seed in range(200):
        rng = random.Random(seed)
        rate, frames = rng.choice(batches.FILM_RATES), rng.choice(batches.COUNTS)
        seconds = batches.seconds_for(frames, rate)
        assert {len(films.chosen_times(films.draw_film(rng, (64, 64), rate, seconds))) for _ in range(4)} == {frames}


def test_the_words_of_the_captions_are_tokens_of_their_own(tokenizer):
    for word in (*films.DIRECTIONS, *films.SHAPES, *films.COLOURS, "moves", "then", "background", "bottom"):
        assert len(tokenizer(f" {word}").input_ids) == len(word.split())
    assert len(tokenizer) <= demo.VOCABULARY


def results(right, wrong, kind):
    return [check_scenes.Result(kind, n < right, "said", "meant") for n in range(right + wrong)]


def test_of_films_fewer_need_be_right_than_of_scenes():
    assert check_scenes.report(results(95, 5, "scene") + results(90, 10, "film"), None)
    assert not check_scenes.report(results(94, 6, "scene") + results(100, 0, "film"), None)
    assert not check_scenes.report(results(100, 0, "scene") + results(89, 11, "film"), None)
    assert not check_scenes.report(results(100, 0, "scene") + results(90, 10, "film"), 0.95)
