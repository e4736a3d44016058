"""The dashboard and the alerts ask for metrics that the server has."""

import json
import re
import subprocess
import urllib.request

import pytest

from serving import ROOT, SCRIPTED, get, serving

FOLDER = ROOT / "examples/monitoring"
NAME = re.compile(r"\bvignette_\w+")
WITH_A_GPU = {"vignette_gpu_memory_bytes"}


@pytest.fixture(scope="module")
def priced_server():
    with serving(SCRIPTED, "--cost-per-hour", "1.5") as url:
        yield url


def names_served(url: str) -> set[str]:
    """After a job: what has never happened is not counted."""
    body = (ROOT / "test/events/scene-1.json").read_bytes()
    urllib.request.urlopen(urllib.request.Request(url + "/run", body), timeout=30).read()
    text = get(url + "/metrics")[1].decode()
    names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    return names | {name + suffix for name in names for suffix in ("_bucket", "_count", "_sum")}


def test_the_dashboard_asks_for_what_is_there(priced_server):
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    asked = {name for panel in dashboard["panels"] for one in panel["targets"] for name in NAME.findall(one["expr"])}
    assert asked and asked <= names_served(priced_server) | WITH_A_GPU
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_the_alerts_load_and_ask_for_what_is_there(priced_server):
    checked = subprocess.run(["promtool", "check", "rules", FOLDER / "alerts.yml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    asked = set(NAME.findall((FOLDER / "alerts.yml").read_text()))
    assert asked and asked <= names_served(priced_server)


def test_time_in_which_a_picture_is_in_work_is_counted_and_has_its_price(priced_server):
    def value(name: str) -> float:
        return float(re.search(rf"^{name} (\S+)$", get(priced_server + "/metrics")[1].decode(), re.MULTILINE)[1])

    before = value("vignette_busy_seconds_total")
    body = {
        "image_base64": json.loads((ROOT / "test/events/scene-1.json").read_text())["input"]["data_url"].split(",")[1]
    }
    body["prompt"] = "sleep=200"
    urllib.request.urlopen(priced_server + "/caption", json.dumps(body).encode(), timeout=30).read()
    assert 0.2 <= value("vignette_busy_seconds_total") - before < 20
    assert value("vignette_cost_per_hour") == 1.5
    assert value("vignette_pictures_running") == 0 < value("vignette_pictures_at_once")
