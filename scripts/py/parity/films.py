"""The reference's word on films in one prompt, of Qwen-VL, LLaVA-NeXT-Video and Video-LLaVA: ids, places, captions.

Where the installed transformers (5.17) is known to be wrong it is asked in a way that gives what the checkpoints were
trained with:
  time of Qwen2.5-VL    it cuts the seconds of a group to a whole number, so that above two frames a second all frames
                        share one place. Mended as in huggingface/transformers#48669, which keeps the fraction.
  words behind a film   of Qwen2.5-VL stand behind its rows and columns, and so before what it showed last. Until 5.2
                        they stood behind all of it (huggingface/transformers#45381 shows both).
  wrapper of Qwen3-VL   it leaves the chat template's vision_start and vision_end around all groups, which transformers
                        4 replaced. The text it is given has none.
"""

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import torch
from PIL import Image
from transformers import AutoProcessor
from transformers.image_utils import SizeDict
from transformers.video_utils import VideoMetadata

from export.films import TOKENS_MAX
from parity.reference import (
    Said,
    end_tokens,
    load_config,
    load_model,
    load_processor,
    mixes_up,
    say,
    shake_pixels,
    video_text,
    with_embeds,
)

WRAPPED, BARE = "<|vision_start|><|video_pad|><|vision_end|>", "<|video_pad|>"


@dataclass(frozen=True, eq=False)
class Film:
    frames: list[np.ndarray]  # [H,W,3] in bytes, all of one size; of Qwen-VL two or more
    times: list[float]  # in seconds, of each frame
    rate: float  # frames a second that were taken; 0: at times of any distance

    def tensor(self) -> torch.Tensor:
        """[F,3,H,W]"""
        return torch.from_numpy(np.stack(self.frames)).permute(0, 3, 1, 2).contiguous()


@dataclass(frozen=True)
class Asked:
    """What is asked about films and pictures, and how the answer is searched for."""

    prompt: str
    most: int  # new tokens
    least: int = 0
    beams: int = 1
    prefix: str = ""  # how the answer begins
    choices: tuple[str, ...] = ()  # it is one of these texts, each in letters of its own; else any
    tokens_max: int = TOKENS_MAX  # placeholders of a film


@dataclass(frozen=True)
class Answer:
    ids: list[int]  # of the prompt
    tokens: list[int]  # new ones, with the end, without what pads after it
    caption: str


