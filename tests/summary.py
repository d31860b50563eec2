"""Add up the JUnit reports of one ./check and print the line that ends it.

A step that could not run at all counts as one failed test, a report that names no test as well.
Skipped tests are listed with their reasons and counted apart; they never count as passed.
"""
import pathlib
import sys
import xml.etree.ElementTree as ET


def main(folder: pathlib.Path) -> int:
    passed, failed, skipped = 0, [], []
    for report in sorted(folder.glob("*.xml")):
        cases = list(ET.parse(report).getroot().iter("testcase"))
        if not cases:
            failed.append(f"{report.stem}: no test in the report")
        for case in cases:
            name = f"{report.stem}: {case.get('classname', '')} {case.get('name', '')}".strip()
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                failed.append(name)
            elif skip is not None:
                skipped.append(f"{name}: {skip.get('message') or 'no reason given'}")
            else:
                passed += 1
    steps = folder / "failed-steps"
    if steps.exists():
        failed += [f"step {line}" for line in steps.read_text().split()]
    for line in skipped:
        print("skipped:", line)
    for line in failed:
        print("failed: ", line)
    print(f"{len(skipped)} skipped")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
