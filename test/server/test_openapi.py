"""The OpenAPI document is true: schemathesis asks every route what nobody would, and believes the document."""

import json
import subprocess
import sys
from pathlib import Path

import requests

from serving import get

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def document(url: str) -> dict:
    return json.loads(get(url + "/openapi.json")[1])


def not_here(url: str) -> list[tuple[str, str]]:
    """What is refused whatever is asked, and says so in the document."""
    operations = [
        (method, path, one) for path, methods in document(url)["paths"].items() for method, one in methods.items()
    ]
    return [(method, path) for method, path, one in operations if one["summary"].startswith("501:")]


def test_no_request_gets_an_answer_that_the_document_does_not_know(scripted_server):
    excluded = [word for _, path in not_here(scripted_server) for word in ("--exclude-path", path)]
    command = [SCHEMATHESIS, "run", scripted_server + "/openapi.json", "-c", CHECKS, "-n", "10", "--no-color"]
    ran = subprocess.run(
        [*command, "--phases", "coverage,fuzzing", *excluded], capture_output=True, text=True, timeout=280
    )
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr
    assert "0 server errors" in ran.stdout or "Server error" not in ran.stdout


def test_what_is_not_here_says_so(scripted_server):
    found = not_here(scripted_server)
    assert found
    for method, path in found:
        answer = requests.request(method, scripted_server + path.replace("{digest}", "0"), json={}, timeout=30)
        assert answer.status_code == 501 and answer.json()["error"], path


def test_every_schema_that_is_named_exists(scripted_server):
    text = json.dumps(document(scripted_server))
    known = document(scripted_server)["components"]["schemas"]
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= set(known)
