"""The commands and programs in the documents of the server: each is run as it stands, or says why not.

A page has a server with the options of its first `vignette serve`. A fenced block of sh, python or js is a program;
one that stands behind it without a language, or as JSON, shows its output: every phrase of it is in the real one.
`<!-- not run: WHY -->` before a block leaves it out.
"""

import functools
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from javascript import package, with_node
from serving import ROOT, WHOLE, serving

DOCS = ROOT / "docs"
PAGES = [DOCS / "server.md", *sorted((DOCS / "api").glob("*.md")), *sorted((DOCS / "recipes").glob("*.md"))]
BLOCK = re.compile(
    r"(<!-- not run: .+ -->\n)?^```(sh|python|js)\n(.*?)^```\n(?:```(?:json)?\n(.*?)^```\n)?", re.M | re.S
)
SERVE = re.compile(r"^.*\bvignette serve\b(.*)$", re.M)
ADDRESS = re.compile(r"\b(localhost|127\.0\.0\.1):(8000|3003)\b")
PHRASE = re.compile(r"[a-z]+(?: [a-z]+){3,}")


class Photo(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.wfile.write((ROOT / "test/events/scene-1.png").read_bytes())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def photo():
    """What the documents call https://example.com/photo.jpg."""
    web = ThreadingHTTPServer(("127.0.0.1", 0), Photo)
    Thread(target=web.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{web.server_port}/photo.jpg"
    web.shutdown()
    web.server_close()


def blocks(page: Path):
    return [match.groups() for match in BLOCK.finditer(page.read_text())]


def serve_options(page: Path) -> list[str]:
    """Those of the page but for the port, which is one that is free."""
    line = next((SERVE.search(text) for skipped, language, text, _ in blocks(page) if SERVE.search(text)), None)
    options = shlex.split(line[1], comments=True) if line else []
    return [one for i, one in enumerate(options) if "--port" not in options[max(0, i - 1) : i + 1]]


def run(language: str, text: str, folder: Path) -> str:
    environment = with_node()
    if language == "js":
        (folder / "program.mjs").write_text(text)
        command = ["node", "program.mjs"]
    else:
        command = [sys.executable, "-c", text] if language == "python" else ["bash", "-euo", "pipefail", "-c", text]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, f"{text}\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}"
    return ran.stdout


def programs(page: Path) -> list[list[str]]:
    """[language, text, the output that is shown]; those in Python are one, so that its packages are imported once."""
    found = [[language, text, wanted or ""] for skipped, language, text, wanted in blocks(page) if not skipped]
    python = [one for one in found if one[0] == "python"]
    joined = [["python", "\n".join(one[1] for one in python), "\n".join(one[2] for one in python)]] if python else []
    return joined + [one for one in found if one[0] != "python"]


def as_here(text: str, url: str, photo: str) -> str:
    lines = [line for line in text.splitlines() if "vignette serve" not in line and "fetch-model" not in line]
    text = ADDRESS.sub(url.removeprefix("http://"), "\n".join(lines)).replace("https://example.com/photo.jpg", photo)
    return text.replace("curl ", "curl --fail-with-body -sS ")


@pytest.fixture(scope="module")
def server_of():
    """A server for the pages that start it with the same options."""
    with ExitStack() as running:

        @functools.cache
        def started(*options):
            return running.enter_context(serving(WHOLE, *options, "--allow-private-urls"))

        yield lambda page: started(*serve_options(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_what_the_page_shows_is_so(page, photo, server_of, tmp_path):
    (tmp_path / "test").symlink_to(ROOT / "test")
    (tmp_path / "node_modules").symlink_to(package("openai").parent)
    found = programs(page)
    assert found, "a page of an API shows how to ask it"
    for language, text, wanted in found:
        text = as_here(text, server_of(page), photo)
        if not text.strip():
            continue
        said = run(language, text, tmp_path)
        assert said.strip() or "curl" not in text, text
        for phrase in PHRASE.findall(wanted):
            assert phrase in said, f"{text}\nsays {said}"


def test_every_block_is_looked_at():
    """A fence that the expression above does not see would never be run."""
    for page in PAGES:
        fences = len(re.findall(r"^```(?:sh|python|js)$", page.read_text(), re.M))
        assert fences == len(blocks(page)), page
