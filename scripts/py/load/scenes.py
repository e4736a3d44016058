"""The scenes of scripts/bench-load. Each returns (its numbers as text, whether they meet the aim)."""

import asyncio
import base64
import functools
import io
import json
import random
import re
import resource
import statistics
import subprocess
import time

from load.client import Connection, Pool, percentile
from load.dripping import dripping_pages, drips
from load.server import SCRIPTED, WHOLE, cpu_seconds, free_port, memory_mb, serving, start, status_of


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g}ms"


@functools.cache
def pictures(count: int) -> list[str]:
    """Scenes that look different, as base64."""
    from scenes.draw import draw_scene

    made = []
    for number in range(count):
        file = io.BytesIO()
        draw_scene(random.Random(number)).image.save(file, "PNG")
        made.append(base64.b64encode(file.getvalue()).decode())
    return made


def body(**fields) -> bytes:
    return json.dumps(fields).encode()


# ----- start


def process_start(quick: bool, seconds: float):
    """From the start of the process to its first 204 at /ping, while the model loads."""
    times, work = [], []
    for _ in range(5 if quick else 40):
        port = free_port()
        began = time.perf_counter()
        process = start(WHOLE, port)
        try:
            while (status := status_of(port, "/ping")) == 0:
                time.sleep(0.0005)
            times.append(time.perf_counter() - began)
            work.append(cpu_seconds(process))
            assert status in (200, 204), status
        finally:
            process.kill()
            process.wait()
    median, worst = statistics.median(times), percentile(times, 95)
    text = f"median={ms(median)} p95={ms(worst)} cpu={ms(statistics.median(work))} starts={len(times)}"
    return text + " (aim: median <= 50ms)", median <= 0.050


# ----- idle


def wrk_p99(port: int, seconds: float) -> float:
    """Of GET /health on eight connections, as fast as they are answered."""
    command = ["wrk", "-t1", "-c8", f"-d{max(1, round(seconds))}s", "--latency", f"http://127.0.0.1:{port}/health"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said and "Socket errors" not in said, said
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", said).groups()
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1}[unit]


