"""Runs one fuzz target in this process: `python -m tests.fuzz.run fuzz_mqtt RUNS SECONDS FOLDER`.

Ends with 0 after so many inputs or seconds; an input that breaks the target is left in FOLDER and the exit
code is another one. The seed is fixed: the same inputs every time, unless the code under test changed.
"""

import importlib
import sys
from pathlib import Path

import atheris


def main(name: str, runs: str, seconds: str, folder: str) -> None:
    """Instrument Holdfast's own code, so that coverage steers the inputs, and fuzz."""
    with atheris.instrument_imports(include=["holdfast"]):
        target = importlib.import_module(f"tests.fuzz.{name}").target
    options = [
        f"-atheris_runs={runs}",
        f"-max_total_time={seconds}",
        f"-artifact_prefix={folder}/",
        "-seed=1",
    ]
    atheris.Setup([sys.argv[0], *options, "-max_len=4096", "-timeout=60"], target)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main(*sys.argv[1:])