@lru_cache(4)
def film_processor(snapshot: str, tokens_max: int = TOKENS_MAX):
    """One that makes no more placeholders of a film than our manifests allow."""
    if has_square_frames(snapshot):
        return load_processor(snapshot)
    processor = AutoProcessor.from_pretrained(snapshot, local_files_only=True)
    films, resize = processor.video_processor, processor.video_processor.resize
    room = tokens_max * 2 * (films.patch_size * films.merge_size) ** 2  # in pixels of all frames

    def resize_within(videos, size, **rest):
        frames = videos.shape[1] + videos.shape[1] % 2
        most = min(size.longest_edge, room if is_newer(snapshot) else room // frames)
        return resize(videos=videos, size=SizeDict(shortest_edge=size.shortest_edge, longest_edge=most), **rest)

    films.resize = resize_within
    return processor


def is_newer(snapshot: str) -> bool:
    return load_config(snapshot).model_type == "qwen3_vl"


def has_square_frames(snapshot: str) -> bool:
    """LLaVA-NeXT-Video, Video-LLaVA: nothing in a prompt depends on times or sizes of frames."""
    return load_config(snapshot).model_type in ("llava_next_video", "video_llava")


def film_text(snapshot: str, seen: list, prompt: str) -> str:
    kinds = ["video" if isinstance(one, Film) else "image" for one in seen]
    if has_square_frames(snapshot):
        return video_text(film_processor(snapshot), load_config(snapshot).text_config.model_type, prompt, kinds)
    content = [{"type": kind} for kind in kinds] + [{"type": "text", "text": prompt}]
    turn = [{"role": "user", "content": content}]
    text = film_processor(snapshot).apply_chat_template(turn, add_generation_prompt=True)
    return text.replace(WRAPPED, BARE) if is_newer(snapshot) else text


def metadata_of(snapshot: str, film: Film) -> VideoMetadata:
    """Such that the reference finds the times (Qwen3-VL) or the rate (Qwen2.5-VL): it divides numbers of frames."""
    if is_newer(snapshot):
        return VideoMetadata(total_num_frames=len(film.times), fps=1.0, frames_indices=list(film.times))
    count = len(film.times)
    return VideoMetadata(total_num_frames=count, fps=film.rate or 1.0, frames_indices=list(range(count)))


def film_inputs(snapshot, seen: list[Film | Image.Image], prompt: str, tokens_max: int = TOKENS_MAX):
    """What the model is given for one prompt of films and pictures in any order."""
    home = str(snapshot)
    films = [one for one in seen if isinstance(one, Film)]
    pictures = [one for one in seen if not isinstance(one, Film)]
    options = {"images": pictures} if pictures else {}
    if films:
        options |= {"videos": [film.tensor() for film in films], "do_sample_frames": False}
        if not has_square_frames(home):
            options["video_metadata"] = [metadata_of(home, film) for film in films]
    processor = film_processor(home, tokens_max)
    return processor(text=[film_text(home, seen, prompt)], return_tensors="pt", **options)


def film_model(snapshot, films: list[Film] = ()):
    model = load_model(str(snapshot))
    if load_config(str(snapshot)).model_type == "qwen2_5_vl":
        model.model.get_rope_index = partial(mended_rope_index, model.model, films=films)
    return model


def mended_rope_index(
    model, input_ids, mm_token_type_ids, video_grid_thw=None, second_per_grid_ts=None, films=(), **rest
):
    """Of one prompt: the installed one with all of a film at its beginning, the ticks as the fix has them, and the
    words behind a film behind its last tick. It knows no films whose frames stand at any distance: their groups stand
    where their first frames do."""
    known = partial(type(model).get_rope_index, model, input_ids, mm_token_type_ids, **rest)
    if video_grid_thw is None:
        return known()
    vision, cells = model.config.vision_config, (mm_token_type_ids[0] == 2).nonzero()[:, 0]
    places, _ = known(video_grid_thw=video_grid_thw, second_per_grid_ts=torch.zeros(len(video_grid_thw)))
    for number, ((groups, down, across), seconds) in enumerate(zip(video_grid_thw.tolist(), second_per_grid_ts)):
        if films and not films[number].rate:
            ticks = uneven_ticks(films[number].times, vision.tokens_per_second)
        else:
            ticks = (torch.arange(groups) * (vision.tokens_per_second * seconds)).long()
        of_group = down * across // vision.spatial_merge_size**2
        film, cells = cells[: groups * of_group], cells[groups * of_group :]
        places[0, 0, film] += ticks.repeat_interleave(of_group)
        places[..., film[-1] + 1 :] += max(0, int(ticks[-1]) + 1 - max(down, across) // vision.spatial_merge_size)
    return places, (places.max() + 1 - input_ids.shape[1]).view(1, 1)


def uneven_ticks(times: list[float], ticks_per_second: int) -> torch.Tensor:
    """Files round times to milliseconds, which must not make a whole tick less than one."""
    begins = torch.tensor([time - times[0] for time in times[::2]], dtype=torch.float64)
    return ((begins + 1e-3) * ticks_per_second).long()


@torch.inference_mode()
def film_places(snapshot, inputs) -> tuple[torch.Tensor, int]:
    """[3,T], and how many places more than tokens the prompt takes."""
    names = ("image_grid_thw", "video_grid_thw", "second_per_grid_ts")
    grids = {name: inputs[name] for name in names if name in inputs}
    model = film_model(snapshot).model
    places, behind = model.get_rope_index(inputs["input_ids"], inputs["mm_token_type_ids"], **grids)
    return places[:, 0], int(behind)


def describe_films(
    snapshot, seen: list[Film | Image.Image], prompt: str, most: int, tokens_max: int = TOKENS_MAX
) -> Answer:
    """The reference's greedy answer, with sizes bounded as the manifest bounds them."""
    ids, said = ask_about_films(snapshot, seen, Asked(prompt, most, tokens_max=tokens_max))
    caption = film_processor(str(snapshot)).tokenizer.decode(said.tokens[0], skip_special_tokens=True)
    return Answer(ids, said.tokens[0], caption)


def ask_about_films(snapshot, seen: list[Film | Image.Image], asked: Asked, shake: int = 0) -> tuple[list[int], Said]:
    """(the prompt's ids, what the reference says; of beams all of them)"""
    inputs = film_inputs(snapshot, seen, asked.prompt, asked.tokens_max)
    tokenizer = film_processor(str(snapshot)).tokenizer
    if asked.prefix:
        begin_answer(inputs, tokenizer, film_text(str(snapshot), seen, asked.prompt), asked.prefix)
    shake_pixels(inputs, shake)
    ids = inputs["input_ids"][0].tolist()
    options = {"max_new_tokens": asked.most, "min_new_tokens": asked.least, "num_beams": asked.beams}
    model = film_model(snapshot, [one for one in seen if isinstance(one, Film)])
    if asked.choices:
        options["prefix_allowed_tokens_fn"] = Spelled(tokenizer, asked.choices, len(ids), end_tokens(model))
    if len(seen) > 1 and asked.beams > 1 and mixes_up(inputs):
        inputs = with_embeds(model, inputs)
    return ids, say(model, inputs, num_return_sequences=asked.beams, **options)


def begin_answer(inputs, tokenizer, text: str, prefix: str) -> None:
    """Puts tokens of the answer behind the prompt, with a blank between as a person would write it."""
    apart = text.endswith((" ", "\n")) or prefix.startswith(" ")
    more = tokenizer(prefix if apart else " " + prefix, add_special_tokens=False, return_tensors="pt")["input_ids"]
    inputs["input_ids"] = torch.cat([inputs["input_ids"], more], 1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    if "mm_token_type_ids" in inputs:
        inputs["mm_token_type_ids"] = torch.nn.functional.pad(inputs["mm_token_type_ids"], (0, more.shape[1]))


class Spelled:
    """Which tokens may come next in an answer that is one of a few texts, of letters that are written as they are in a
    tokenizer of bytes."""

    def __init__(self, tokenizer, choices: tuple[str, ...], before: int, ends: list[int]) -> None:
        no_words = {*tokenizer.all_special_ids, *ends}
        self.words = {id_: word for word, id_ in tokenizer.get_vocab().items() if id_ not in no_words}
        self.choices, self.before, self.ends = choices, before, ends

    def __call__(self, batch: int, ids: torch.Tensor) -> list[int]:
        said = "".join(self.words.get(id_, "") for id_ in ids[self.before :].tolist())
        if said in self.choices:
            return self.ends
        left = [text[len(said) :] for text in self.choices if text.startswith(said)]
        return [id_ for id_, word in self.words.items() if word and any(text.startswith(word) for text in left)]
