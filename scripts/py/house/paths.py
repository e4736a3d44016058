"""Folders that fit on a screen, and documents that name only what exists."""

import re
import subprocess
from pathlib import Path

FILES_MAX = 30
GENERATED = ("test/golden/", "test/fuzz/corpus/", "test/events/", "models/")
QUOTED = re.compile(r"`([^`\s]+)`|\]\(([^)#\s]+)[)#]")
ROOTS = ("", "src/", "include/", "scripts/", "scripts/py/", "test/", "docs/")


def tracked(root: Path) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, capture_output=True, text=True)
    return [name for name in listed.stdout.splitlines() if (root / name).exists()]


def full_folders(root: Path, names: list[str]):
    folders: dict[str, int] = {}
    for name in names:
        folder = name.rpartition("/")[0]
        if folder.startswith(("src", "include", "test", "scripts")) and not f"{folder}/".startswith(GENERATED):
            folders[folder] = folders.get(folder, 0) + 1
    for folder, files in sorted(folders.items()):
        if files > FILES_MAX:
            yield f"{folder}: {files} files, at most {FILES_MAX}; make inner rooms"


def is_ours(text: str) -> bool:
    """Does it claim to be a path of this tree?"""
    first = text.split("/")[0]
    known = {"src", "include", "test", "scripts", "docs", "models", "examples", ".runpod", ".ci"}
    rooms = {
        "core",
        "wire",
        "net",
        "image",
        "film",
        "text",
        "engine",
        "bundle",
        "model",
        "caption",
        "runpod",
        "app",
        "back",
    }
    plain = re.fullmatch(r"[\w./-]+", text) and not text.endswith("/...")
    return bool(plain) and "/" in text and (first in known or first in rooms)


def exists(root: Path, document: Path, text: str) -> bool:
    text = text.rstrip("/.,")
    places = [document.parent / text, *(root / (base + text) for base in ROOTS)]
    return any(
        place.exists() or any(place.with_name(place.name + end).exists() for end in (".h", ".cpp")) for place in places
    )


def missing_paths(root: Path, names: list[str]):
    documents = [
        name
        for name in names
        if name.endswith(".md") and name.startswith(("docs/", "src/", "include/", "README", "CONTRIBUTING"))
    ]
    media = re.compile(
        r"(image|text|audio|video|model)/(png|jpeg|webp|avif|heic|tiff|gif|bmp|svg\+xml|plain|html|json|event-stream)$"
    )
    for name in documents:
        for number, line in enumerate((root / name).read_text().splitlines(), 1):
            for quoted, linked in QUOTED.findall(line):
                text = quoted or linked
                local = linked and not re.match(r"[a-z]+:", linked)
                if not (local or is_ours(text)) or (media.match(text) and not (root / "src" / text).exists()):
                    continue
                if "build/" not in text and not exists(root, root / name, text):
                    yield f"{name}:{number}: {text} does not exist"
