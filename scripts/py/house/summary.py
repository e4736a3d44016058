"""One closing line for scripts/test: `python summary.py RESULTS STAGES FAILED_STAGES`."""

import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def counts(file: Path) -> tuple[int, int, int]:
    suites = xml.parse(file).getroot()
    suites = suites.findall("testsuite") if suites.tag == "testsuites" else [suites]

    def total(name: str) -> int:
        return sum(int(suite.get(name) or 0) for suite in suites)

    return total("tests"), total("failures") + total("errors"), total("skipped") + total("disabled")


def main(results: str, stages: int, failed_stages: int) -> None:
    run = failed = skipped = 0
    for file in sorted(Path(results).glob("*.xml")):
        one_run, one_failed, one_skipped = counts(file)
        print(f"  {file.stem:8} {one_run:5} tests, {one_failed} failed, {one_skipped} skipped")
        run, failed, skipped = run + one_run, failed + one_failed, skipped + one_skipped
    print(f"{stages} stages, {failed_stages} failed")
    failed = max(failed, failed_stages)
    print(f"{run - failed - skipped} passed, {failed} failed, {skipped} skipped")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
