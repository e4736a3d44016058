"""What the demo models learn from: the same pictures, positions and texts as when they are asked."""

import random

import pytest
import torch
from PIL import Image
from transformers.models.llava_next.modeling_llava_next import select_best_resolution

from parity.rounding import ROUNDING, apart
from scenes import caption_changes
from scenes import check as check_scenes
from scenes import draw as scenes
from scenes import questions as sq
from scenes.models import clip as demo_clip
from scenes.models import llava_next as demo
from scenes.train import llava_next_batches as batches
from scenes.train.llava_next import Trainee

SIZES = [size for sizes in sq.SIZES.values() for size in sizes]


@pytest.fixture(scope="module")
def tokenizer():
    return demo.make_tokenizer()


@pytest.fixture(scope="module")
def processor(tokenizer):
    return demo.make_processor(tokenizer)


@pytest.mark.parametrize("size", [*SIZES, (37, 50), (301, 77), (640, 480), (61, 400)])
def test_tiles_and_their_count_are_the_processors(processor, size):
    rng = random.Random(2)
    image = Image.frombytes("RGB", size, rng.randbytes(size[0] * size[1] * 3))
    inputs = processor(images=image, text="<image>", return_tensors="pt")
    assert torch.equal(batches.normalised(batches.cut_tiles([image])), inputs["pixel_values"][0])
    count = int((inputs["input_ids"] == demo.IMAGE).sum())
    assert batches.image_tokens(size[1], size[0]) == count


def test_best_size_is_the_librarys():
    rng = random.Random(3)
    for _ in range(2000):
        size = rng.randint(1, 900), rng.randint(1, 900)
        assert batches.best_size(*size) == tuple(select_best_resolution(size, demo.PINPOINTS))


@pytest.mark.parametrize("size", SIZES)
def test_packed_questions_give_the_logits_of_lone_ones(tokenizer, processor, size):
    torch.manual_seed(4)
    model = demo.make_model(demo.make_config()).eval()
    rng = random.Random(4)
    drawn = [sq.draw_scene(rng, size) for _ in range(2)]
    questions = [sq.ask_all(scene.content, rng) for scene in drawn]
    lone = []
    with torch.no_grad():
        for scene, asked in zip(drawn, questions):
            for question in asked:
                text = f"{demo.dialogue(question.prompt)} {question.answer}</s>"
                said = len(tokenizer(f" {question.answer}</s>", add_special_tokens=False).input_ids)
                inputs = processor(images=scene.image, text=text, return_tensors="pt")
                lone.append(model(**inputs).logits[0, -said - 1 : -1])
        packed = Trainee(model)(batches.Packer(tokenizer).pack(drawn, questions))
    assert apart(packed, torch.cat(lone)) < ROUNDING


def test_chat_template_writes_the_dialogue(processor):
    content = [{"type": "image"}, {"type": "text", "text": "How many stars are there?"}]
    text = processor.apply_chat_template([{"role": "user", "content": content}])
    assert text == demo.dialogue("How many stars are there?")


@pytest.mark.parametrize("text", ["Größe? 你好 \U0001f600", "zq\t\n#{}", ""])
def test_any_prompt_has_tokens(tokenizer, text):
    ids = tokenizer(text).input_ids
    assert demo.UNKNOWN not in ids
    assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_tokens_fit_the_embedding(tokenizer):
    assert len(tokenizer) <= demo.VOCABULARY


def test_clip_knows_every_text_and_ends_it_once():
    tokenizer = demo_clip.make_tokenizer()
    for text in ("a red star", "Zürich 10€", "?!", "\U0001f600x"):
        ids = tokenizer(text).input_ids
        assert ids[0] == tokenizer.bos_token_id
        assert [number for number, token in enumerate(ids) if token == tokenizer.eos_token_id] == [len(ids) - 1]
    assert tokenizer.eos_token_id == len(tokenizer) - 1  # the highest, as where it is looked for by its size


def test_captions_are_read_as_they_are_written():
    rng = random.Random(6)
    for _ in range(200):
        caption = scenes.draw_scene(rng).caption
        assert caption_changes.write(*caption_changes.read(caption)) == caption


def test_a_changed_caption_is_another_caption_of_the_same_form():
    rng = random.Random(7)
    for _ in range(500):
        caption = scenes.draw_scene(rng).caption
        other = caption_changes.changed(caption, rng)
        assert other != caption
        assert caption_changes.write(*caption_changes.read(other)) == other


def results(right, wrong, kind):
    return [check_scenes.Result(kind, n < right, "said", "meant") for n in range(right + wrong)]


def test_enough_right_answers_of_each_kind_pass(capsys):
    assert check_scenes.report(results(95, 5, "count") + results(100, 0, "text"), 0.95)
    assert capsys.readouterr().out.splitlines()[-3:] == ["count 95/100", "text 100/100", "exact 195/200"]


def test_too_few_of_one_kind_fail_however_many_there_are_of_others():
    assert not check_scenes.report(results(94, 6, "count") + results(900, 0, "text"), 0.95)


def test_the_kinds_of_questions_take_turns():
    asked = check_scenes.draw_questions(random.Random(8), 14)
    assert [one.kind for one in asked] == list(sq.KINDS) * 2
