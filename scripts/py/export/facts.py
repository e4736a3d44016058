"""What a ready bundle says of the snapshots that it fits, so that `vignette models add` can tell without torch."""

import re

FACTS = {  # of config.json and of the parts in it; what the shapes of the weights tell better is left to them
    *("model_type", "hidden_size", "d_model", "num_hidden_layers", "num_layers", "num_attention_heads", "num_heads"),
    *("num_key_value_heads", "intermediate_size", "d_ff", "ffn_dim", "image_size", "patch_size", "num_query_tokens"),
    "factor",  # of positions that stand closer together, which no weight tells
}
NUMBER = re.compile(r"(?<=\.)\d+(?=\.)")


def config_facts(config: dict, asked: list[str] = (), path: str = "") -> dict:
    """Of config.json as it is written, flat: {"text_config.hidden_size": 2560}. A snapshot that leaves one out has its
    default and is not asked for it. asked: more of them, where nobody knows what the published file says: as
    vision_config.hidden_act"""
    facts = {}
    for key, value in config.items():
        if isinstance(value, dict):
            facts |= config_facts(value, asked, f"{path}{key}.")
        elif (key in FACTS or path + key in asked) and value is not None:
            facts[path + key] = value
    return facts


def compact_keys(shapes: dict[str, list[int]]) -> dict[str, list[int]]:
    """The same, with one line for all layers: {"layers.{0..31}.weight": [8, 8]}."""
    groups: dict[tuple, list[int]] = {}
    for name, shape in shapes.items():
        number = NUMBER.search(name)
        around = (name[: number.start()], name[number.end() :]) if number else (name,)
        groups.setdefault((around, tuple(shape)), []).append(int(number[0]) if number else 0)
    compact = {}
    for (around, shape), numbers in groups.items():
        for first, last in runs(numbers):
            compact[(str(first) if first == last else f"{{{first}..{last}}}").join(around)] = list(shape)
    return compact


def runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Of neighbours: [0, 1, 2, 5] is 0 to 2 and 5 to 5."""
    made: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if made and made[-1][1] + 1 == number:
            made[-1] = (made[-1][0], number)
        else:
            made.append((number, number))
    return made
