"""The playground as people use it: with a keyboard, a screen reader, a phone, and with texts that mean no good."""

import json
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from browsing import choose_by_keyboard
from javascript import package, with_node
from pictures import png
from serving import SCRIPTED, serving

VIEWS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}, "has_touch": True},
}
HOSTILE = "<img src=x onerror=alert(1)>&amp;<script>alert(2)</script>"


def ask_about(page, *files, prompt=""):
    page.set_input_files("#files", list(files))
    page.fill("#prompt", prompt)
    page.click("#describe")
    page.wait_for_function("() => !document.getElementById('describe').disabled")


@pytest.fixture
def no_picture(tmp_path):
    file = tmp_path / "<b onclick=alert(1)>holiday.png"
    file.write_bytes(b"this is no picture")
    return file


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing(browser, scripted_server, picture, no_picture, view):
    axe = (package("axe-core") / "axe.min.js").read_text()
    page = browser.new_page(**VIEWS[view])

    def check(where):
        page.evaluate(axe)  # not a script of the page, which its policy would forbid
        found = page.evaluate("axe.run()")
        wrong = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
        assert wrong == [], f"{where}, {view}"
        assert len(found["passes"]) > 15, "it has looked"

    page.goto(scripted_server)
    check("nothing asked yet")
    page.fill("#texts", "a cat\na dog")
    ask_about(page, picture, no_picture, prompt="decode;pieces=a| cat| on a mat")
    page.click("details summary")
    assert page.locator(".near").count() == 1 and page.locator(".bad").count() == 1
    check("two pictures and what is said of them")
    page.goto(scripted_server + "/docs")
    page.wait_for_selector("details")
    page.evaluate("document.querySelectorAll('details').forEach((one, i) => (one.open = i > 10 && i < 18))")
    check("the documents")
    assert page.evaluate("document.documentElement.scrollWidth") <= VIEWS[view]["viewport"]["width"]
    page.close()


def test_each_word_has_its_probability(page, scripted_server, picture):
    page.goto(scripted_server)
    ask_about(page, picture, prompt="pieces=a| cat|fish sleeps")
    assert page.inner_text(".caption") == "a catfish sleeps"
    words = page.locator(".caption span")
    assert words.all_inner_texts() == ["a", "catfish sleeps"]
    # The scripted captioner gives each token e^-0.5, and the second word has two.
    assert [word.get_attribute("title") for word in words.all()] == ["a: 60.7 %", "catfish sleeps: 36.8 %"]
    shades = words.evaluate_all("(all) => all.map((one) => Number(one.style.background.match(/[\\d.]+(?=\\))/)[0]))")
    assert 0 < shades[0] < shades[1]
    page.click("details summary")
    assert page.locator(".words li").all_inner_texts() == ["a 60.7 %", "catfish sleeps 36.8 %"]


def test_hostile_texts_stay_texts(page, scripted_server, picture, no_picture):
    page.on("dialog", lambda dialog: pytest.fail("a text was run"))
    page.goto(scripted_server)
    page.fill("#texts", HOSTILE)
    ask_about(page, no_picture, prompt="decode")
    assert page.inner_text(".name") == no_picture.name
    page.click("#clear")
    ask_about(page, picture, prompt=f"text={HOSTILE.replace(';', '')}")
    assert "<script>" in page.inner_text(".caption")
    assert HOSTILE in page.locator(".near span").all_inner_texts()
    assert "<img" in page.inner_text("#snippet")
    assert page.locator("img").count() == 1, "the thumbnail, and none that a text made"


def test_boxes_are_drawn_where_things_are(page, scripted_server, tmp_path):
    file = tmp_path / "square.png"
    file.write_bytes(png(64))
    found = [{"label": HOSTILE, "box": [16, 16, 48, 48]}, {"label": "a dog", "box": [0, 0, 64, 64]}]
    answer = {"caption": json.dumps(found), "json": found, "timings": {}}
    events = f"event: result\ndata: {json.dumps(answer)}\n\n"
    page.route("**/caption", lambda route: route.fulfill(content_type="text/event-stream", body=events))
    page.goto(scripted_server)
    ask_about(page, file)
    page.wait_for_selector(".boxes rect", state="attached")
    assert page.inner_text(".caption") == f"{HOSTILE}, a dog"
    assert page.locator(".found li").all_inner_texts() == [f"{HOSTILE} 16, 16, 48, 48", "a dog 0, 0, 64, 64"]
    image = page.locator(".boxes img").bounding_box()
    first = page.locator(".boxes rect").first.evaluate(
        "(one) => { const { x, y, width, height } = one.getBoundingClientRect(); return { x, y, width, height } }"
    )
    for side, length, share in (("x", "width", 0.25), ("y", "height", 0.25)):
        assert abs((first[side] - image[side]) / image[length] - share) < 0.03
        assert abs(first[length] / image[length] - 0.5) < 0.06


