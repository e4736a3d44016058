"""What was asked before: answers and pictures that need no second look, across restarts and kills."""

import base64
import json
import signal
import subprocess
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from serving import ROOT, WHOLE, free_port, get, serving

PICTURE = base64.b64encode((ROOT / "test/events/scene-1.png").read_bytes()).decode()


def ask(url, key="", **fields):
    body = json.dumps({"image_base64": PICTURE, **fields}).encode()
    request = urllib.request.Request(url + "/caption", body, {"Authorization": f"Bearer {key}"} if key else {})
    return json.load(urllib.request.urlopen(request, timeout=120))


def counted(url, cache, outcome, key=""):
    name = f'vignette_cache_lookups_total{{cache="{cache}",outcome="{outcome}"}} '
    text = get(url + "/metrics", key)[1].decode()
    return sum(float(line.removeprefix(name)) for line in text.splitlines() if line.startswith(name))


def test_many_prompts_on_one_picture_are_one_look():
    prompts = [f"a photo of {number}" for number in range(8)]
    with serving(WHOLE, "--vision-cache-mib", "0", "--cache-mib", "0") as url:
        alone = [ask(url, prompt=prompt) for prompt in prompts]
        assert not any("vision_cached" in one for one in alone)
        drawn = [ask(url, prompt=prompts[0], temperature=1, seed=seed) for seed in range(3)]
    with serving(WHOLE) as url:
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda prompt: ask(url, prompt=prompt), prompts))
        assert [one["caption"] for one in together] == [one["caption"] for one in alone]
        assert sum("vision_cached" not in one for one in together) == 1
        later = ask(url, prompt="a picture of")
        assert later["vision_cached"] and "cached" not in later
        assert later["timings"]["vision"] == later["timings"]["decode"] == 0
        assert later["image"] == alone[0]["image"]
        again = [ask(url, prompt=prompts[0], temperature=1, seed=seed) for seed in range(3)]
        assert [one["caption"] for one in again] == [one["caption"] for one in drawn]
        assert all(one["timings"]["prefill"] == one["timings"]["vision"] == 0 for one in again), "it was read before"
        assert "vision_cached" not in ask(url, prompt="a picture of", cache=False)
        again = ask(url, prompt="a picture of")
        assert again["cached"] and "vision_cached" not in again
        assert counted(url, "vision", "hit") >= 1 and counted(url, "answers", "hit") == 1


def test_the_folder_survives_a_kill_and_keeps_tenants_apart(tmp_path):
    options = ["--cache-folder", str(tmp_path / "kept"), "--api-keys", "one,other"]
    with serving(WHOLE, *options) as url:
        first = ask(url, "one")
        url.process.send_signal(signal.SIGKILL)
        url.process.wait(timeout=30)
    with serving(WHOLE, *options) as url:
        again = ask(url, "one")
        assert again["cached"] and again["caption"] == first["caption"]
        assert "cached" not in ask(url, "other")
    for file in (tmp_path / "kept").iterdir():
        file.write_bytes(file.read_bytes()[:-1])
    with serving(WHOLE, *options) as url:
        assert "cached" not in ask(url, "one"), "a damaged file is no answer"


def test_the_command_line_shares_the_folder_with_a_server(tmp_path):
    scene = ROOT / "test/events/scene-1.png"
    words = [WHOLE, "caption", "--json", "--cache-folder", tmp_path, scene]
    first, again = (json.loads(subprocess.check_output(words, timeout=120)) for _ in range(2))
    assert "cached" not in first and again["cached"]
    with serving(WHOLE, "--cache-folder", str(tmp_path)) as url:
        assert ask(url)["cached"]


@pytest.mark.parametrize("command", ["serve", "caption"])
def test_a_folder_that_cannot_be_used_is_told_at_the_start(tmp_path, command):
    (tmp_path / "file").write_text("")
    words = [WHOLE, command, "--cache-folder", tmp_path / "file"]
    words += ["--port", str(free_port())] if command == "serve" else [ROOT / "test/events/scene-1.png"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "VIGNETTE_CACHE_FOLDER" in done.stderr
