"""The table that a campaign ends with."""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.crash.campaign import Result
from tests.crash.run import Tally

_SHOWN = 30
_KINDS = ("lost", "partial", "doubled", "miscounted", "left over", "error")


def as_json(result: Result) -> dict[str, Any]:
    tallies = [{"name": each.name, "struck": each.struck, "breaches": each.breaches} for each in result.tallies]
    trials = [{"name": each.name, "caught": each.caught, "calm": each.calm} for each in result.trials]
    return {"database": result.database, "tallies": tallies, "trials": trials}


def render(result: Result) -> str:
    return "\n".join(_table(result))


def _table(result: Result) -> Iterator[str]:
    yield f"{result.database:<28}{'points':>8}{'lines':>8}{'struck':>8}" + "".join(f"{kind:>12}" for kind in _KINDS)
    yield from map(_line, result.tallies)
    yield _line(_add_up(result.tallies))
    for trial in result.trials:
        told = trial.caught[0] if trial.is_caught else "NOT CAUGHT"
        yield f"mutant: {trial.name}: {told}, after {trial.runs} points"
    yield f"{result.seconds:.0f} s"
    found = [breach for tally in result.tallies for breach in tally.breaches]
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        yield f"… and {len(found) - _SHOWN} more"
    yield ""


def _line(tally: Tally) -> str:
    counts = (sum(f": {kind}:" in breach for breach in tally.breaches) for kind in _KINDS)
    facts = f"{tally.name:<28}{tally.runs:>8}{len(tally.lines):>8}{tally.struck:>8}"
    return facts + "".join(f"{count:>12}" for count in counts)


def _add_up(tallies: Sequence[Tally]) -> Tally:
    return Tally(
        "all",
        sum(tally.runs for tally in tallies),
        sum(tally.struck for tally in tallies),
        {line for tally in tallies for line in tally.lines},
        [breach for tally in tallies for breach in tally.breaches],
    )
