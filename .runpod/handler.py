"""Becomes the program `vignette`. The image's own command needs no Python; this file is for what starts a handler and
nothing else: `runpodctl project`, and the Hub's look for a handler.py. In place of runpod.serverless.start(), the
process turns into the worker, so that signals, exit codes and logs are the program's own.

    python -u handler.py                        vignette worker
    python -u handler.py --rp_serve_api ...     vignette serve
    python -u handler.py --test_input ...       vignette run
"""

import os
import sys

words = sys.argv[1:]
names = {word.split("=")[0] for word in words}
command = "serve" if "--rp_serve_api" in names else "run" if "--test_input" in names else "worker"
try:
    os.execvp("vignette", ["vignette", command, *words])
except FileNotFoundError:
    sys.exit("vignette is not in PATH; build the image of this project with .runpod/project.Dockerfile")
