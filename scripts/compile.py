"""Compiles the hot modules (`[tool.holdfast] compiled` in pyproject.toml) with mypyc; see docs/compiled.md.

FOLDER is where `holdfast.kernel.compiled` looks for them if nothing is named. Needs gcc and Python's headers.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from mypyc.build import mypycify
from setuptools.dist import Distribution

from holdfast.kernel.compiled import FOLDER, MANIFEST, fitting, manifest, module_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "holdfast"
_IMPORT_ALL = """
import importlib, sys
from holdfast.kernel.compiled import SUFFIX
for name in sys.argv[1:]:
    assert importlib.import_module(name).__file__.endswith(SUFFIX), name
"""


def hot_modules() -> list[Path]:
    """The sources that pyproject.toml names, relative to the package."""
    patterns: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["holdfast"]["compiled"]
    for pattern in patterns:
        if not any(PACKAGE.glob(pattern)):
            sys.exit(f"pyproject.toml wants {pattern} compiled, which src/holdfast does not have.")
    found = {path for pattern in patterns for path in PACKAGE.glob(pattern) if path.name != "__init__.py"}
    return sorted(path.relative_to(PACKAGE) for path in found)


def build(sources: list[Path], folder: Path, scratch: Path, optimization: str) -> None:
    """Put the modules, and the library that they share, into `folder`."""
    os.chdir(ROOT)
    os.environ["MYPY_CACHE_DIR"] = str(scratch / "types")
    options = ["--config-file=pyproject.toml", "--follow-imports=silent"]
    extensions = mypycify(
        [*options, *(str(Path("src", "holdfast", source)) for source in sources)],
        opt_level=optimization,
        debug_level="0",
        multi_file=True,
        group_name="holdfast",
        target_dir=str(scratch / "c"),
    )
    mend_slices(scratch / "c" / "bytes_ops.c")
    command = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
    command.build_lib, command.build_temp = str(folder), str(scratch / "objects")
    command.ensure_finalized()
    command.run()
    (folder / MANIFEST).write_text(manifest(sources))


def mend_slices(source: Path) -> None:
    """Let a slice of bytes that ends before it begins be empty, as Python's is: mypyc 2.4 fails on it."""
    text = source.read_text()
    length = "slice_len = endn - startn;"
    assert length in text, "mypyc has changed: see whether b'ab'[i:j] is empty for i > j, and take this away"
    source.write_text(text.replace(length, "slice_len = endn > startn ? endn - startn : 0;"))


def try_them(sources: list[Path], folder: Path) -> None:
    """Import each in a fresh process."""
    names = [module_name(source) for source in sources]
    environment = {**os.environ, "HOLDFAST_COMPILED": str(folder)}
    subprocess.run([sys.executable, "-c", _IMPORT_ALL, *names], env=environment, check=True)


def main() -> None:
    """Compile if anything changed, try, and only then put them in the place of what was there before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    parser.add_argument(
        "-O", dest="optimization", choices="0123", default="1", help="gcc's; 0 is made soonest"
    )
    wanted = parser.parse_args()
    target: Path = wanted.folder.absolute()
    sources = hot_modules()
    if fitting(target) == set(map(module_name, sources)):
        return
    print(f"Compiling {len(sources)} modules; this takes some two minutes")
    with tempfile.TemporaryDirectory() as name:
        made = Path(name, "made")
        build(sources, made, Path(name), wanted.optimization)
        try_them(sources, made)
        beside = target.with_name(f"{target.name}.new")
        shutil.rmtree(beside, ignore_errors=True)
        shutil.move(made, beside)
        shutil.rmtree(target, ignore_errors=True)
        beside.rename(target)
    print(f"Compiled into {target}; they are used until one of their sources changes")


if __name__ == "__main__":
    main()
