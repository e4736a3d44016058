"""The reference's word on films in one prompt, of Qwen2.5-VL, Qwen3-VL and LLaVA-NeXT-Video: ids, places, captions.

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
from parity.reference import end_tokens, load_config, load_model, load_processor, trim, video_text

WRAPPED, BARE = "<|vision_start|><|video_pad|><|vision_end|>", "<|video_pad|>"


@dataclass(frozen=True, eq=False)
class Film:
    frames: list[np.ndarray]  # [H,W,3] in bytes, all of one size; of Qwen-VL two or more
    times: list[float]  # in seconds, of each frame
    rate: float  # frames a second that were taken

    def tensor(self) -> torch.Tensor:
        """[F,3,H,W]"""
        return torch.from_numpy(np.stack(self.frames)).permute(0, 3, 1, 2).contiguous()


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
    """LLaVA-NeXT-Video: nothing in a prompt depends on times or sizes of frames."""
    return load_config(snapshot).model_type == "llava_next_video"


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
    return VideoMetadata(total_num_frames=count, fps=film.rate, frames_indices=list(range(count)))


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


def film_model(snapshot):
    model = load_model(str(snapshot))
    if load_config(str(snapshot)).model_type == "qwen2_5_vl":
        model.model.get_rope_index = partial(mended_rope_index, model.model)
    return model


def mended_rope_index(model, input_ids, mm_token_type_ids, video_grid_thw=None, second_per_grid_ts=None, **rest):
    """Of one prompt: the installed one with all of a film at its beginning, the ticks as the fix has them, and the
    words behind a film behind its last tick."""
    known = partial(type(model).get_rope_index, model, input_ids, mm_token_type_ids, **rest)
    if video_grid_thw is None:
        return known()
    vision, cells = model.config.vision_config, (mm_token_type_ids[0] == 2).nonzero()[:, 0]
    places, _ = known(video_grid_thw=video_grid_thw, second_per_grid_ts=torch.zeros(len(video_grid_thw)))
    for (groups, down, across), seconds in zip(video_grid_thw.tolist(), second_per_grid_ts):
        ticks = (torch.arange(groups) * (vision.tokens_per_second * seconds)).long()
        of_group = down * across // vision.spatial_merge_size**2
        film, cells = cells[: groups * of_group], cells[groups * of_group :]
        places[0, 0, film] += ticks.repeat_interleave(of_group)
        places[..., film[-1] + 1 :] += max(0, int(ticks[-1]) + 1 - max(down, across) // vision.spatial_merge_size)
    return places, (places.max() + 1 - input_ids.shape[1]).view(1, 1)


@torch.inference_mode()
def film_places(snapshot, inputs) -> tuple[torch.Tensor, int]:
    """[3,T], and how many places more than tokens the prompt takes."""
    names = ("image_grid_thw", "video_grid_thw", "second_per_grid_ts")
    grids = {name: inputs[name] for name in names if name in inputs}
    model = film_model(snapshot).model
    places, behind = model.get_rope_index(inputs["input_ids"], inputs["mm_token_type_ids"], **grids)
    return places[:, 0], int(behind)


@torch.inference_mode()
def describe_films(
    snapshot, seen: list[Film | Image.Image], prompt: str, most: int, tokens_max: int = TOKENS_MAX
) -> Answer:
    """The reference's greedy answer, with sizes bounded as the manifest bounds them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        inputs, model = film_inputs(snapshot, seen, prompt, tokens_max), film_model(snapshot)
        said = model.generate(**inputs, do_sample=False, max_new_tokens=most)
    finally:
        torch.set_num_threads(threads)
    ids = inputs["input_ids"][0].tolist()
    tokens = trim(said[0, len(ids) :].tolist(), end_tokens(model))
    caption = film_processor(str(snapshot)).tokenizer.decode(tokens, skip_special_tokens=True)
    return Answer(ids, tokens, caption)
