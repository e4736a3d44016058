"""One JSON request, and its status and JSON answer."""

import json
import urllib.error
import urllib.request


def ask(url, body=None, method=None, key=None, timeout_s=60):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read() or b"null")


def end_of(url, job):
    return ask(f"{url}/v2/e/status-sync/{job}")[1]
