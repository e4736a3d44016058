"""Who may ask, how often, and from which pages."""

import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
import pytest

from asking import ask
from serving import SCRIPTED, get, serving


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>somebody else's page</title>")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def origins():
    """Two sites, each an origin of its own."""
    sites = [ThreadingHTTPServer(("127.0.0.1", 0), Page) for _ in range(2)]
    threads = [threading.Thread(target=site.serve_forever) for site in sites]
    for thread in threads:
        thread.start()
    yield [f"http://127.0.0.1:{site.server_port}" for site in sites]
    for site, thread in zip(sites, threads, strict=True):
        site.shutdown()
        thread.join()
        site.server_close()


@pytest.fixture(scope="module")
def server(origins, tmp_path_factory):
    keys = tmp_path_factory.mktemp("keys") / "keys"
    keys.write_text("slow rate=1\n")
    options = ["--api-key-file", str(keys), "--admin-keys", "admin", "--cors-origin", origins[0], "--rate-limit", "50"]
    with serving(SCRIPTED, *options, environment={"VIGNETTE_API_KEYS": "client"}) as url:
        yield url


ASK = """async ([url, key]) => {
  const asked = { headers: { Authorization: `Bearer ${key}`, "OpenAI-Organization": "o", "x-stainless-os": "Linux" } };
  try {
    const answer = await fetch(url, asked);
    return [answer.status, await answer.json(), answer.headers.get("Retry-After")];
  } catch (error) { return [0, String(error), null]; }
}"""


def test_a_browser_lets_only_pages_of_named_origins_read(page, origins, server):
    page.goto(origins[0])
    status, answer, _ = page.evaluate(ASK, [server + "/v1/models", "client"])
    assert status == 200 and answer["object"] == "list"
    assert page.evaluate(ASK, [server + "/v1/models", "wrong"])[0] == 401
    page.evaluate(ASK, [server + "/v1/models", "slow"])
    status, answer, wait = page.evaluate(ASK, [server + "/v1/models", "slow"])
    assert status == 429 and answer["error"]["type"] == "rate_limit_error" and int(wait) <= 60
    page.goto(origins[1])
    assert page.evaluate(ASK, [server + "/v1/models", "client"])[0] == 0


def test_openais_client_knows_that_it_asks_too_often(tmp_path):
    with (
        serving(SCRIPTED, "--rate-limit", "1", environment={"VIGNETTE_API_KEYS": "client"}) as url,
        openai.OpenAI(base_url=url + "/v1", api_key="client", max_retries=0) as client,
    ):
        client.models.list()
        with pytest.raises(openai.RateLimitError) as refused:
            client.models.list()
        assert 1 <= int(refused.value.response.headers["Retry-After"]) <= 60
        assert get(url + "/readyz")[0] == 200


def test_a_setting_may_stand_in_the_file(tmp_path):
    (tmp_path / "vignette.toml").write_text('[serve]\nrate-limit = 1\ncors-origin = "https://a.example"\n')
    with serving(SCRIPTED, "--config", str(tmp_path / "vignette.toml")) as url:
        assert [ask(url + "/v1/models")[0] for _ in range(2)] == [200, 429]
        with urllib.request.urlopen(url + "/livez", timeout=60) as answer:
            assert answer.headers["Vary"] == "Origin"


def test_admins_have_routes_and_keys_of_their_own(server):
    for key, expected in {"": 401, "client": 403, "admin": 200}.items():
        assert get(server + "/metrics", key)[0] == expected
        assert ask(f"{server}/v2/e/purge-queue", {}, key=key)[0] == expected
    assert ask(server + "/v1/models", key="admin")[0] == 200


def test_a_job_is_known_only_to_the_key_that_handed_it_in(server):
    job = ask(f"{server}/v2/e/run", {"input": {"image_url": "http://127.0.0.1/a.png"}}, key="client")[1]["id"]
    assert ask(f"{server}/v2/e/status-sync/{job}", key="client")[1]["status"] == "COMPLETED"
    for what, body in {"status": None, "stream": None, "cancel": {}, "retry": {}}.items():
        assert ask(f"{server}/v2/e/{what}/{job}", body, key="admin")[0] == 404, what
