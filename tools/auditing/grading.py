"""A mark from weights: the points of each rule, of which a broken one gets none."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from tools.auditing.judging import RULES
from tools.auditing.rule import BROKEN, UNSEEN, Result


class WeightError(Exception):
    """What is wrong with the weights, and what to write instead, in one line."""


class Mark(NamedTuple):
    """`points` of `most`; `lost`: rule and points; `left_out`: rules with a weight that couldn't be seen."""

    points: float
    most: float
    lost: Tuple[Tuple[str, float], ...]
    left_out: Tuple[str, ...]

    @property
    def words(self) -> str:
        """The mark in one line."""
        lost = "".join(f"; {name} -{points:g}" for name, points in self.lost)
        out = f"; not counted, because not to be seen: {', '.join(self.left_out)}" if self.left_out else ""
        return f"mark: {self.points:g} of {self.most:g} points{lost}{out}"


def weights_of(data: Any, lines: Mapping[Any, int], source: str) -> Dict[str, float]:
    """Rule -> points, of a YAML file's data. `lines`: (key,) -> line. Raises WeightError."""
    if not isinstance(data, dict) or not data:
        raise WeightError(f"{source}: write a line 'rule: points' for each rule that counts, as 'texts: 10'")
    known = [rule.name for rule in RULES]
    for name, points in data.items():
        where = f"{source}:{lines.get((str(name),), 1)}"
        if name not in known:
            near = get_close_matches(str(name), known, 1, 0.5)
            hint = f"did you mean '{near[0]}'?" if near else f"the rules are {', '.join(known)}"
            raise WeightError(f"{where}: there is no rule '{name}'; {hint}")
        if isinstance(points, bool) or not isinstance(points, (int, float)) or not 0 <= points < 1e9:
            raise WeightError(f"{where}: {name} has '{points}'; write its points, a number of at least 0")
    return {str(name): float(points) for name, points in data.items()}


def mark(results: Sequence[Result], weights: Mapping[str, float]) -> Mark:
    """What the rules that could be seen are worth. Rules without a weight count nothing."""
    counting: List[Result] = [one for one in results if weights.get(one.rule.name)]
    judged = [one for one in counting if one.state != UNSEEN]
    lost = tuple((one.rule.name, weights[one.rule.name]) for one in judged if one.state == BROKEN)
    most = sum(weights[one.rule.name] for one in judged)
    left_out = tuple(one.rule.name for one in counting if one.state == UNSEEN)
    return Mark(most - sum(points for _, points in lost), most, lost, left_out)
