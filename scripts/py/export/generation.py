"""The rules by which a model ends and searches its captions, as the reference's generate() resolves them."""

from export.errors import ExportError

MAX_LENGTH, MAX_LENGTH_LIMIT, MIN_LENGTH = 40, 50, 8
NUM_BEAMS, NUM_BEAMS_LIMIT = 3, 3
DEFAULT_PROMPT = "a photo of"


def inner_generation(text_config):
    """BLIP and BLIP-2 generate with the language model's own settings, made from text_config, where only the special
    tokens still count: the reference drops length_penalty and the like there, and ignores generation_config.json."""
    from transformers import GenerationConfig

    return GenerationConfig.from_model_config(text_config)


def as_list(tokens) -> list[int]:
    return list(tokens) if isinstance(tokens, (list, tuple)) else [tokens]


def check_tokens(tokens: list[tuple[str, int]], vocabulary: int) -> None:
    for name, token in tokens:
        if not isinstance(token, int) or not 0 <= token < vocabulary:
            raise ExportError(f"config.json has {name} {token!r}, which is not in the vocabulary of {vocabulary}")


def require(name: str, value, known) -> None:
    if value != known:
        raise ExportError(f"config.json has {name} {value!r}; only {known!r} can be exported")


def text_part(
    text_config,
    *,
    image_token: int,
    image_tokens: int,
    eos: list[int],
    history: str,
    special_tokens: bool = True,
    prefix: tuple[int, ...] = (),
    suffix: tuple[int, ...] = (),
) -> dict:
    """What a manifest says of prompts: here the picture's tokens come first, and the template adds nothing."""
    return {
        "template": "{prompt}",
        "image_text": "",
        "default_prompt": DEFAULT_PROMPT,
        "placement": "before",
        "image_token": image_token,
        "image_tokens": image_tokens,
        "special_tokens": special_tokens,
        "prefix": list(prefix),
        "suffix": list(suffix),
        "history": history,
        "bos": text_config.bos_token_id,
        "eos": eos,
        "pad": text_config.pad_token_id,
        "vocabulary": text_config.vocab_size,
    }


def generation_part(settings, positions: int, used: int) -> dict:
    """What a manifest says of lengths and beams, where `used` of a slot's positions never hold a new word."""
    limit = min(MAX_LENGTH_LIMIT, positions - used)
    if limit < 1:
        raise ExportError(f"{positions} positions leave no room for words after {used} others")
    return {
        "max_length": min(MAX_LENGTH, limit),
        "max_length_limit": limit,
        "min_length": min(MIN_LENGTH, limit),
        "num_beams": NUM_BEAMS,
        "num_beams_limit": NUM_BEAMS_LIMIT,
        "length_penalty": 1.0 if settings.length_penalty is None else float(settings.length_penalty),
        "early_stopping": bool(settings.early_stopping),
    }
