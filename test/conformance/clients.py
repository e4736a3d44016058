"""Three real clients, each a program that answers one line of JSON for one line of JSON.

A call is `["operation", argument]`, its answer `{"value": ...}` or `{"failure": "text"}`. The operations, where the
client has them: run, runsync, status, output, stream, cancel, health, purge, and raw (the whole status object).
"""

import json
import os
import subprocess
import sys

from places import BUILD, HERE
from processes import Program


class ClientFailed(Exception):
    pass


class Client:
    def __init__(self, command, base_url, endpoint, key):
        named = {"BASE_URL": base_url, "RUNPOD_ENDPOINT_BASE_URL": base_url, "ENDPOINT": endpoint, "API_KEY": key}
        self.program = Program(command, {**os.environ, **named})

    def call(self, operation, argument=None):
        self.program.tell(json.dumps([operation, argument]))
        answer = json.loads(self.program.next_line())
        if "failure" in answer:
            raise ClientFailed(answer["failure"])
        return answer["value"]

    def __getattr__(self, operation):
        return lambda argument=None: self.call(operation, argument)

    def close(self):
        self.program.kill()


def python_command():
    return [sys.executable, HERE / "python/client.py"]


def javascript_command():
    if not (HERE / "js/node_modules/runpod-sdk").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE / "js", check=True, timeout=300)
    return ["node", HERE / "js/client.js"]


def go_command():
    program = BUILD / "conformance/go-client"
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "build", "-o", program, "."], cwd=HERE / "go", check=True, timeout=300)
    return [program]


COMMANDS = {"python": python_command, "javascript": javascript_command, "go": go_command}
