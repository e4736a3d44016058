"""The fault scripts: each is a few rules for the fake with drawn numbers. Faults are short, so that a soak takes
minutes: the worker's waits grow with each failure in a row, and a 401 that lasts would rightly end it."""

TAKES = ["take", "take-batch"]


def on_takes(do, times=(1, 3)):
    return lambda draw: [{"on": TAKES, "after": draw.randint(0, 2), "times": draw.randint(*times), "do": do(draw)}]


def on(kind, do, times=(1, 6), after=(0, 20), **more):
    return lambda draw: [
        {"on": kind, "after": draw.randint(*after), "times": draw.randint(*times), "do": do(draw), **more}
    ]


def always(text):
    return lambda draw: text


def number(text, low, high):
    return lambda draw: f"{text}:{draw.uniform(low, high):.2f}"


def storm(statuses, kinds, rules, times):
    """Several statuses at once on several kinds of request."""

    def make(draw):
        return [
            {
                "on": draw.choice(kinds),
                "after": draw.randint(0, 10),
                "times": draw.randint(1, times),
                "do": draw.choice(statuses),
            }
            for _ in range(rules)
        ]

    return make


REFUSED_ONCE = {"once_per_job": True}  # many in a row would rightly make an error of a good result

TEMPLATES = {
    "take-429": on_takes(always("status:429"), (1, 2)),
    "take-500": on_takes(always("status:500"), (1, 4)),
    "take-502": on_takes(always("status:502")),
    "take-503": on_takes(always("status:503"), (2, 4)),
    "take-504": on_takes(always("status:504")),
    "take-400": on_takes(always("status:400"), (1, 4)),
    "take-401": on_takes(always("status:401"), (1, 1)),
    "take-403": on_takes(always("status:403"), (1, 2)),
    "take-404": on_takes(always("status:404"), (1, 2)),
    "take-reset": on_takes(always("reset"), (1, 4)),
    "take-reset-after": on_takes(always("reset-after")),
    "take-truncate": on_takes(always("truncate")),
    "take-hang": on_takes(number("hang", 0.2, 3.0)),
    "take-hang-after": on_takes(number("hang-after", 0.2, 3.0)),
    "take-slow-write": on_takes(number("slow-write", 200, 4000)),
    "take-bad-json": on_takes(always("bad-json")),
    "take-bad-utf8": on_takes(always("bad-utf8")),
    "take-empty-200": on_takes(always("empty-200")),
    "take-wrong-type": on_takes(always("wrong-type")),
    "job-duplicate": on_takes(always("duplicate-job"), (2, 6)),
    "job-no-id": on_takes(always("no-id")),
    "job-no-input": on_takes(always("no-input")),
    "job-huge-id": on_takes(always("huge-id"), (1, 2)),
    "job-odd-id": on_takes(always("odd-id")),
    "job-non-object": on_takes(always("non-object")),
    "job-array-of-rubbish": on_takes(always("array-of-rubbish")),
    "job-bad-utf8": on_takes(always("bad-utf8-job")),
    "done-429": on("done", always("status:429"), (1, 4)),
    "done-500": on("done", always("status:500")),
    "done-503": on("done", always("status:503"), (5, 25)),
    "done-400": on("done", always("status:400"), (1, 8), **REFUSED_ONCE),
    "done-413": on("done", always("status:413"), (1, 4), **REFUSED_ONCE),
    "done-422": on("done", always("status:422"), (1, 4), **REFUSED_ONCE),
    "done-reset": on("done", always("reset"), (1, 20)),
    "done-reset-after": on("done", always("reset-after"), (1, 20)),
    "done-truncate": on("done", always("truncate"), (1, 20)),
    "done-hang": on("done", number("hang", 0.2, 3.0), (1, 20)),
    "done-hang-after": on("done", number("hang-after", 0.2, 3.0), (1, 20)),
    "done-slow-read": on("done", number("slow-read", 5_000, 100_000), (1, 10)),
    "done-bad-json": on("done", always("bad-json"), (1, 10)),
    "done-empty-200": on("done", always("empty-200"), (1, 10)),
    "done-404": on("done", always("status:404"), (1, 8), **REFUSED_ONCE),
    "done-409": on("done", always("status:409"), (1, 8), **REFUSED_ONCE),
    "done-417": on("done", always("status:417"), (1, 8), **REFUSED_ONCE),
    "done-307": on("done", always("redirect:307"), (1, 10)),
    "done-308": on("done", always("redirect:308"), (1, 10)),
    "done-307-loop": on("done", always("redirect-loop:307"), (1, 4)),
    "done-303": on("done", always("redirect:303"), (1, 4)),
    "done-retry-date": on("done", always("retry-date:503"), (1, 6)),
    "done-huge": on("done", always("huge"), (1, 20)),
    "done-chunked": on("done", always("chunked"), (1, 20)),
    "done-gzip": on("done", always("gzip"), (1, 20)),
    "done-http-1.0": on("done", always("http-1.0"), (1, 20)),
    "take-307": on_takes(always("redirect:307")),
    "take-308-loop": on_takes(always("redirect-loop:308"), (1, 2)),
    "take-chunked": on_takes(always("chunked")),
    "take-gzip": on_takes(always("gzip")),
    "take-http-1.0": on_takes(always("http-1.0")),
    "stream-307": on("stream", always("redirect:307"), (1, 10)),
    "stream-huge": on("stream", always("huge"), (1, 10)),
    "stream-429": on("stream", always("status:429"), (1, 3)),
    "stream-500": on("stream", always("status:500")),
    "stream-400": on("stream", always("status:400"), (1, 4), **REFUSED_ONCE),
    "stream-reset": on("stream", always("reset"), (1, 10)),
    "stream-reset-after": on("stream", always("reset-after"), (1, 10)),
    "stream-truncate": on("stream", always("truncate"), (1, 10)),
    "stream-hang": on("stream", number("hang", 0.2, 2.0)),
    "stream-slow-read": on("stream", number("slow-read", 500, 20_000)),
    "ping-500": on("ping", always("status:500"), (1, 2), (0, 2)),
    "ping-429": on("ping", always("status:429"), (1, 2), (0, 2)),
    "ping-reset": on("ping", always("reset"), (1, 2), (0, 2)),
    "ping-truncate": on("ping", always("truncate"), (1, 3), (0, 2)),
    "ping-hang": on("ping", number("hang", 0.5, 2.5), (1, 1), (0, 2)),
    "stop-500": on("stop", always("status:500"), (1, 3), (0, 1)),
    "stop-reset": on("stop", always("reset"), (1, 3), (0, 1)),
    "stop-bad-json": on("stop", always("bad-json"), (1, 3), (0, 1)),
    "stop-bad-utf8": on("stop", always("bad-utf8"), (1, 3), (0, 1)),
    "stop-empty-200": on("stop", always("empty-200"), (1, 3), (0, 1)),
    "stop-hang": on("stop", number("hang", 0.5, 3.0), (1, 2), (0, 1)),
    "storm-5xx": storm(["status:500", "status:502", "status:503", "status:504"], [*TAKES, "done", "stream"], 6, 3),
    "storm-network": storm(["reset", "reset-after", "truncate", "hang:1"], [*TAKES, "done", "stream", "stop"], 6, 3),
    "storm-slow": storm(["hang:0.5", "hang-after:0.5", "slow-read:20000"], [*TAKES, "done", "stream"], 6, 5),
    "storm-answers": storm(["bad-json", "bad-utf8", "empty-200", "wrong-type"], [*TAKES, "stream", "stop"], 5, 2),
}


def drawn(draw, count):
    """[(name, rules)]: main scripts without repetition as long as there are any, each with up to two more."""
    names = []
    while len(names) < count:
        names += draw.sample(sorted(TEMPLATES), min(len(TEMPLATES), count - len(names)))
    scripts = []
    for name in names:
        parts = [name, *draw.sample(sorted(TEMPLATES), draw.choice([0, 0, 1, 1, 2]))]
        rules = [rule for part in dict.fromkeys(parts) for rule in TEMPLATES[part](draw)]
        scripts.append((" + ".join(dict.fromkeys(parts)), rules))
    return scripts
