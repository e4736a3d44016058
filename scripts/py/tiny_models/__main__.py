import argparse
from pathlib import Path

import torch

from tiny_models import MAKERS


def main() -> None:
    parser = argparse.ArgumentParser(prog="tiny_models", description="Makes a snapshot of a random tiny model.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--family", choices=MAKERS, default="blip2-opt")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(MAKERS[arguments.family](arguments.folder, arguments.seed))


if __name__ == "__main__":
    main()
