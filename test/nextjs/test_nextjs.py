"""The Next.js example in a real browser, before the fake platform and the real worker."""

import base64
import json
import struct
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browsing import choose_by_keyboard
from processes import until
from site_of_example import KEY

EVENTS = Path(__file__).resolve().parents[1] / "events"
PHOTO = EVENTS / "scene-5.jpg"
CAPTION = "three red crosses at the top and three blue circles at the bottom on a tan background"


def visit(page, site):
    """Until the page listens: what a test did before that would be lost."""
    page.add_init_script(
        """window.heard = new Set();
        const listen = window.addEventListener;
        window.addEventListener = function (type, ...more) {
            window.heard.add(type);
            return listen.call(this, type, ...more);
        };"""
    )
    page.goto(site.url)
    page.wait_for_function("window.heard.has('drop') && window.heard.has('paste')")


def give(page, way, name, kind, content):
    """The file comes by the file chooser, by a drop or by a paste."""
    if way == "choose":
        page.get_by_label("Choose a photo").set_input_files({"name": name, "mimeType": kind, "buffer": content})
        return
    page.evaluate(
        """([way, name, kind, text]) => {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name, { type: kind }));
            const event = way === "drop"
                ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })
                : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true });
            document.querySelector("h1").dispatchEvent(event);
        }""",
        [way, name, kind, base64.b64encode(content).decode()],
    )


def post(page, site, body):
    text = (body if isinstance(body, str) else json.dumps(body)).encode()
    return page.request.post(
        f"{site.url}/api/caption", data=text, headers={"Content-Type": "application/json"}, timeout=60_000
    )


def code_of(answer):
    return answer.json()["error"]["code"]


def photo_url(content=None):
    return "data:image/jpeg;base64," + base64.b64encode(content or PHOTO.read_bytes()).decode()


def test_the_sample_photo_and_its_caption_belong_together():
    line = next(line for line in (EVENTS / "README.md").read_text().splitlines() if "scene-5.jpg" in line)
    assert CAPTION in line


@pytest.mark.parametrize("way", ["choose", "drop", "paste"])
def test_a_photo_shows_its_true_caption(page, site, way):
    visit(page, site)
    give(page, way, "scene-5.jpg", "image/jpeg", PHOTO.read_bytes())
    expect(page.locator(".caption")).to_have_text(CAPTION)
    expect(page.get_by_alt_text("Your photo, scene-5.jpg")).to_be_visible()


def test_the_caption_can_be_copied(page, site):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    visit(page, site)
    give(page, "choose", "scene-5.jpg", "image/jpeg", PHOTO.read_bytes())
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == CAPTION


def test_what_is_no_picture_is_said_before_anything_is_sent(page, site):
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    visit(page, site)
    give(page, "choose", "notes.txt", "text/plain", b"no picture at all")
    expect(page.locator(".problem")).to_contain_text("“notes.txt” is not a picture")
    assert not [url for url in sent if "/api/" in url]


