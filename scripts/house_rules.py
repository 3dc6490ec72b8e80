"""House rules that no linter knows; `make check` runs them. A rule is one function that yields findings."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sorted(
    path for folder in ("src", "tests", "benchmarks", "scripts") for path in (ROOT / folder).rglob("*.py")
)

MAXIMUM_FILE_LINES = 800
MAXIMUM_FUNCTION_LINES = 80
DIRECT_TIME = re.compile(
    r"\b(time\.time\(|datetime\.now\(|datetime\.utcnow\(|random\.(random|randint|choice)\()"
)
SUPPRESSION = re.compile(r"#\s*(?:type:\s*ignore|noqa)(?P<code>\[[\w, -]+\]|:\s*[A-Z]+\d+)?(?P<rest>.*)$")


def _place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def files_have_one_subject(path: Path, text: str, _tree: ast.Module) -> Iterator[str]:
    """A file past 800 lines is about more than one thing."""
    lines = text.count("\n")
    if lines > MAXIMUM_FILE_LINES:
        yield f"{_place(path, 1)}: {lines} lines; split it by subject (at most {MAXIMUM_FILE_LINES})"


def functions_read_top_down(path: Path, _text: str, tree: ast.Module) -> Iterator[str]:
    """A function past 80 lines cannot be read in one go."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > MAXIMUM_FUNCTION_LINES:
                place = _place(path, node.lineno)
                yield f"{place}: {node.name} has {length} lines (at most {MAXIMUM_FUNCTION_LINES})"


def time_and_chance_are_injected(path: Path, text: str, _tree: ast.Module) -> Iterator[str]:
    """Only kernel/clock.py reads the clock; everything else takes a Clock."""
    if "src/holdfast" not in path.as_posix() or path.match("kernel/clock.py"):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if DIRECT_TIME.search(line):
            yield f"{_place(path, number)}: takes time or chance from the machine; take a Clock or Randomness"


def suppressions_have_reasons(path: Path, text: str, _tree: ast.Module) -> Iterator[str]:
    """`noqa` and `type: ignore` name their code and say why."""
    if path.name == "house_rules.py":
        return
    for number, line in enumerate(text.splitlines(), 1):
        found = SUPPRESSION.search(line)
        if found and not (found["code"] and len(found["rest"].strip(" #-")) > 3):
            yield f"{_place(path, number)}: name the rule that is suppressed and why, on the same line"


RULES = (
    files_have_one_subject,
    functions_read_top_down,
    time_and_chance_are_injected,
    suppressions_have_reasons,
)


def main() -> int:
    """Print every finding; the exit code is 1 when there is one."""
    findings: list[str] = []
    for path in PYTHON:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        findings += [finding for rule in RULES for finding in rule(path, text, tree)]
    print("\n".join(findings) or f"house rules: {len(PYTHON)} files, nothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
