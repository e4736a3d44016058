"""The dashboard and the alerts ask for metrics that the server has."""

import json
import re
import subprocess
import urllib.request

from serving import ROOT, get

FOLDER = ROOT / "examples/monitoring"
NAME = re.compile(r"\bvignette_\w+")


def names_served(url: str) -> set[str]:
    """After a job: what has never happened is not counted."""
    body = (ROOT / "test/events/scene-1.json").read_bytes()
    urllib.request.urlopen(urllib.request.Request(url + "/run", body), timeout=30).read()
    text = get(url + "/metrics")[1].decode()
    names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    return names | {name + suffix for name in names for suffix in ("_bucket", "_count", "_sum")}


def test_the_dashboard_asks_for_what_is_there(scripted_server):
    dashboard = json.loads((FOLDER / "dashboard.json").read_text())
    asked = {name for panel in dashboard["panels"] for one in panel["targets"] for name in NAME.findall(one["expr"])}
    assert asked and asked <= names_served(scripted_server)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_the_alerts_load_and_ask_for_what_is_there(scripted_server):
    checked = subprocess.run(["promtool", "check", "rules", FOLDER / "alerts.yml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    asked = set(NAME.findall((FOLDER / "alerts.yml").read_text()))
    assert asked and asked <= names_served(scripted_server)
