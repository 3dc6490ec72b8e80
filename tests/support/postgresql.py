"""A real PostgreSQL server for tests: Debian's binaries, a temporary folder, a Unix socket.

PostgreSQL refuses to run as root, so under root the server runs as the package's own user.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

_ROOT = 0
_PACKAGE_USER = "postgres"


def _binary(name: str) -> str:
    """The newest installed version's program."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]))
    if not found:
        raise FileNotFoundError("PostgreSQL is not installed; run scripts/environment development")
    return str(found[-1])


class Server:
    """A running server; every `database` is a new one."""

    def __init__(self, folder: Path, user: str, *, durable: bool) -> None:
        self.folder = folder
        self._user = user
        self._durable = durable
        self._as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        if os.geteuid() != _ROOT:
            self._as_user = []

    def start(self) -> None:
        """Make the cluster if there is none, and start the server."""
        data = self.folder / "data"
        if not data.exists():
            settings = ("-U", "holdfast", "--no-sync", "-A", "trust", "-E", "UTF8")
            self._run(_binary("initdb"), "-D", str(data), *settings)
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c max_connections=50"
        if not self._durable:
            options += " -c fsync=off -c full_page_writes=off"
        log = str(self.folder / "log")
        self._run(_binary("pg_ctl"), "-D", str(data), "-w", "-l", log, "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; `immediate` is a crash."""
        self._run(_binary("pg_ctl"), "-D", str(self.folder / "data"), "-m", mode, "-w", "stop")

    def process_id(self) -> int:
        """The server's first process, whose children are the others."""
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def database(self) -> str:
        """The URL of an empty database: a new schema, for a real one takes 8 MB and a tenth of a second."""
        name = f"t{uuid.uuid4().hex}"
        url = f"postgresql://holdfast@/postgres?host={self.folder}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        return f"{url}&options=-csearch_path%3D{name}"

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            [*self._as_user, *command], cwd=self.folder, capture_output=True, text=True, timeout=120
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[Server]:
    """A server for as long as the block runs; faster when it need not survive a crash of the machine."""
    user = _PACKAGE_USER if os.geteuid() == _ROOT else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="holdfast-pg-"))
    if os.geteuid() == _ROOT:
        shutil.chown(folder, user, user)
    server = Server(folder, user, durable=durable)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
