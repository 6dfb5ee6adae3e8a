"""What the person chose to leave out, as the coverage statement says it; without a choice nothing may be left out."""

from collections.abc import Iterator
from typing import Any

from app.engine.verify.problems import VerificationError, raise_all


def tell_left_out(coverage: dict[str, Any]) -> Iterator[str]:
    """In words. Raises VerificationError; LookupError, TypeError, AttributeError or ValueError for other shapes."""
    choices = coverage.get("choices", {})  # older ones do not say: they are of everything
    without = set(map(str, choices.get("without", [])))
    raise_all(
        f"{line['table']} has rows here, although it was left out by choice"
        for line in coverage["tables"]
        if line["table"] in without and line["rows"]
    )
    rows = [count for line in coverage["tables"] if (count := int(line.get("rows_left_out", 0)))]
    files = sum(int(line.get("files_left_out", 0)) for line in coverage["tables"])
    limits_rows = without or choices.get("since") or choices.get("until")
    if min(rows, default=0) < 0 or (rows and not limits_rows):
        raise VerificationError(f"{sum(rows)} rows are left out, and by no choice of the person's")
    if files and choices.get("files", True) is not False:
        raise VerificationError(f"{files} files are left out, and by no choice of the person's")
    if rows:
        yield f"Left out by the person's choice: {sum(rows):,} rows of {len(rows)} tables."
    if files:
        yield f"Left out by the person's choice: {files:,} files, whose rows are here."