def test_what_is_asked_anew_is_answered_anew(page, scripted_server, picture):
    page.goto(scripted_server)
    ask_about(page, picture, picture, prompt="text=one")
    assert page.locator(".caption").all_inner_texts() == ["one", "one"]
    assert page.inner_text("#tally") == "2 of 2 done"
    page.fill("#prompt", "text=two")
    page.click("#describe")
    page.wait_for_function("() => document.querySelector('.caption').textContent == 'two'")


def test_a_whole_visit_by_keyboard(page, demo_server, picture):
    """Every step by Tab, arrows, Space and Enter; only the dialog in which a file is chosen is the system's."""
    page.goto(demo_server)
    page.wait_for_function("() => document.getElementById('state').textContent.startsWith('Ready')")
    page.wait_for_function("() => document.getElementById('model').options.length > 1")

    def go_to(wanted):
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id || document.activeElement.tagName") == wanted:
                outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                inside = page.evaluate("document.activeElement.matches('.button input')")
                assert outline != "none" or inside, f"{wanted} does not show that it has the focus"
                return
        pytest.fail(f"Tab does not reach {wanted}")

    go_to("files")
    choose_by_keyboard(page).set_files(picture)
    page.wait_for_selector("#results li")
    go_to("task")
    page.keyboard.press("ArrowDown")
    assert page.input_value("#task") == "embed_and_caption"
    go_to("texts")
    page.keyboard.type("three green stars\na dog on a beach")
    go_to("describe")
    page.keyboard.press("Enter")
    page.wait_for_selector(".near")
    assert "green stars" in page.inner_text(".caption")
    go_to("jsonl")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert json.loads(download.value.path().read_text())["dimensions"] == 96
    go_to("SUMMARY")
    page.keyboard.press("Enter")
    page.wait_for_selector(".words li")
    go_to("dialect")
    page.keyboard.press("End")
    assert "/predict" in page.inner_text("#snippet")
    go_to("snippet")


class Photo(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.wfile.write(png())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def snippets(browser, tmp_path_factory):
    """{(tool, dialect): text} from the page, and a folder with the photo; a real one is at the address they name."""
    folder = tmp_path_factory.mktemp("snippets")
    (folder / "photo.jpg").write_bytes(png())
    web = ThreadingHTTPServer(("127.0.0.1", 0), Photo)
    Thread(target=web.serve_forever, daemon=True).start()
    with serving(SCRIPTED, "--allow-private-urls") as url:
        page = browser.new_page()
        page.goto(url)
        page.wait_for_function("() => document.getElementById('model').options.length > 1")
        page.fill("#prompt", 'text=it\'s "quoted": false')
        texts = {}
        for tool in page.locator("#tool option").evaluate_all("(all) => all.map((one) => one.value)"):
            for dialect in page.locator("#dialect option").evaluate_all("(all) => all.map((one) => one.value)"):
                page.select_option("#tool", tool)
                page.select_option("#dialect", dialect)
                text = page.inner_text("#snippet")
                texts[tool, dialect] = text.replace("https://example.com", f"http://127.0.0.1:{web.server_port}")
        page.close()
        yield texts, folder
    web.shutdown()
    web.server_close()


@pytest.mark.parametrize(
    "tool, runner",
    [("curl", ["bash", "-c"]), ("js", ["node", "--input-type=module", "-e"]), ("python", [sys.executable, "-c"])],
)
def test_the_snippets_run(snippets, tool, runner):
    texts, folder = snippets
    running = {
        dialect: subprocess.Popen(
            [*runner, text], cwd=folder, env=with_node(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for (one, dialect), text in texts.items()
        if one == tool
    }
    assert len(running) == 8
    for dialect, process in running.items():
        said, problems = process.communicate(timeout=120)
        assert process.returncode == 0, problems
        wanted = r"0\.6, ?0\.8" if dialect == "immich" else r"it.{0,2}s .{0,2}quoted.{0,2}: false"
        assert re.search(wanted, said), f"{dialect}: {said}{problems}"
