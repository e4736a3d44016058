"""Loads the server and prints one line a scene: SCENE ok|missed numbers (aim: …)"""

import argparse

from load.scenes import SCENES


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench-load", description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help="default: all")
    parser.add_argument("--list", action="store_true", help="name the scenes and what they show")
    parser.add_argument("--quick", action="store_true", help="seconds a scene: does it run at all?")
    parser.add_argument("--seconds", type=float, default=60, help="of load, where a scene takes its time")
    arguments = parser.parse_args()
    if arguments.list:
        for name, scene in SCENES.items():
            print(f"{name:10} {scene.__doc__}")
        return
    for name in arguments.scenes:
        if name not in SCENES:
            parser.error(f"there is no scene {name}; the scenes are: {', '.join(SCENES)}")
    for name in arguments.scenes or SCENES:
        text, met = SCENES[name](arguments.quick, arguments.seconds)
        print(f"{name} {'ok' if met else 'missed'} {text}", flush=True)


if __name__ == "__main__":
    main()
