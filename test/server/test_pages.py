"""What a browser and a monitor get: the playground, the documents, the metrics."""

import json
import subprocess

import pytest
from playwright.sync_api import sync_playwright

from serving import ROOT, SCRIPTED, get, serving

SCENE = json.loads((ROOT / "test/events/scene-1.json").read_text())["input"]


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    """A page on which nothing may go wrong unseen."""
    opened = browser.new_page()
    problems = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    yield opened
    opened.close()
    assert problems == []


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    import base64

    (text,) = (SCENE[name] for name in ("data_url", "image_base64", "image") if name in SCENE)
    file = tmp_path_factory.mktemp("picture") / "scene.png"
    file.write_bytes(base64.b64decode(text.split(",")[-1]))
    return file


def test_the_playground_describes_a_picture_and_compares_texts(page, demo_server, picture):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(demo_server)
    page.set_input_files("#files", [picture])
    page.fill("#texts", "three green stars\na dog on a beach")
    page.click("#describe")
    page.wait_for_selector(".near")
    assert "green stars" in page.inner_text(".caption")
    assert "vision" in page.inner_text(".facts")
    near = page.locator(".near span").all_inner_texts()
    assert near[1] == "three green stars" and float(near[0]) > float(near[2])
    assert all(url.startswith((demo_server, "data:")) for url in asked), "nothing comes from anywhere else"


def test_several_pictures_are_described_and_downloaded(page, demo_server, picture):
    page.goto(demo_server)
    page.set_input_files("#files", [picture, picture, picture])
    page.click("#describe")
    page.wait_for_selector("#downloads:not([hidden])")
    page.wait_for_function("document.querySelectorAll('.facts').length >= 3")
    with page.expect_download() as download:
        page.click("#jsonl")
    lines = download.value.path().read_text().splitlines()
    assert [json.loads(line)["file"] for line in lines] == ["scene.png"] * 3
    with page.expect_download() as download:
        page.click("#csv")
    assert download.value.path().read_text().count("green stars") == 3


def test_what_goes_wrong_is_said_at_the_picture(page, demo_server, tmp_path):
    (tmp_path / "no.png").write_bytes(b"this is no picture")
    page.goto(demo_server)
    page.set_input_files("#files", [tmp_path / "no.png"])
    page.click("#describe")
    page.wait_for_selector(".caption.bad")
    assert "picture" in page.inner_text(".caption.bad")


def test_a_key_is_asked_for_and_taken(page, picture):
    with serving(SCRIPTED, environment={"VIGNETTE_API_KEYS": "secret"}) as url:
        page.goto(url)
        page.set_input_files("#files", [picture])
        page.click("#describe")
        page.wait_for_selector(".caption.bad")
        assert "key" in page.inner_text(".caption.bad")
        page.fill("#key", "secret")
        page.click("#describe")
        page.wait_for_selector(".facts")


@pytest.mark.parametrize("tool", ["curl", "python", "js"])
def test_the_snippets_follow_the_choices(page, scripted_server, tool):
    page.goto(scripted_server)
    page.select_option("#tool", tool)
    page.select_option("#preset", "alt_text")
    for dialect, path in {
        "vignette": "/caption",
        "runpod": "/v2/local/runsync",
        "openai": "/v1/chat/completions",
    }.items():
        page.select_option("#dialect", dialect)
        text = page.inner_text("#snippet")
        assert scripted_server + path in text
        assert ("alt_text" in text) == (dialect != "openai")


def test_everything_can_be_reached_by_keyboard_and_has_a_name(page, scripted_server):
    page.goto(scripted_server)
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("input, select, textarea, button")]
             .filter((one) => !(one.labels?.length || one.textContent.trim() || one.ariaLabel))
             .map((one) => one.id)"""
    )
    assert unnamed == []
    reached = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {
        "files",
        "camera",
        "task",
        "preset",
        "model",
        "prompt",
        "texts",
        "key",
        "dialect",
        "tool",
        "copy",
    } <= reached


def test_nothing_is_wider_than_a_phone(browser, scripted_server):
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(scripted_server)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.close()


def test_the_documents_show_every_route(page, scripted_server):
    document = json.loads(get(scripted_server + "/openapi.json")[1])
    page.goto(scripted_server + "/docs")
    page.wait_for_selector("details")
    shown = set(page.locator("summary").all_inner_texts())
    assert shown == {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}


def test_the_metrics_are_what_prometheus_expects(scripted_server):
    get(scripted_server + "/nothing/here")
    text = get(scripted_server + "/metrics")[1]
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    assert checked.returncode == 0, checked.stderr.decode() + checked.stdout.decode()
    assert b"vignette_ready 1" in text
