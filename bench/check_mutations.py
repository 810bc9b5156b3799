"""What the label score loses when each rule is taken away, and whether bad apps stand below good ones.

    python -m bench.check_mutations --repos DIR [--labels LABELS] [--bad OWNER+NAME…] [--good OWNER+NAME…]

Each rule is left out in turn, and the repositories in which it finds a label are audited anew with the others: the
score must fall by exactly the rule's own labels. Then broken requirements of level M are counted in the deliberately bad apps and
in the good samples: none of the bad may have fewer than one of the good. Writes a table; nothing is executed.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from bench.check_labels import HERE, hit

from twelve.checker.rules import RULES
from twelve.checker.run import check
from twelve.checker.source import FolderTree

BAD = ("adeyosemanputra+pygoat", "appsecco+dvna", "we45+Vulnerable-Flask-App")
GOOD = ("heroku+python-getting-started", "fastapi+full-stack-fastapi-template", "saleor+saleor")


def found(folder: Path, labels: list[dict], without: str = "") -> Counter[str]:
    """The labelled violations of one repository that are found, by requirement, with one rule left out."""
    report = check(FolderTree(folder), [rule for rule in RULES if rule.id != without])
    return Counter(one["requirement"] for one in labels if hit(report, one))


def ranked(repos: Path, names: list[str]) -> dict[str, int]:
    """Broken requirements of level M, by repository."""
    made = {}
    for name in names:
        if (repos / name).is_dir():
            report = check(FolderTree(repos / name))
            made[name] = sum(v.level == "M" and v.verdict == "broken" for v in report.verdicts)
    return made


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--labels", type=Path, default=HERE / "labels.json")
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--bad", nargs="*", default=BAD)
    parser.add_argument("--good", nargs="*", default=GOOD)
    options = parser.parse_args()
    labels = json.loads(options.labels.read_text())
    bad_ones: dict[Path, list[dict]] = {}
    for one in labels:
        if one["verdict"] == "bad":
            bad_ones.setdefault(options.repos / one["repo"].replace("/", "+"), []).append(one)
    labelled = {one["requirement"] for held in bad_ones.values() for one in held}
    by_repo = {folder: found(folder, held) for folder, held in bad_ones.items()}
    whole: Counter[str] = sum(by_repo.values(), Counter())
    print(f"all {len(RULES)} rules: {whole.total()} labelled violations found\n")
    print(f"{'left out':10} {'found':>6} {'fall':>5}")
    failed = False
    for rule in RULES:
        failed |= not (rule.found and rule.spared)
        if rule.id not in labelled:
            continue
        fall = sum(
            held.total() - found(folder, bad_ones[folder], rule.id).total()
            for folder, held in by_repo.items()
            if held[rule.id]
        )
        left = whole.total() - fall
        failed |= fall <= 0 or fall != whole[rule.id]
        print(f"{rule.id:10} {left:>6} {fall:>5}", flush=True)
    bare = [rule.id for rule in RULES if not (rule.found and rule.spared)]
    print(f"\nrules without a failing or a passing example: {', '.join(bare) or 'none'}")
    bad, good = ranked(options.repos, options.bad), ranked(options.repos, options.good)
    print("\nbroken requirements of level M")
    for name, count in [*bad.items(), *good.items()]:
        print(f"{count:>4}  {'bad ' if name in bad else 'good'}  {name}")
    inverted = [(b, g) for b in bad for g in good if bad[b] < good[g]]
    print(f"inversions: {', '.join(f'{b} < {g}' for b, g in inverted) or 'none'}")
    return int(failed or bool(inverted))


if __name__ == "__main__":
    sys.exit(main())