async def open_idle(port: int, count: int) -> list[Connection]:
    """Half of them wait behind a job for their events; half have had an answer and are kept."""
    # A job that takes for ever, so that the others stay in the line.
    connections = [await Connection(port).open() for _ in range(count + 1)]
    first, *others = connections
    picture = pictures(1)[0]
    first.send("POST", "/caption", body(image_base64=picture, prompt="sleep=600000"))
    await asyncio.sleep(0.3)
    for one in others[: count // 2]:
        content = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}]
        one.send(
            "POST",
            "/v1/chat/completions",
            body(model="any", stream=True, messages=[{"role": "user", "content": content}]),
        )
    for one in others[count // 2 :]:
        assert (await one.ask("GET", "/livez")).status == 200
    return connections


def idle_clients(quick: bool, seconds: float):
    """1,000 clients that wait (half for the events of a stream): what the others feel, and what they cost."""
    count = 1000
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    rounds, each = (1, 1) if quick else (5, max(2, seconds / 10))
    ratios, before, after = [], [], []
    with serving(SCRIPTED, "--queue-max", 2 * count, SCRIPTED_PICTURES=1) as (port, process):
        wrk_p99(port, 1)  # warm
        memory = []
        for _ in range(rounds):  # A B A B: a pair shares its luck
            quiet = memory_mb(process)
            before.append(wrk_p99(port, each))

            async def crowd():
                connections = await open_idle(port, count)
                p99 = await asyncio.to_thread(wrk_p99, port, each)
                held = memory_mb(process)
                for one in connections:
                    one.close()
                return p99, held

            p99, held = asyncio.run(crowd())
            after.append(p99)
            memory.append(held - quiet)
            ratios.append(p99 / before[-1])
            while status_of(port, "/livez") != 200 or running(port) > 0:
                time.sleep(0.05)
    ratio, more = statistics.median(ratios), memory[0]
    text = (
        f"p99={ms(statistics.median(before))} with={ms(statistics.median(after))} ratio={ratio:.2f} "
        f"rss={more:+.1f}MB clients={count} (aim: ratio <= 1.5, rss <= +30MB)"
    )
    return text, ratio <= 1.5 and more <= 30


def running(port: int) -> int:
    """Jobs that wait or run."""

    async def ask():
        connection = await Connection(port).open()
        text = (await connection.ask("GET", "/metrics")).body.decode()
        connection.close()
        return text

    text = asyncio.run(ask())
    return sum(int(float(one)) for one in re.findall(r"^vignette_jobs_(?:waiting|running) (\S+)$", text, re.M))


# ----- distinct


def distinct_pictures(quick: bool, seconds: float):
    """100 captions of different pictures at once, by the demo model: each client gets its own picture's words."""
    count = 100
    bodies = [body(image_base64=picture, cache=False) for picture in pictures(count)]

    async def ask_all(port):
        pool = Pool(port)
        alone = [(await pool.ask("POST", "/caption", one)).json() for one in bodies]
        began = time.perf_counter()
        together = await asyncio.gather(*(pool.ask("POST", "/caption", one) for one in bodies))
        took = time.perf_counter() - began
        pool.close()
        return alone, together, took

    with serving(WHOLE, "--queue-max", count) as (port, _):
        alone, together, took = asyncio.run(ask_all(port))
    wanted = [one["caption"] for one in alone]
    right = sum(answer.status == 200 and answer.json()["caption"] == own for answer, own in zip(together, wanted))
    different = len(set(wanted))
    text = f"right={right}/{count} different={different} captions_per_s={count / took:.0f} (aim: all right)"
    return text, right == count and different > count / 2


# ----- overload

PLACES = 4  # pictures at once
SERVICE = 0.020  # seconds of each


async def open_loop(pool: Pool, rate: float, seconds: float, make):
    """Asks at a steady rate whatever comes back; `make(number)` is (kind, path, body). Lists by (kind, status)."""
    times: dict[tuple[str, int], list[float]] = {}
    tasks = set()

    async def one(number):
        kind, path, sent = make(number)
        try:
            answer = await pool.ask("POST", path, sent)
            times.setdefault((kind, answer.status), []).append(answer.seconds)
        except OSError:
            times.setdefault((kind, 0), []).append(0)

    began = time.perf_counter()
    number = 0
    while (now := time.perf_counter() - began) < seconds:
        while number < now * rate:
            task = asyncio.ensure_future(one(number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
        await asyncio.sleep(0.001)
    await asyncio.gather(*tasks)
    return times


def overload(quick: bool, seconds: float):
    """Five times as many jobs as it can do: those it takes are done in time, the others are told at once."""
    picture = pictures(1)[0]
    prompt = f"sleep={SERVICE * 1000:.0f}"
    normal = body(image_base64=picture, prompt=prompt)
    low = body(input={"image": picture, "prompt": prompt}, policy={"lowPriority": True})

    def make(number):
        return ("low", "/v2/load/runsync", low) if number % 10 == 9 else ("normal", "/caption", normal)

    capacity = PLACES / SERVICE
    seconds = 2 if quick else seconds

    async def run(port, process):
        pool = Pool(port)
        await pool.fill(16)
        calm = await open_loop(pool, capacity / 20, 2 if quick else 15, lambda _: ("normal", "/caption", normal))
        await open_loop(pool, 5 * capacity, 1 if quick else 5, make)  # its memory has seen the load
        memory = [memory_mb(process)]
        began = time.process_time()
        busy = await open_loop(pool, 5 * capacity, seconds, make)
        own = (time.process_time() - began) / seconds
        memory.append(memory_mb(process))
        pool.close()
        return calm[("normal", 200)], busy, memory, own

    with serving(SCRIPTED, "--queue-max", PLACES * 3 // 2, SCRIPTED_PICTURES=PLACES) as (port, process):
        calm, busy, memory, own = asyncio.run(run(port, process))
    accepted, refused = busy[("normal", 200)], busy.get(("normal", 429), []) + busy.get(("low", 429), [])
    served_low = len(busy.get(("low", 200), []))
    odd = {key: len(times) for key, times in busy.items() if key[1] not in (200, 429)}
    assert not odd, odd
    unloaded, loaded, told = percentile(calm, 99), percentile(accepted, 99), percentile(refused, 99)
    more = memory[1] - memory[0]
    text = (
        f"unloaded_p99={ms(unloaded)} accepted_p99={ms(loaded)} ratio={loaded / unloaded:.2f} rejects_p99={ms(told)} "
        f"accepted={len(accepted)} low={served_low} rejected={len(refused)} rss={more:+.1f}MB seconds={seconds:g} "
        f"client_cpu={own:.0%} (aim: ratio <= 2, rejects_p99 <= 20ms, rss flat, low > 0)"
    )
    return text, loaded <= 2 * unloaded and told <= 0.020 and more < 5 and served_low > 0


# ----- addresses


def addresses_at(places: int, quick: bool) -> float:
    """How many times as long as alone a picture by address takes beside a job of 64 that drip."""
    count, pairs = (5, 1) if quick else (60, 5)
    environment = {"VIGNETTE_ALLOW_PRIVATE_URLS": "1", "VIGNETTE_URL_DEADLINE_S": "600"}
    scene = base64.b64decode(pictures(1)[0])
    ratios = []
    with (
        dripping_pages(scene) as quick_pages,
        serving(WHOLE, "--concurrency", places, **environment) as (port, _),
    ):
        wanted = body(image_url=f"{quick_pages.url}/scene.png", cache=False)

        async def median():
            pool = Pool(port)
            answers = [await pool.ask("POST", "/caption", wanted) for _ in range(count)]
            pool.close()
            assert all(one.status == 200 for one in answers), answers[0].body
            return statistics.median(one.seconds for one in answers)

        async def submit(pages):
            pool = Pool(port)
            job = (await pool.ask("POST", "/v2/load/run", body(input={"image_urls": drips(pages)}))).json()["id"]
            pool.close()
            return job

        asyncio.run(median())  # warm
        for _ in range(pairs):
            alone = asyncio.run(median())
            with dripping_pages(scene) as pages:
                asyncio.run(submit(pages))
                for _ in range(8):
                    pages.dripping.acquire()
                ratios.append(asyncio.run(median()) / alone)
                assert pages.lost == 0 and not pages.let_go.is_set()
            while running(port) > 0:
                time.sleep(0.05)
    return statistics.median(ratios)


def slow_addresses(quick: bool, seconds: float):
    """A picture by address beside a job of 64 addresses that drip, at one, two and eight places: times alone."""
    ratios = {places: addresses_at(places, quick) for places in (1, 2, 8)}
    text = " ".join(f"ratio_{places}={ratio:.2f}" for places, ratio in ratios.items())
    return f"{text} (aim: each <= 2)", max(ratios.values()) <= 2


SCENES = {
    "start": process_start,
    "idle": idle_clients,
    "distinct": distinct_pictures,
    "overload": overload,
    "addresses": slow_addresses,
}
