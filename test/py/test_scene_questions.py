"""The drawn scenes with questions: same seed, same scenes; and each answer follows from the picture alone."""

import random
import re
import sys
from pathlib import Path

import pytest

from scenes import block_letters
from scenes import draw as scenes
from scenes import questions as sq

SIZES = [size for sizes in sq.SIZES.values() for size in sizes]


def draw(count, seed):
    """Scenes with a question of each kind."""
    rng = random.Random(seed)
    drawn = [sq.draw_scene(rng) for _ in range(count)]
    return [(scene, sq.ask_all(scene.content, rng)) for scene in drawn]


DRAWN = draw(600, seed=11)
CONTENTS = [scene.content for scene, _ in DRAWN]


def asked(kind):
    return [(scene.content, q) for scene, questions in DRAWN for q in questions if q.kind == kind]


def groups_named(content, words):
    """The groups that these words of a question name."""
    colours = [colour for colour in scenes.COLOURS if colour in words]
    return [
        group
        for group in content.groups
        if (group.shape in words or scenes.plural(group.shape) in words) and (not colours or group.colour in colours)
    ]


def group_named(content, words):
    """The one group that they name, or none; a question that names more is a mistake."""
    found = groups_named(content, words)
    assert len(found) <= 1, (content, words)
    return found[0] if found else None


def words_of(question):
    return question.prompt.rstrip("?.").split()


def test_same_seed_same_scenes_and_questions():
    first, second = draw(10, seed=3), draw(10, seed=3)
    assert [part[1] for part in first] == [part[1] for part in second]
    assert all(a.image.tobytes() == b.image.tobytes() for (a, _), (b, _) in zip(first, second))


def test_other_seed_other_questions():
    assert [part[1] for part in draw(3, seed=3)] != [part[1] for part in draw(3, seed=4)]


def test_all_sizes_are_drawn_and_named():
    assert {scene.image.size for scene, _ in DRAWN} == set(SIZES)
    for scene, _ in DRAWN:
        assert scene.image.size in sq.SIZES[scene.content.framing]


@pytest.mark.parametrize("size", SIZES)
def test_the_asked_size_is_drawn(size):
    assert sq.draw_scene(random.Random(0), size).image.size == size


def test_one_question_of_each_kind():
    assert all(tuple(q.kind for q in questions) == sq.KINDS for _, questions in DRAWN)


def test_one_prompt_has_one_answer_in_one_scene():
    rng = random.Random(5)
    for content in CONTENTS[:60]:
        answers = {}
        for _ in range(20):
            for question in sq.ask_all(content, rng):
                assert answers.setdefault(question.prompt, question.answer) == question.answer


def test_counts_are_those_of_the_named_group():
    for content, question in asked("count"):
        group = group_named(content, words_of(question))
        assert question.answer == sq.COUNTS[group.count if group else 0]


def test_colours_are_those_of_the_named_group_or_of_the_background():
    for content, question in asked("colour"):
        words = words_of(question)
        truth = content.background if "background" in words else group_named(content, words).colour
        assert question.answer == truth


def test_places_are_those_of_the_named_group():
    for content, question in asked("place"):
        assert question.answer == group_named(content, words_of(question)).place


def test_presence_is_true_only_of_what_is_there():
    for content, question in asked("presence"):
        if "text" in question.prompt:
            there = content.word is not None
        else:
            there = bool(groups_named(content, words_of(question)))
        assert question.answer == ("yes" if there else "no")


def test_yes_is_as_frequent_as_no():
    answers = [question.answer for _, question in asked("presence")]
    assert 0.43 < answers.count("yes") / len(answers) < 0.57


def test_text_is_the_word_or_none():
    for content, question in asked("text"):
        assert question.answer == (content.word or sq.NO_TEXT)


def test_description_tells_everything_but_the_framing():
    assert len({sq.describe(content) for content in CONTENTS}) == len(
        {content._replace(framing="") for content in CONTENTS}
    )


def test_brief_is_one_line_with_everything():
    assert len({sq.brief(content) for content in CONTENTS}) == len(set(CONTENTS))
    for content in CONTENTS:
        line = sq.brief(content)
        assert "\n" not in line
        assert [part.split(": ")[0] for part in line.split("; ")] == [
            "framing",
            "colours",
            "layout",
            "background",
            "text",
        ]


def test_all_words_occur_and_can_be_written():
    assert {content.word for content in CONTENTS} == {*sq.WORDS, None}
    assert {letter for word in sq.WORDS for letter in word} == set(block_letters.LETTERS)


def test_letters_are_different_and_of_one_size():
    assert len(set(block_letters.LETTERS.values())) == len(block_letters.LETTERS)
    for lines in block_letters.LETTERS.values():
        assert [len(line) for line in lines] == [block_letters.LETTER_WIDTH] * block_letters.LETTER_HEIGHT


def test_the_word_stands_inside_its_half_on_nothing_but_the_background(monkeypatch):
    boxes = []

    def note(pen, word, left, top, cell, colour):
        size = pen.im.size
        right = left + block_letters.cells_wide(word) * cell
        box = [round(part) for part in (left, top, right, top + block_letters.LETTER_HEIGHT * cell)]
        assert cell >= 2 * sq.SUPERSAMPLE  # two pixels wide at the least: legible
        boxes.append((box, size, len(pen._image.crop(box).getcolors())))

    monkeypatch.setattr(block_letters, "write", note)
    rng = random.Random(21)
    for _ in range(150):
        content = sq.draw_scene(rng).content
        if not content.word:
            continue
        (left, top, right, bottom), (width, height), colours = boxes.pop()
        assert 0 <= left < right <= width and 0 <= top < bottom <= height
        assert colours == 1
        beyond = {
            "on the left": right <= width / 2,
            "on the right": left >= width / 2,
            "at the top": bottom <= height / 2,
            "at the bottom": top >= height / 2,
        }
        assert beyond[content.word_place]


def test_the_word_is_drawn_as_written():
    scene = next(scene for scene, _ in DRAWN if scene.content.word)
    plain = scene.image.convert("L")
    colours = plain.getcolors(plain.width * plain.height)
    assert any(value < 60 and count > 40 for count, value in colours)


def test_command_line_writes_pictures_and_questions(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["questions", "--seed", "7", "--count", "2", "--out", str(tmp_path)])
    sq.main()
    lines = (tmp_path / "questions.tsv").read_text().splitlines()
    assert len(lines) == 2 * len(sq.KINDS)
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["scene-0000.png", "scene-0001.png"]


def test_the_preset_production_asks_what_the_demo_was_trained_with():
    source = (Path(__file__).resolve().parents[2] / "src/caption/presets.cpp").read_text()
    said = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', source))  # C++ joins neighbouring literals
    assert sq.BRIEF_PROMPT in said
