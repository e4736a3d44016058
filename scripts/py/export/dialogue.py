"""What the manifests of families that are talked with say alike: the text, the slots, and how captions end."""

from pathlib import Path
from typing import NamedTuple

from export.chat import find_chat_template, template_of
from export.errors import ExportError
from export.generation import as_list, check_tokens

DEFAULT_PROMPT = "Describe this image."
MAX_LENGTH, MAX_LENGTH_LIMIT, MIN_LENGTH = 128, 512, 0
NUM_BEAMS, NUM_BEAMS_LIMIT = 1, 5


class Dialogue(NamedTuple):
    """What one family has of its own. A snapshot's chat template counts before the template here."""

    template: str
    image_text: str
    image_token: str  # the name that config.json has for it
    start: str  # what the tokenizer puts before every text by itself; "" for nothing
    image_tokens: int = 0  # of each picture; 0: its size decides


def generation_settings(config, snapshot: Path):
    """As the reference resolves them: the snapshot's own file, or what config.json says."""
    from transformers import GenerationConfig

    if (snapshot / "generation_config.json").is_file():
        return GenerationConfig.from_pretrained(snapshot, local_files_only=True)
    return GenerationConfig.from_model_config(config)


def describe_dialogue(config, snapshot: Path, dialogue: Dialogue, *, positions: int, picture: int) -> dict:
    """positions: of a slot; picture: how many of them the largest picture takes."""
    settings, text = generation_settings(config, snapshot), config.text_config
    limit = min(MAX_LENGTH_LIMIT, positions - picture - 1)
    if limit < 1:
        raise ExportError(f"{positions} positions leave no room for words after {picture} image tokens")
    return {
        "text": text_part(config, settings, snapshot, dialogue),
        "cache": {
            "layers": text.num_hidden_layers,
            "heads": text.num_key_value_heads,
            "head_dim": text.head_dim,
            "positions": positions,
        },
        "generation": {
            "max_length": min(MAX_LENGTH, limit),
            "max_length_limit": limit,
            "min_length": MIN_LENGTH,
            "num_beams": NUM_BEAMS,
            "num_beams_limit": NUM_BEAMS_LIMIT,
            "length_penalty": 1.0 if settings.length_penalty is None else float(settings.length_penalty),
            "early_stopping": bool(settings.early_stopping),
            "repetition_penalty": float(settings.repetition_penalty or 1.0),
        },
    }


def text_part(config, settings, snapshot: Path, dialogue: Dialogue) -> dict:
    text, image = config.text_config, getattr(config, dialogue.image_token)
    if settings.eos_token_id is None:
        raise ExportError("generation_config.json has no eos_token_id: no caption would ever end")
    ends = as_list(settings.eos_token_id)
    pad = ends[0] if settings.pad_token_id is None else settings.pad_token_id
    start = getattr(text, "bos_token_id", None)
    if start is None and not dialogue.start:
        start = pad  # never said
    named = [("eos_token_id", token) for token in ends] + [(dialogue.image_token, image)]
    check_tokens([*named, ("bos_token_id", start), ("pad_token_id", pad)], text.vocab_size)
    template, image_text = dialogue.template, dialogue.image_text
    if chat := find_chat_template(snapshot):
        template, image_text = template_of(chat, dialogue.start)
    if "<think>" in template:
        raise ExportError("the chat template lets the model think before it answers, which cannot be exported")
    return {
        "template": template,
        "image_text": image_text,
        "default_prompt": DEFAULT_PROMPT,
        "placement": "placeholder",
        "image_token": image,
        "image_tokens": dialogue.image_tokens,
        "special_tokens": True,
        "prefix": [],
        "suffix": [],
        "history": "all",
        "bos": start,
        "eos": ends,
        "pad": pad,
        "vocabulary": text.vocab_size,
    }
