"""Score ``twelve check`` on labelled repositories: recall, flagged look-alikes, and what no label covers.

    python -m bench.check_labels --repos DIR [--labels FILE] [--judgements FILE] [--mutate] [--show]

``DIR`` holds a checkout for each repository, named ``owner+name``. Nothing in it is executed. A finding
of severity high that no label covers is looked up in the judgements: it was read, and is right or wrong.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

from twelve.checker.rules import RULES
from twelve.checker.run import Report, check
from twelve.checker.source import FolderTree
from twelve.finding import Finding

HERE = Path(__file__).parent / "check"
NEAR = 1


def hit(report: Report, label: dict) -> bool:
    """Does a finding of the requirement name the labelled place?"""
    lines = {label["line"], *label.get("other_lines", ())}
    for finding in report.findings:
        if finding.requirement != label["requirement"]:
            continue
        for place in finding.places:
            if place.path == label["path"] and any(
                abs(place.line - line) <= NEAR for line in lines
            ):
                return True
    return False


def unlabelled(report: Report, labels: list[dict]) -> list[Finding]:
    """The findings of severity high that no label of a violation covers."""
    covered = {
        (label["requirement"], label["path"], line + near)
        for label in labels
        if label["verdict"] == "bad"
        for line in (label["line"], *label.get("other_lines", ()))
        for near in range(-NEAR, NEAR + 1)
    }
    return [
        finding
        for finding in report.findings
        if finding.severity == "high"
        and not any((finding.requirement, p.path, p.line) in covered for p in finding.places)
    ]


def judged(finding: Finding, judgements: list[dict]) -> bool | None:
    """Was the finding right, as somebody who read it said? None: nobody read it."""
    places = {(place.path, place.line) for place in finding.places}
    said = [
        one["right"]
        for one in judgements
        if one["requirement"] == finding.requirement and (one["path"], one["line"]) in places
    ]
    return all(said) if said else None


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--labels", type=Path, default=HERE / "labels.json")
    parser.add_argument("--judgements", type=Path, default=HERE / "judgements.json")
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--mutate", action="store_true")
    parser.add_argument(
        "--prefilter", action="store_true", help="compare with and without the token prefilter"
    )
    options = parser.parse_args()
    labels = json.loads(options.labels.read_text())
    judgements = json.loads(options.judgements.read_text())["judgements"]
    found, total, flagged, alike, read = Counter(), Counter(), Counter(), Counter(), Counter()
    for repo in sorted({label["repo"] for label in labels}):
        folder = options.repos / repo.replace("/", "+")
        if not folder.is_dir():
            print(f"missing: {folder}")
            continue
        started = time.process_time()
        report = check(FolderTree(folder))
        print(f"{repo}: {len(report.findings)} findings, {time.process_time() - started:.2f} CPU s")
        if options.prefilter:
            bare = check(FolderTree(folder), prefilter=False)
            same = set(bare.findings) == set(report.findings)
            print(
                "   prefilter:",
                "identical" if same else f"DIFFERS {set(bare.findings) ^ set(report.findings)}",
            )
        own = [one for one in labels if one["repo"] == repo]
        for finding in unlabelled(report, own):
            right = judged(finding, [one for one in judgements if one["repo"] == repo])
            read[right] += 1
            if options.show and not right:
                print("  ", "UNREAD " if right is None else "WRONG  ", finding.requirement, end=" ")
                print(f"{finding.places[0].path}:{finding.places[0].line}", finding.message[:90])
        for label in own:
            bad = label["verdict"] == "bad"
            (total if bad else alike)[label["requirement"]] += 1
            if hit(report, label):
                (found if bad else flagged)[label["requirement"]] += 1
            if options.show and bad != hit(report, label):
                print(
                    "  ",
                    "MISSED " if bad else "FLAGGED",
                    label["requirement"],
                    f"{label['path']}:{label['line']}",
                    label["why"][:90],
                )
    print(f"\n{'requirement':12} {'found':>9} {'look-alikes flagged':>20}")
    for rule in RULES:
        if total[rule.id] or alike[rule.id]:
            print(
                f"{rule.id:12} {found[rule.id]:>4}/{total[rule.id]:<4} {flagged[rule.id]:>12}/{alike[rule.id]}"
            )
    hits, false = found.total(), flagged.total()
    print(
        f"\nrecall {hits}/{total.total()} = {hits / max(total.total(), 1):.3f}; look-alikes flagged / (flagged + found) = {false}/{false + hits} = {false / max(false + hits, 1):.3f}"
    )
    print(
        f"unlabelled findings of severity high: {read[True]}/{read.total()} right, {read[None]} read by nobody"
    )
    if options.mutate:
        print(
            "\na rule with a label, taken away, costs:",
            {rule.id: found[rule.id] for rule in RULES if total[rule.id]},
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
