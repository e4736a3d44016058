"""The prompt's template: read off the snapshot's own chat template, where it has one."""

from pathlib import Path

from export.errors import ExportError
from export.files import read_json

SENTINEL = "PROMPT-9f2c"  # nothing that a template would say by itself
KEY = "chat_template"


def find_chat_template(snapshot: Path) -> str | None:
    """From whichever file holds it: the place has moved over the years."""
    if (snapshot / "chat_template.jinja").is_file():
        return (snapshot / "chat_template.jinja").read_text(encoding="utf-8")
    for name in ("chat_template.json", "processor_config.json", "tokenizer_config.json"):
        found = read_json(snapshot / name).get(KEY) if (snapshot / name).is_file() else None
        if isinstance(found, str):
            return found
    return None


def template_of(chat_template: str, start: str, kind: str = "image") -> tuple[str, str]:
    """(the manifest's template, what stands in it for each picture, or "video"). The tokenizer adds the start by
    itself."""
    none, one, two = (render(chat_template, [{"type": kind}] * pictures, start) for pictures in (0, 1, 2))
    place = len(common_start(none, one))
    picture = one[place : place + len(one) - len(none)]
    before, after = none[:place], none[place:]
    if one != before + picture + after or two != before + 2 * picture + after or not picture:
        raise ExportError("the chat template does not put its pictures one after another: this cannot be exported")
    if none.count(SENTINEL) != 1 or "{" in none.replace(SENTINEL, ""):
        raise ExportError(f"the chat template makes {none!r} of the prompt {SENTINEL!r}, which cannot be exported")
    return (before + "{images}" + after).replace(SENTINEL, "{prompt}"), picture


def render(chat_template: str, pictures: list[dict], start: str) -> str:
    from jinja2 import TemplateError
    from transformers.utils.chat_template_utils import render_jinja_template

    content = [*pictures, {"type": "text", "text": SENTINEL}]
    try:
        rendered, _ = render_jinja_template(
            [[{"role": "user", "content": content}]],
            chat_template=chat_template,
            add_generation_prompt=True,
            bos_token=start,
            eos_token="",
        )
    except TemplateError as error:
        raise ExportError(f"the chat template cannot be used: {error}") from error
    return rendered[0].removeprefix(start)


def common_start(one: str, other: str) -> str:
    length = next((place for place, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    return one[:length]
