"""HTTPS, asked by the clients that people use, each with the authority of this test and no other."""

import base64
import re
import ssl
import subprocess

import httpx
import openai
import pytest

from asking import ask
from pictures import png
from serving import SCRIPTED, free_port, get, serving

KEY = "secret"


def openssl(*words):
    return subprocess.run(["openssl", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)


def issue(folder, name, *words):
    """A certificate and its key in PEM, signed by itself unless the words say otherwise."""
    files = folder / f"{name}.pem", folder / f"{name}.key"
    made = openssl(
        *"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1".split(),
        *("-out", files[0], "-keyout", files[1], "-subj", f"/CN={name}", *words),
    )
    assert made.returncode == 0, made.stderr
    return files


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authority")
    return issue(folder, "authority", "-addext", "keyUsage=critical,keyCertSign")


@pytest.fixture(scope="module")
def server(authority):
    certificate, key = issue(
        authority[0].parent,
        "server",
        *("-CA", authority[0], "-CAkey", authority[1]),
        *("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"),
    )
    tls = ["--tls-cert", str(certificate), "--tls-key", str(key)]
    port = free_port()
    with serving(SCRIPTED, *tls, environment={"VIGNETTE_API_KEYS": KEY}, health_port=port) as url:
        url.health = f"http://127.0.0.1:{port}"
        yield url


@pytest.fixture
def context(authority):
    return ssl.create_default_context(cafile=authority[0])


def place(url):
    return url.removeprefix("https://")


def test_curl_is_answered_over_http_1_1(server, authority):
    asked = ["curl", "-sS", "--cacert", authority[0], "-w", "%{http_version} %{http_code}", server + "/livez"]
    answered = subprocess.run(asked, capture_output=True, text=True, timeout=60)
    assert answered.stdout.endswith("1.1 200"), answered
    unknown = subprocess.run(["curl", "-sS", server + "/livez"], capture_output=True, text=True, timeout=60)
    assert unknown.returncode == 60  # its authority is nobody's


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_new_versions_are_spoken_with_forward_secrecy(server, context, version):
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    host, port = place(server).split(":")
    with ssl.create_connection((host, int(port))) as plain, context.wrap_socket(plain, server_hostname=host) as one:
        assert one.version() == version.name.replace("_", ".")
        assert one.cipher()[0].startswith(("TLS_", "ECDHE-"))
        assert one.selected_alpn_protocol() == "http/1.1"
        one.sendall(b"GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        one.settimeout(60)
        answer = b""
        while piece := one.recv(4096):  # its end is said, too: nothing has been cut off
            answer += piece
        assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("words", ["-tls1", "-tls1_1", "-tls1_2 -cipher AES128-GCM-SHA256:@SECLEVEL=0", "-alpn h2"])
def test_old_and_other_protocols_are_refused(server, words):
    tried = openssl("s_client", "-connect", place(server), "-cipher", "ALL:@SECLEVEL=0", *words.split())
    assert tried.returncode != 0
    assert re.search("alert (protocol version|handshake failure|no application protocol)", tried.stderr), tried.stderr


def test_openais_client_works_and_streams(server, context):
    with openai.OpenAI(base_url=server + "/v1", api_key=KEY, http_client=httpx.Client(verify=context)) as client:
        url = "data:image/png;base64," + base64.b64encode(png()).decode()
        content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "pieces=a| cat"}]
        asked = {"model": "any", "messages": [{"role": "user", "content": content}]}
        assert client.chat.completions.create(**asked).choices[0].message.content == "a cat"
        pieces = [piece.choices[0].delta.content for piece in client.chat.completions.create(**asked, stream=True)]
        assert "".join(piece or "" for piece in pieces) == "a cat"


def test_large_bodies_and_refusals_arrive_whole(server, context):
    with httpx.Client(base_url=server, verify=context, headers={"x-api-key": KEY}, timeout=60) as client:
        assert client.post("/caption", json={"image_base64": "A" * 20_000_000}).status_code == 200
        assert client.post("/caption", content=b" " * 40_000_000).status_code == 413
        assert client.get("/v1/models", headers={"x-api-key": "wrong"}).status_code == 401


def test_without_tls_one_is_sent_to_https_and_health_stays_plain(server):
    plain = server.replace("https:", "http:")
    status, body = get(plain + "/caption")
    assert status == 400 and b"https://" in body
    assert get(server.health + "/ping")[0] == 200
    status, refused = ask(server.health + "/v1/models", key=KEY)
    assert status == 404 and "other port" in refused["error"]["message"]


def refusal(*options, **environment):
    port = str(free_port())
    ended = subprocess.run(
        [SCRIPTED, "serve", "--port", port, *options], capture_output=True, text=True, timeout=60, env=environment
    )
    assert ended.returncode == 2, ended
    return ended.stderr


def test_what_cannot_be_served_is_said_at_the_start(authority, tmp_path):
    certificate, key = map(str, authority)
    assert "--tls-key" in refusal("--tls-cert", certificate)
    assert "--tls-cert" in refusal(VIGNETTE_TLS_KEY=key)
    assert "check the path" in refusal("--tls-cert", str(tmp_path / "none.pem"), "--tls-key", key)
    other = str(issue(tmp_path, "other")[1])
    assert "does not belong" in refusal("--tls-cert", certificate, "--tls-key", other)
    assert "no certificate" in refusal("--tls-cert", str(tmp_path), "--tls-key", other)
