"""Every message that a user or a client can see, in one list.

PYTHONPATH=scripts/py python3 -m house.messages [FOLDER ...]    prints `file:line: text`, by default for src/
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]

# A comment, a raw string, a string or a character literal, whichever comes first.
TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |R"(?P<mark>\w*)\((?P<raw>.*?)\)(?P=mark)"
    |"(?P<text>(?:[^"\\\n]|\\.)*)"
    |(?P<letter>(?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)+')""",
    re.DOTALL | re.VERBOSE,
)
ESCAPE = re.compile(r"\\(.)")
LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
SENTENCE = re.compile(r"[A-Za-z]{2,}[,;:]? [\w\"'(<{]|^ [a-z]{2,}| [a-z]{2,} $")  # not a key or a file's name
CODE = re.compile(r"#include[^\n]*")


def literals(source: str) -> Iterator[tuple[int, str]]:
    """The texts of a C++ file, each with its line. Adjacent strings are one; `{}` is a value between two."""
    text, line, end = "", 0, 0
    for token in TOKEN.finditer(CODE.sub("", source)):
        if token["comment"] or token["letter"]:
            continue
        part = token["raw"] if token["raw"] is not None else ESCAPE.sub(unescape, token["text"])
        gap = token.string[end : token.start()].strip()
        value = gap.startswith("+") and gap.endswith("+") and ";" not in gap
        if text and (value or not gap):
            text += "{}" * (len(gap) > 1) + part
        else:
            if text:
                yield line, text
            text, line = part, token.string.count("\n", 0, token.start()) + 1
        end = token.end()
    if text:
        yield line, text


def unescape(escape: re.Match) -> str:
    return LETTERS.get(escape[1], escape[1])


def messages(folders: list[Path]) -> Iterator[tuple[str, int, str]]:
    """(file, line, text) of every literal that reads like words: errors, warnings, log lines, help texts."""
    files = sorted(file for folder in folders for kind in ("*.cpp", "*.h") for file in folder.rglob(kind))
    for file in files:
        for line, text in literals(file.read_text(encoding="utf-8")):
            if SENTENCE.search(text):
                yield str(file.relative_to(ROOT)), line, text


if __name__ == "__main__":
    for file, line, text in messages([Path(name).resolve() for name in sys.argv[1:]] or [ROOT / "src"]):
        print(f"{file}:{line}: {text}")
