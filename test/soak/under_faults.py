"""scripts/soak worker: all fault scripts, all kinds of jobs, kills on request; then the accounts."""

import contextlib
import random
import time

from fake_runpod.client import FakeRunpod, HttpError

from .fault_scripts import drawn
from .job_mix import complaint, draw_job
from .outbox_faults import OutboxFolder
from .worker_process import WorkerProcess

SCRIPT_S = 8  # a script whose jobs are slow in coming does not hold up the others for longer
QUIET_S = 240
START_S = 120
COMPLAINTS_SHOWN = 10
RECENT = 2000  # none of the jobs before these is still open
NOBODY_TAKES_RESULTS = [{"on": "done", "times": 0, "do": "status:503"}]  # so that a kill finds some in the outbox


class Soak:
    def __init__(self, options, platform, folder):
        self.options = options
        self.platform = platform
        self.draw = random.Random(options.seed)
        self.scripts = drawn(self.draw, options.scripts)
        self.planned = []
        self.to_cancel = []
        self.kill_at = sorted(self.draw.randrange(1, options.jobs) for _ in range(options.kills))
        self.stop_at = sorted(self.draw.randrange(1, options.jobs) for _ in range(options.stops))
        self.kills_done = 0
        self.decoders_killed = 0
        self.deaths = []
        room = self.draw.choice([8, 32, 64, 256])
        self.outbox = OutboxFolder(folder)
        self.worker = WorkerProcess(
            platform, folder / "worker.log", SCRIPTED_PICTURES=room, VIGNETTE_OUTBOX=self.outbox.path
        )
        print(f"seed {options.seed}, {options.jobs} jobs, room for {room} pictures, {len(self.scripts)} fault scripts")

    def run(self):
        self.platform.wait_until({"requests": "ping"}, START_S)
        self.platform.wait_until({"idle_takers": 1}, START_S)
        for number, (name, rules) in enumerate(self.scripts):
            first = len(self.scripts) - number
            share = (self.options.jobs - len(self.planned)) // first
            self.platform.faults(rules, replace=True)
            self.feed(share)
            self.report(number, name)
        self.platform.clear_faults()
        return self.settle()

    def feed(self, count):
        """In bursts, so that there are many takes of all sizes."""
        end = time.monotonic() + SCRIPT_S
        while count > 0:
            burst = min(count, self.draw.randint(1, 40))
            count -= burst
            self.submit(burst)
            self.kill_when_due()
            self.stop_when_due()
            self.break_or_mend_the_outbox()
            if self.draw.random() < 0.3:
                self.decoders_killed += self.worker.kill_a_decoder(self.draw)
            open_at_most = self.draw.choice([0, 5, 20, 40])
            left = end - time.monotonic()
            if left > 0:
                self.wait_quietly({"open_at_most": open_at_most}, left)
            self.cancel_some()
            self.look_after_the_worker()

    def submit(self, count):
        planned = [draw_job(self.draw, len(self.planned) + n) for n in range(count)]
        ids = self.platform.submit_many([{"input": job.input} for job in planned])
        for job, id in zip(planned, ids):
            job.id, job.input = id, None
        self.planned += planned
        self.to_cancel += [job for job in planned if job.cancel]

    def wait_quietly(self, condition, timeout_s):
        with contextlib.suppress(TimeoutError):
            self.platform.wait_until(condition, timeout_s)

    def cancel_some(self):
        while self.to_cancel:
            self.platform.client(f"cancel/{self.to_cancel.pop().id}", {})

    def kill_when_due(self):
        if not self.kill_at or len(self.planned) < self.kill_at[0]:
            return
        self.kill_at.pop(0)
        self.outbox.mend()  # what is only in memory would rightly die
        results_wait = self.kills_done % 2 == 0
        self.kills_done += 1
        if results_wait:
            self.platform.faults(NOBODY_TAKES_RESULTS)
        self.wait_quietly({"open_at_most": 0}, self.draw.uniform(0.1, 0.6))  # somewhere in the middle of the work
        in_progress, kept = self.platform.stats()["in_progress"], len(self.outbox.kept())
        self.worker.kill()
        self.forgive_the_interrupted()
        self.worker.kill_and_restart()
        if results_wait:
            self.platform.clear_faults()
        print(f"    kill -9 with {in_progress} jobs in progress and {kept} in the outbox; started again", flush=True)

    def stop_when_due(self):
        """Amid work, as RunPod scales down: what the worker holds is answered, or kept for the next."""
        if not self.stop_at or len(self.planned) < self.stop_at[0] or not self.worker.is_ready():
            return  # one that has only begun to start would die of the signal
        self.stop_at.pop(0)
        self.outbox.mend()
        self.cancel_some()
        self.wait_quietly({"open_at_most": 0}, self.draw.uniform(0.1, 0.6))
        before = self.platform.stats()["in_progress"]
        code, took = self.worker.terminate()
        self.expect_exit_code(code)
        kept, held = len(self.outbox.kept()), self.still_held()
        if len(held) > kept:
            self.deaths.append(f"SIGTERM has left {len(held)} jobs without an answer, {kept} kept: {held[:3]}")
        self.forgive_the_interrupted()
        self.worker.kill_and_restart()
        print(f"    SIGTERM with {before} jobs in progress: {took:.1f} s, exit code {code}, {kept} kept", flush=True)

    def still_held(self):
        """Jobs that this life of the worker has named in a ping, and not answered."""
        recent = self.planned[-RECENT:]
        found = self.platform.details([job.id for job in recent])
        return [job["id"] for job in found if job["status"] == "IN_PROGRESS" and job["named"]]

    def expect_exit_code(self, code):
        if code != 0:
            self.deaths.append(f"the worker's exit code after SIGTERM is {code}, not 0")

    def break_or_mend_the_outbox(self):
        """Broken for a few bursts, whole for more."""
        if self.outbox.broken and self.draw.random() < 0.4:
            self.outbox.mend()
        elif self.worker.is_ready() and not self.outbox.broken and self.draw.random() < 0.15:
            self.outbox.fault(self.draw)

    def forgive_the_interrupted(self):
        """Pieces on their way die with the worker: a result is kept, and holds them all. A job that ran may have
        killed it, and is not run a second time."""
        recent = self.planned[-RECENT:]
        for job, found in zip(recent, self.platform.details([job.id for job in recent])):
            if found["status"] not in ("COMPLETED", "FAILED"):
                job.streams = False
                job.interrupted = True

    def look_after_the_worker(self):
        """One that has ended by itself is started again, as the platform does."""
        code = self.worker.ended()
        if code is not None:
            self.deaths.append(f"the worker has ended by itself with {code} after {len(self.planned)} jobs")
            print(f"    {self.deaths[-1]}", flush=True)
            self.worker.kill_and_restart()

    def report(self, number, name):
        stats = self.platform.stats()
        shown = " ".join(f"{what} {stats[what]}" for what in ("submitted", "stuck", "requeued", "repeated"))
        print(f"{number + 1:3}/{len(self.scripts)} {name:58} {shown}", flush=True)

    def settle(self):
        self.cancel_some()
        self.outbox.mend()
        end = time.monotonic() + QUIET_S
        while time.monotonic() < end and self.platform.stats()["stuck"]:
            self.wait_quietly({"quiet": True}, 5)
            self.look_after_the_worker()
        self.worker.wait_until_ready(START_S)
        code, _ = self.worker.terminate()
        self.expect_exit_code(code)
        return self.judge()

    def judge(self):
        stats = self.platform.stats()
        wrong = []
        left = self.outbox.kept()
        if left:
            wrong.append(f"the outbox still holds {len(left)} files: {left[:3]}")
        if stats["late"]:
            wrong.append(f"{stats['late']} posts came after the final one: {stats['names']['late']}")
        refused = {what: n for what, n in stats["refused"].items() if not what.endswith(" 404")}
        if refused:
            wrong.append(f"the platform has refused posts that were no fault of its own: {refused}")
        wrong += self.deaths
        wrong += [f"job {job.id} ({job.kind}) {text}" for job, text in self.complaints()]
        tell(stats, wrong)
        outbox = ", ".join(f"{what} {count}" for what, count in self.outbox.counts.items())
        print(f"decoder processes killed: {self.decoders_killed}; outbox: {outbox}")
        return verdict(stats) and not wrong

    def complaints(self):
        for start in range(0, len(self.planned), 200):
            part = self.planned[start : start + 200]
            for job, found in zip(part, self.platform.details([job.id for job in part])):
                if text := complaint(job, found):
                    yield job, text


def tell(stats, wrong):
    for line in wrong[:COMPLAINTS_SHOWN]:
        print(f"wrong: {line}")
    if len(wrong) > COMPLAINTS_SHOWN:
        print(f"wrong: {len(wrong) - COMPLAINTS_SHOWN} more")
    names = ("submitted", "completed", "failed", "cancelled", "requeued", "repeated", "odd_handed", "odd_answered")
    print(", ".join(f"{name} {stats[name]}" for name in names))
    print("faults: " + ", ".join(f"{name} {count}" for name, count in sorted(stats["faults"].items()) if count))
    for what, ids in stats["names"].items():
        if ids:
            print(f"{what}: {ids[:5]}")


def verdict(stats):
    """The last line of every soak."""
    print(f"lost {stats['lost']} doubled {stats['doubled']} stuck {stats['stuck']}")
    return not (stats["lost"] or stats["doubled"] or stats["stuck"])


def run(options, folder):
    with FakeRunpod(hold=2, lease=options.lease) as platform:
        soak = Soak(options, platform, folder)
        try:
            return soak.run()
        except (HttpError, TimeoutError) as error:
            print(f"wrong: {error}")
            return False
        finally:
            soak.worker.kill()
