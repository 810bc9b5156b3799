"""Scale: another formation of the same release; only the difference starts or stops."""

from collections.abc import Sequence

from twelve.engines.contract import Tell
from twelve.factors.concurrency.formation import parse_formation
from twelve.factors.releases.release import Release
from twelve.operations.attempt import attempt
from twelve.operations.cut import cut_release
from twelve.operations.house import House
from twelve.operations.restart import running
from twelve.operations.roll_out import roll_out
from twelve.operations.wanted import build_of, manifest_of
from twelve.store.apps import Deploy


async def scale(
    house: House, deploy: Deploy, words: Sequence[str], *, who: str, tell: Tell, wait: bool = True
) -> Release:
    """Set quantities, written ``web=2 worker=1``.

    Raises Invalid for words that are not that or name no type, Refused before the first release.
    """
    async with attempt(house, deploy, "scale", who, tell, wait=wait) as mine:
        before = running(house, mine.deploy)
        build = build_of(house, deploy, before)
        types = manifest_of(build).processes
        change = parse_formation(words, types, before.formation)
        wanted = {**before.formation, **change}
        if wanted == before.formation:
            tell("scale", "nothing changes")
            return before
        mine.ask(change)
        note = " ".join(f"{kind}={change[kind]}" for kind in sorted(change))
        release = cut_release(mine, build, reason=f"scale {note}", formation=wanted)
        await roll_out(mine, release)
    return release
