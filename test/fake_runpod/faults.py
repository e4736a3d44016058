"""Faults by script: a list of rules, each says which requests it hits and what then happens.

    {"on": "done", "after": 3, "times": 2, "do": "status:503"}

on       take, take-batch, done, stream, ping, stop, any, or a list of them
after    so many matching requests go unharmed first (0)
times    so many are hit (1); 0: all of them
do       what happens, see BEFORE, AFTER and RUBBISH below; hang and hang-after have seconds, slow-read and slow-write
         bytes per second (but no body takes longer than 5 s), status and retry-date a status (the latter with a date
         to try again), redirect and redirect-loop the status that sends elsewhere
job      only posts of this job
once_per_job  hit no job twice (posts only)
"""

from collections import Counter

KINDS = ("take", "take-batch", "done", "stream", "ping", "stop")

# Instead of the work: the platform has not seen the request.
BEFORE = ("status", "retry-date", "redirect", "redirect-loop", "reset", "hang", "slow-read")
# After the work: the platform has done it, but the answer is spoilt.
AFTER = ("reset-after", "truncate", "hang-after", "slow-write", "wrong-type", "empty-200", "bad-json", "bad-utf8")
AFTER += ("huge", "chunked", "gzip", "http-1.0")
# Only for takes: something else than a good job is handed out.
RUBBISH = ("no-id", "no-input", "huge-id", "odd-id", "non-object", "array-of-rubbish", "bad-utf8-job", "duplicate-job")
WITH_NUMBER = ("status", "retry-date", "redirect", "redirect-loop", "hang", "slow-read", "hang-after", "slow-write")
NO_ANSWER = ("reset-after", "truncate")  # the worker can't know that its post has arrived


class Rule:
    def __init__(self, data):
        unknown = set(data) - {"on", "after", "times", "do", "job", "once_per_job", "name"}
        if unknown:
            raise ValueError(f"unknown fields in a rule: {', '.join(sorted(unknown))}")
        on = data.get("on", "any")
        self.on = KINDS if on == "any" else tuple([on] if isinstance(on, str) else on)
        if set(self.on) - set(KINDS):
            raise ValueError(f"a rule's `on` is any of {', '.join(KINDS)}, or any; not {on!r}")
        self.text = data["do"]
        self.do, _, number = self.text.partition(":")
        if self.do not in BEFORE + AFTER + RUBBISH:
            raise ValueError(f"a rule can't do {self.do!r}; it can do: {', '.join(BEFORE + AFTER + RUBBISH)}")
        if (self.do in WITH_NUMBER) != bool(number):
            raise ValueError(f"{self.text}: only {', '.join(WITH_NUMBER)} have a number, and these need it")
        self.number = float(number) if number else 0.0
        self.after = int(data.get("after", 0))
        self.times = int(data.get("times", 1))
        self.job = data.get("job")
        self.once_per_job = bool(data.get("once_per_job", False))
        self.hit_jobs = set()
        self.hits = 0

    @property
    def spent(self):
        return bool(self.times) and self.hits >= self.times

    def matches(self, kind, job):
        if self.spent or kind not in self.on or (self.job is not None and self.job != job):
            return False
        if self.do in RUBBISH and kind not in ("take", "take-batch"):
            return False
        if self.once_per_job and job in self.hit_jobs:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        return True

    def as_json(self):
        return {"on": list(self.on), "do": self.text, "after": self.after, "times": self.times, "hits": self.hits}


class Faults:
    def __init__(self):
        self.rules = []
        self.done = Counter()

    def add(self, rules):
        made = [Rule(data) for data in rules]  # all or none
        self.rules = [rule for rule in self.rules if not rule.spent] + made

    def clear(self):
        self.rules = []

    def draw(self, kind, job=None):
        for rule in self.rules:
            if rule.matches(kind, job):
                rule.hits += 1
                rule.hit_jobs.add(job)
                self.done[rule.do] += 1
                return rule
        return None

    def give_back(self, rule):
        """The rule had nothing to spoil: it counts as not yet used."""
        rule.hits -= 1
        self.done[rule.do] -= 1
