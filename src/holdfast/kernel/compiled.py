"""Hot modules as machine code, where somebody had them compiled (`make compiled`; docs/compiled.md).

What was compiled together knows the insides of one another. So the modules are taken all or none: only while
every source is still the one that was compiled, and before any of them is imported.
"""

import hashlib
import json
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

FOLDER = Path(sys.prefix, "holdfast-compiled")
"""Where they lie, unless the environment's HOLDFAST_COMPILED names another folder (or none, as `off`)."""
MANIFEST = "manifest.json"
SUFFIX = EXTENSION_SUFFIXES[0]
"""Of their files: tells for which interpreter and machine they are."""
_PACKAGE = Path(__file__).parent.parent


def prefer_compiled() -> bool:
    """Import the compiled modules from now on, where there are any that fit; returns whether."""
    folder = Path(os.environ.get("HOLDFAST_COMPILED") or FOLDER)
    modules = fitting(folder)
    if modules and modules.isdisjoint(sys.modules):
        shared = {library.name.removesuffix(SUFFIX) for library in folder.glob(f"*{SUFFIX}")}
        sys.meta_path.insert(0, _Compiled(folder, modules | shared))
        return True
    return False


def fitting(folder: Path) -> frozenset[str]:
    """The names of the compiled modules in `folder`; none if one of them is not what this process needs."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
        sources = {Path(source): digest for source, digest in found["sources"].items()}
        if found["suffix"] != SUFFIX or any(_digest(source) != sources[source] for source in sources):
            return frozenset()
    except (OSError, ValueError, LookupError):
        return frozenset()
    return frozenset(map(module_name, sources))


def manifest(sources: Iterable[Path]) -> str:
    """What `fitting` judges by. Sources are named relative to the package."""
    digests = {source.as_posix(): _digest(source) for source in sources}
    return json.dumps({"suffix": SUFFIX, "sources": digests})


def module_name(source: Path) -> str:
    """Under which name a source is imported."""
    return ".".join(("holdfast", *source.with_suffix("").parts))


def _digest(source: Path) -> str:
    return hashlib.sha256((_PACKAGE / source).read_bytes()).hexdigest()


class _Compiled(MetaPathFinder):
    """Finds the given modules in a folder that is laid out as the package is."""

    def __init__(self, folder: Path, modules: Collection[str]) -> None:
        self._folder = folder
        self._modules = modules

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        if fullname not in self._modules:
            return None
        package = fullname.rpartition(".")[0].replace(".", "/")
        return PathFinder.find_spec(fullname, [str(self._folder / package)])
