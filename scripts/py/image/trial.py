"""The image at work, as root and as its user: doctor, the mock event and a worker's job on a fake of the platform. The
worker is told the id of a checkpoint and nothing else, and finds it where RunPod keeps cached models.
`python -m image.trial BUILDAH...`"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path += [str(ROOT / "test"), str(ROOT / "test/e2e")]
from fake_runpod.client import FakeRunpod  # noqa: E402
from hub import SOURCE, make_cached, make_ready  # noqa: E402

BUILDAH = sys.argv[1:]
USERS = ("root", "vignette")


def buildah(*arguments, **options):
    return subprocess.run([*BUILDAH, *arguments], text=True, capture_output=True, timeout=600, **options)


def run(container, user, *command, environment=None, volumes=()):
    given = [word for name, value in (environment or {}).items() for word in ("--env", f"{name}={value}")]
    given += [word for volume in volumes for word in ("--volume", volume)]
    line = [*BUILDAH, "run", "--user", user, *given, container, "--", *command]
    return subprocess.run(line, text=True, capture_output=True, timeout=300)


def cached_model(folder):
    """A checkpoint in RunPod's cache, and the program that the image would bring for it."""
    make_cached(folder / "hub")
    ready = make_ready(folder / "models")
    folder.chmod(0o755)
    return [
        f"{folder / 'hub'}:/runpod-volume/huggingface-cache/hub:ro",
        f"{ready}:/opt/vignette/models/{ready.name}:ro",
    ]


def worker_job(container, user):
    """buildah ends what it runs with a kill, so the worker leaves by itself after its job."""
    event = json.loads((ROOT / "test_input.json").read_text())
    with FakeRunpod() as platform, tempfile.TemporaryDirectory() as folder:
        environment = platform.worker_env("in-the-image") | {
            "VIGNETTE_MODEL": SOURCE,
            "VIGNETTE_REFRESH_WORKER": "true",
        }
        environment["RUNPOD_SKIP_AUTO_SYSTEM_CHECKS"] = "false"
        job = platform.submit(event["input"])
        volumes = cached_model(Path(folder))
        done = run(container, user, "vignette", "worker", environment=environment, volumes=volumes)
        print("      ", "\n       ".join((done.stdout + done.stderr).splitlines()[-6:]))
        return platform.job(job)


def try_as(container, user):
    """The names of what failed."""
    doctor = run(container, user, "vignette", "doctor")
    print(doctor.stdout + doctor.stderr)
    event = run(container, user, "vignette", "run")
    print(event.stdout, event.stderr[-500:])
    job = worker_job(container, user)
    print(f"       a worker's job: {job['status']} {json.dumps(job.get('output'))}\n")
    done = {"doctor": doctor.returncode == 0, "event": event.returncode == 0, "job": job["status"] == "COMPLETED"}
    return [f"{name} as {user}" for name, well in done.items() if not well]


def main():
    container = buildah("from", "--pull-never", "vignette:check", check=True).stdout.strip()
    try:
        failed = []
        for user in USERS:
            print(f"== as {user}")
            failed += try_as(container, user)
    finally:
        buildah("rm", container)
    print("failed: " + ", ".join(failed) if failed else "the image works")
    sys.exit(bool(failed))


main()
