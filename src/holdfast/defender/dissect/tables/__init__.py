"""Long tables of numbers and names, one file each: a number, a tab, a name a line."""

from functools import lru_cache
from importlib.resources import files


@lru_cache
def names(table: str) -> dict[int, str]:
    """The table in `<table>.tsv`."""
    content = files(__package__).joinpath(f"{table}.tsv").read_text("utf-8")
    pairs = (line.split("\t", 1) for line in content.splitlines() if line)
    return {int(number): name for number, name in pairs}
