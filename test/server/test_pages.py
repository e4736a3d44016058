"""What a browser and a monitor get: the playground, the documents, the metrics."""

import json
import subprocess

from serving import SCRIPTED, get, serving


def test_the_playground_describes_a_picture_and_compares_texts(page, demo_server, picture):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(demo_server)
    page.set_input_files("#files", [picture])
    page.fill("#texts", "three green stars\na dog on a beach")
    page.click("#describe")
    page.wait_for_selector(".near")
    assert "green stars" in page.inner_text(".caption")
    assert "seeing" in page.inner_text(".legend")
    near = page.locator(".near span").all_inner_texts()
    assert near[1] == "three green stars" and float(near[0]) > float(near[2])
    assert all(url.startswith((demo_server, "data:", "blob:" + demo_server)) for url in asked), (
        "nothing comes from anywhere else"
    )


def test_several_pictures_are_described_and_downloaded(page, demo_server, picture):
    page.goto(demo_server)
    page.set_input_files("#files", [picture, picture, picture])
    page.click("#describe")
    page.wait_for_selector("#downloads:not([hidden])")
    page.wait_for_function("() => document.querySelectorAll('.facts').length >= 3")
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
