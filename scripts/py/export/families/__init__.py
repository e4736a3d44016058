"""The families that can be exported. A new one is a file here and a row in FAMILIES.

A family module offers
  FAMILY, KIND                  its name in the manifest; "captioner" or "embedder"
  check(config)                 raises ExportError for what its program does not do
  make_program(config)          the module to script; on the meta device
  describe(config, snapshot)    its parts of the manifest: ties, renames, float32 and text; of a captioner cache and
                                generation, and film where it takes films in one prompt; of an embedder embedding.
                                snapshot is the folder of JSON files.
"""

from pathlib import Path
from types import ModuleType

from export.errors import ExportError
from export.families import (
    blip,
    blip2_opt,
    blip2_t5,
    clip,
    llava_next,
    llava_next_video,
    qwen2_5_vl,
    qwen3_vl,
    video_llava,
)
from export.images import image_part, image_processor

# (model_type, model_type of the text_config; "" where there is none) -> module
FAMILIES = {
    ("blip-2", "opt"): blip2_opt,
    ("blip-2", "t5"): blip2_t5,
    ("llava_next", "mistral"): llava_next,
    ("llava_next", "llama"): llava_next,
    ("llava_next_video", "mistral"): llava_next_video,
    ("llava_next_video", "llama"): llava_next_video,
    ("video_llava", "llama"): video_llava,
    ("qwen2_5_vl", "qwen2_5_vl_text"): qwen2_5_vl,
    ("qwen3_vl", "qwen3_vl_text"): qwen3_vl,
    ("blip", "blip_text_model"): blip,
    ("clip", "clip_text_model"): clip,
}


def find_family(config) -> ModuleType:
    text = getattr(config, "text_config", None)
    key = (config.model_type, getattr(text, "model_type", ""))
    if key in FAMILIES:
        return FAMILIES[key]
    raise ExportError(
        f"this snapshot is of the type {spell(key)}, which cannot be exported yet; "
        f"the known types are: {known_families()}"
    )


def open_family(config, snapshot: Path) -> tuple[ModuleType, dict]:
    """The family of a snapshot, and what it says in the manifest."""
    family = find_family(config)
    family.check(config)
    image = image_part(image_processor(snapshot), config)
    return family, {"image": image} | family.describe(config, snapshot)


def known_families() -> str:
    return ", ".join(f"{spell(key)} [{family.FAMILY}]" for key, family in FAMILIES.items())


def spell(key: tuple[str, str]) -> str:
    model, text = key
    return f"{model} with {text}" if text else model
