"""Running case files of all four kinds and telling what passed, failed or deviates on purpose."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from holdfast.policy.cases import functions, normalization, rules
from holdfast.policy.cases.files import CaseFileError, Suite, find_files, read_suite
from holdfast.policy.cases.results import CaseResult, Report, Verdict

Progress = Callable[[Path], None]

_NORMALIZATION_KEYS: Final = frozenset(
    {"input", "expected_normalized", "expected_denormalized", "expected_envelope"}
)


def run_cases(paths: list[Path], progress: Progress = lambda path: None) -> Report:
    """Run every case of the files and folders; `progress` is told of each file before it is run.

    Raises CaseFileError when a path does not exist or a single file is no suite. In folders, a YAML file
    that is no suite counts as one failed case.
    """
    results: list[CaseResult] = []
    for path in find_files(paths):
        progress(path)
        try:
            suite = read_suite(path)
        except CaseFileError as error:
            if path in paths:
                raise
            results.append(CaseResult(path.name, "", "file", Verdict.FAILED, str(error)))
            continue
        results.extend(_run(suite))
    return Report(tuple(results))


def _run(suite: Suite) -> Iterable[CaseResult]:
    for index, case in enumerate(suite.cases):
        note = str(case.get("note") or f"case {index + 1}")
        kind = kind_of(suite, case)
        try:
            detail = _RUNNERS[kind](suite, case)
        except CaseFileError as error:
            detail = str(error)
        yield _result(suite.path, note, kind, detail)


def _result(path: Path, note: str, kind: str, detail: str) -> CaseResult:
    name = f"{path.parent.name}/{path.name}"
    if not detail:
        return CaseResult(name, note, kind, Verdict.PASSED)
    reason = deviations().get(f"{path.name}#{note}")
    if reason is None:
        return CaseResult(name, note, kind, Verdict.FAILED, detail)
    return CaseResult(name, note, kind, Verdict.DEVIATING, f"{reason} ({detail})")


def kind_of(suite: Suite, case: Mapping[str, object]) -> str:
    """Which of the four kinds a case is, by what it holds."""
    if "builtin" in suite.settings or "builtin" in case:
        return "functions"
    if not _NORMALIZATION_KEYS.isdisjoint(case):
        return "normalization"
    return "parser" if "parse_level" in case or "parser" in suite.path.parent.name else "policy"


_RUNNERS: Final[Mapping[str, Callable[[Suite, Mapping[str, object]], str]]] = {
    "functions": lambda suite, case: functions.run(suite.settings, case),
    "normalization": lambda suite, case: normalization.run(suite.settings, case),
    "parser": lambda suite, case: rules.run(suite.settings, case, suite.path.parent),
    "policy": lambda suite, case: rules.run(suite.settings, case, suite.path.parent),
}


@cache
def deviations() -> Mapping[str, str]:
    """Why a case (`file#note`) is not followed; the same list stands in docs/policy-conformance.md."""
    text = files("holdfast.policy.cases").joinpath("deviations.json").read_text(encoding="utf-8")
    document: Mapping[str, str] = json.loads(text)
    return document
