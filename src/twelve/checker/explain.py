"""One requirement, told in full: what it demands, why, how it is judged, what is never flagged."""

from twelve.checker.rules import ROOM_OF, rule
from twelve.methodology import FACTORS
from twelve.picture.rule import Example

LEVELS = {
    "M": "the text demands it",
    "S": "it follows from the text, or the text recommends it",
    "X": "later texts; judged with --extended",
}


def explain(rule_id: str) -> str:
    """What ``--explain`` prints."""
    one = rule(rule_id)
    factor = next(factor for factor in FACTORS if factor.room == ROOM_OF[rule_id])
    lines = [
        f"{one.id}  {one.statement}",
        "",
        f"Factor    {factor.numeral}. {factor.title} ({factor.question})",
        f"Level     {one.level}: {LEVELS[one.level]}",
        f"Source    {one.source}",
        f"Severity  {one.severity} at most times",
        f"Why       {one.why}",
        f"Way out   {one.way_out}",
        f"Never     {one.never}",
        *([f"Medium    {one.doubt}"] if one.doubt else []),
        f"Manual    docs/factors/{factor.page}",
    ]
    if one.prover:
        lines.append(
            "Proof     reading can find it broken, only `twelve prove` can show that it holds"
        )
    for title, examples in (("Found", one.found), ("Spared", one.spared)):
        for example in examples:
            lines += ["", f"{title}{f' at {example.at}' if example.at else ''}:", *_shown(example)]
    return "\n".join(lines) + "\n"


def _shown(example: Example) -> list[str]:
    made = []
    for path, text in example.files.items():
        made.append(f"  {path}")
        made += [f"    {line}" for line in text.rstrip("\n").split("\n")]
    return made