def test_what_the_worker_says_of_a_damaged_picture_reaches_the_visitor(page, site):
    visit(page, site)
    content = PHOTO.read_bytes()
    give(page, "choose", "half.jpg", "image/jpeg", content[: len(content) * 2 // 3])
    expect(page.locator(".problem")).to_contain_text("end")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


@pytest.mark.parametrize(
    "body, status, code",
    [
        ("{", 400, "invalid_json"),
        ({"prompt": "a photo of"}, 400, "invalid_input"),
        ({"data_url": "https://example.test/cat.jpg"}, 400, "invalid_input"),
        ({"data_url": photo_url(), "prompt": 7}, 400, "invalid_input"),
        ({"data_url": photo_url(b"no picture at all")}, 400, "not_an_image"),
        ({"data_url": photo_url(PHOTO.read_bytes()[:4000])}, 400, "truncated_image"),
        ({"data_url": "data:image/png;base64," + "A" * 9_900_000}, 413, "too_large"),
    ],
    ids=["no-json", "no-picture", "address", "prompt", "text-as-picture", "half-a-picture", "too-large"],
)
def test_a_bad_request_has_a_status_a_code_and_a_sentence(page, site, body, status, code):
    answer = post(page, site, body)
    assert (answer.status, code_of(answer)) == (status, code)
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "script, status, code",
    [
        ({"run": (429, {"error": "slow down"})}, 503, "rate_limited"),
        ({"run": (500, {"error": "oh"})}, 502, "platform_error"),
        ({"run": (401, {"error": "who?"})}, 502, "key_refused"),
        ({"run": (404, {"error": "what?"})}, 502, "endpoint_not_found"),
        ({"run": (200, ["no job"])}, 502, "unexpected_answer"),
        ({"status": (500, {"error": "oh"})}, 502, "platform_error"),
        ({"status": (200, {"status": "FAILED", "error": "job timed out after 1 retries"})}, 502, "job_failed"),
        (
            {"status": (200, {"status": "FAILED", "error": '{"error_type": "overloaded", "retryable": true}'})},
            503,
            "overloaded",
        ),
        (
            {"status": (200, {"status": "FAILED", "error": '{"error_type": "model_failed", "error_message": "/x"}'})},
            502,
            "model_failed",
        ),
        ({"status": (200, {"status": "TIMED_OUT"})}, 504, "too_slow"),
        ({"status": (200, {"status": "CANCELLED"})}, 502, "cancelled"),
        ({"status": (200, {"status": "COMPLETED", "output": {"text": "?"}})}, 502, "unexpected_answer"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else None,
)
def test_trouble_of_the_platform_has_a_fitting_status(page, stub, stubbed_site, script, status, code):
    stub.script(**script)
    answer = post(page, stubbed_site, {"data_url": photo_url()})
    assert (answer.status, code_of(answer)) == (status, code)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "/x" not in answer.text(), "inner details are for the log"


def test_a_platform_that_stumbles_for_a_moment_costs_no_caption(page, stub, stubbed_site):
    done = (200, {"status": "COMPLETED", "output": {"caption": "a cat", "processing_time": 0.5}})
    waiting = (200, {"status": "IN_QUEUE"})
    stub.script(status=[(500, {}), (429, {}), waiting, (503, {}), (200, {"status": "IN_PROGRESS"}), done])
    answer = post(page, stubbed_site, {"data_url": photo_url()})
    assert answer.json() == {"caption": "a cat", "seconds": 0.5}


def test_a_job_that_nobody_waits_for_any_more_is_cancelled(page, stub, stubbed_site):
    stub.script(status=(200, {"status": "IN_QUEUE"}))
    visit(page, stubbed_site)
    give(page, "choose", "scene-5.jpg", "image/jpeg", PHOTO.read_bytes())
    until(lambda: ("status", "job-1") in stub.seen, "a look at the job")
    page.get_by_role("button", name="Cancel").click()
    until(lambda: ("cancel", "job-1") in stub.seen, lambda: f"the cancel among {stub.seen}")
    expect(page.locator(".answer")).to_be_empty()


def test_a_wait_without_end_becomes_a_timeout_and_the_job_is_cancelled(page, stub, start_stubbed_site):
    stub.script(status=(200, {"status": "IN_QUEUE"}))
    answer = post(page, start_stubbed_site(CAPTION_TIMEOUT_S="1"), {"data_url": photo_url()})
    assert (answer.status, code_of(answer)) == (504, "too_slow")
    assert ("cancel", "job-1") in stub.seen


def test_a_server_without_its_variables_says_which_one_is_missing(page, start_stubbed_site):
    answer = post(page, start_stubbed_site(RUNPOD_ENDPOINT_ID=""), {"data_url": photo_url()})
    assert (answer.status, code_of(answer)) == (500, "not_configured")
    assert "RUNPOD_ENDPOINT_ID" in answer.json()["error"]["message"]


# A large picture of noise, red on the left and blue on the right.
NOISE = """() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 3000, height: 2000 });
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(canvas.width, canvas.height);
    const words = new Uint32Array(pixels.data.buffer);
    for (let at = 0; at < words.length; ++at) {
        const noise = Math.floor(Math.random() * 0x60);
        const channel = at % canvas.width < canvas.width / 2 ? 0xff : 0xff0000;
        words[at] = 0xff000000 | channel | (noise << 8);
    }
    context.putImageData(pixels, 0, 0);
    return canvas.toDataURL("image/jpeg", 1).split(",")[1];
}"""

LOOK = """async (url) => {
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: 2, height: 2 });
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0, 2, 2);
    const colours = context.getImageData(0, 0, 2, 2).data;
    return { width: picture.naturalWidth, height: picture.naturalHeight, top: colours[0], bottom: colours[10] };
}"""


def turned(jpeg):
    """With EXIF data that say: turn it a quarter to the right to see it upright."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0" + b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", 1) + entry + struct.pack(">I", 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def test_a_large_photo_is_sent_smaller_and_upright(page, stub, stubbed_site):
    stub.script(status=(200, {"status": "COMPLETED", "output": {"caption": "noise"}}))
    visit(page, stubbed_site)
    photo = turned(base64.b64decode(page.evaluate(NOISE)))
    assert len(photo) > 3_000_000
    with page.expect_request("**/api/caption") as asked:
        give(page, "choose", "large.jpg", "image/jpeg", photo)
    expect(page.locator(".caption")).to_have_text("noise")
    sent = asked.value.post_data_json["data_url"]
    assert len(sent) < len(photo)
    seen = page.evaluate(LOOK, sent)
    assert (seen["width"], seen["height"]) == (1365, 2048)
    assert seen["top"] > 200 and seen["bottom"] > 200, "red came to the top and blue to the bottom"


def test_a_format_that_only_the_browser_reads_is_sent_as_jpeg(page, stub, stubbed_site):
    stub.script(status=(200, {"status": "COMPLETED", "output": {"caption": "a dot"}}))
    visit(page, stubbed_site)
    dot = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=")
    with page.expect_request("**/api/caption") as asked:
        give(page, "choose", "dot.gif", "image/gif", dot)
    assert asked.value.post_data_json["data_url"].startswith("data:image/jpeg;base64,/9j/")


def test_the_page_works_by_keyboard_and_says_what_happens(page, stubbed_site):
    visit(page, stubbed_site)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "file"
    choose_by_keyboard(page)
    assert page.locator(".answer").get_attribute("aria-live") == "polite"


def test_the_key_never_reaches_the_browser_and_nothing_comes_from_elsewhere(page, site, folder):
    responses = []
    page.on("response", lambda response: responses.append(response))
    visit(page, site)
    give(page, "drop", "scene-5.jpg", "image/jpeg", PHOTO.read_bytes())
    expect(page.locator(".caption")).to_have_text(CAPTION)
    give(page, "drop", "half.jpg", "image/jpeg", PHOTO.read_bytes()[:4000])
    expect(page.locator(".problem")).to_be_visible()

    reached = [response for response in responses if not response.url.startswith("blob:")]
    assert any(response.url.endswith("/api/caption") for response in reached)
    assert {response.url[: len(site.url)] for response in reached} == {site.url}
    for response in reached:
        assert KEY not in json.dumps(response.headers) and KEY.encode() not in response.body(), response.url
    chunks = [path for path in (folder / ".next/static").rglob("*") if path.is_file()]
    assert any(path.suffix == ".js" for path in chunks)
    assert not [path for path in chunks if KEY.encode() in path.read_bytes()]
