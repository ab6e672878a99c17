"""Translates gitignore's patterns to regular expressions, which the seed matches with the standard library alone."""

from __future__ import annotations

from peer.core.treerules import Excluding

_ANY_FOLDER = "(?P<ps_d>/)"  # what pathspec makes of `*/`, for a search that may begin anywhere
_END = "|$)"  # which would be before a line end too, and a name may end in one


def excluding(pattern: str) -> Excluding | None:
    """One pattern, to be matched from the start of a path; None for a comment or a blank. Raises ValueError."""
    # Thirty modules, for the few inventories that leave anything out.
    from pathspec.patterns.gitignore import GitIgnorePatternError
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    try:
        found, out = GitIgnoreSpecPattern.pattern_to_regex(pattern)
    except GitIgnorePatternError:
        raise ValueError(
            f"'{pattern}' is no pattern of gitignore's; write '*.tmp', 'folder/' or '/at/the/top'"
        ) from None
    if found is None:
        return None
    expression = str(found)
    if expression == _ANY_FOLDER:
        expression = f"(?:.+/)?[^/]+{_ANY_FOLDER}"
    if expression.endswith(_END):
        expression = rf"{expression.removesuffix(_END)}|\Z)"
    return Excluding(expression, out is True)
