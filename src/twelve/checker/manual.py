"""The manual's section of a factor, generated from the rules and compared in CI.

``python -m twelve.checker.manual [--check] DOCS`` writes (or compares) ``DOCS/factors/*.md`` between the markers.
"""

import sys
from pathlib import Path

from twelve.checker.fixes.apply import FIXES
from twelve.checker.rules import ROOM_RULES
from twelve.methodology import FACTORS, Factor

BEGIN, END = "<!-- rules: generated -->", "<!-- /rules -->"
LEVELS = {"M": "demanded", "S": "follows", "X": "later texts, with `--extended`"}


def section(factor: Factor) -> str:
    """What ``twelve check`` judges of one factor."""
    lines = [BEGIN, "", "## What `twelve check` reads", ""]
    for rule in ROOM_RULES[factor.room]:
        mend = f" `twelve check --fix {rule.id}` mends it." if rule.id in FIXES else ""
        proof = (
            " Reading can find it broken; only `twelve prove` can show that it holds."
            if rule.prover
            else ""
        )
        lines += [
            f"### {rule.id} {rule.statement}",
            "",
            f"*{LEVELS[rule.level]}; from {rule.source}.* {rule.why}{proof}",
            "",
            f"- **Way out.** {rule.way_out}{mend}",
            f"- **Never flagged.** {rule.never}",
            *([f"- **Medium, not high.** {rule.doubt}"] if rule.doubt else []),
            "",
        ]
        if rule.found:
            example = rule.found[0]
            for path, text in example.files.items():
                lines += [f"Found in `{path}`:", "", "```", text.rstrip("\n"), "```", ""]
    return "\n".join([*lines, END]) + "\n"


def page(factor: Factor, text: str) -> str:
    """The page with its generated section renewed."""
    made = section(factor)
    if BEGIN in text and END in text:
        head, _, rest = text.partition(BEGIN)
        return head + made + rest.partition(END)[2].removeprefix("\n")
    if not text:
        text = f"# {factor.numeral}. {factor.title}\n"
    return text.rstrip("\n") + "\n\n" + made


def main(words: list[str]) -> int:
    """Write the pages, or say which differ."""
    compare = "--check" in words
    docs = Path(next((word for word in words if not word.startswith("-")), "docs"))
    stale = 0
    for factor in FACTORS:
        path = docs / "factors" / factor.page
        before = path.read_text("utf-8") if path.is_file() else ""
        after = page(factor, before)
        if before != after:
            stale += 1
            if compare:
                print(f"{path}: differs from the rules; run python -m twelve.checker.manual {docs}")
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(after, "utf-8")
    return 1 if compare and stale else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
