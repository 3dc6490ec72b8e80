"""Turns what pydantic finds into one sentence for a person."""

from pydantic import ValidationError


def first_problem(error: ValidationError) -> str:
    """The first finding: where it is and what is wrong."""
    finding = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in finding["loc"])
    message = finding["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
