"""A Postgres server of our own: made when it is needed, gone without a trace when nobody needs it any more."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

# What is not the default. `fsync` stays on: a figure without it would be of something that nobody runs.
SETTINGS = {"listen_addresses": "", "max_wal_size": "4GB"}
SUPERUSER = "postgres"
# The name of the socket; the server listens nowhere else, so it meets no other server.
PORT = 5432
DATABASE = "postgres"
MISSING = "its programs (initdb, postgres, psql) are neither on PATH nor in /usr/lib/postgresql"

# Ends the server and removes its folder once standard input ends: when we close it, or in whatever way we are gone.
KEEPER = """
mkdir files
"$1/postgres" -D data -k "$PWD" $2 >log 2>&1 &
cat
kill -QUIT $!
wait $!
cd / && rm -rf "$OLDPWD"
"""


def programs() -> Path | None:
    """The folder of Postgres's programs: the one that PATH has, or the newest of Debian's."""
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(versions, key=lambda path: float(path.parent.name), default=None)


@contextmanager
def cluster(programs: Path) -> Iterator["Cluster"]:
    """Makes a cluster in the folder for temporary files and runs its server until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="alluvium-bench-"))
    keeper = None
    try:
        owner = owner_of(folder)
        initdb = [programs / "initdb", "-D", "data", "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C"]
        subprocess.run([*initdb, "--no-sync"], cwd=folder, check=True, stdout=subprocess.DEVNULL, **owner)
        settings = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        command = ["sh", "-c", KEEPER, "sh", programs, f"-p {PORT} {settings}"]
        # In a session of its own: Ctrl-C is for us, and we end the server.
        keeper = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, start_new_session=True, **owner)
        server = Cluster(programs, folder)
        server.wait_until_ready()
        yield server
    finally:
        if keeper:
            keeper.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def owner_of(folder: Path) -> dict[str, Any]:
    """Who the server's processes are: us, or, as Postgres refuses root, another user, who gets the folder."""
    if os.geteuid() != 0:
        return {}
    accounts = {account.pw_name: account for account in pwd.getpwall()}
    account = accounts.get("postgres") or accounts["nobody"]
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


class Cluster:
    """A running server, reached by its Unix socket."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.folder = folder
        # For whatever has to go when the cluster goes.
        self.files = folder / "files"
        self.programs = programs
        self.psql = self.psql_of(DATABASE)
        self.is_ready = [programs / "pg_isready", "-q", "-h", folder, "-p", str(PORT), "-d", DATABASE]

    def wait_until_ready(self) -> None:
        for _ in range(300):
            if subprocess.run(self.is_ready, check=False).returncode == 0:
                return
            time.sleep(0.1)
        log = self.folder / "log"
        sys.exit(f"Postgres does not start: {log.read_text(encoding='utf-8') if log.exists() else ''}")

    def config(self, schema: str, database: str = DATABASE) -> dict[str, Any]:
        """The destination's config for streams that go into a schema."""
        place = {"host": str(self.folder), "port": PORT, "database": database, "username": SUPERUSER}
        return place | {"schema": schema, "ssl_mode": {"mode": "disable"}}

    def psql_of(self, database: str) -> list[Any]:
        """The command that runs a script in a database."""
        command = [self.programs / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(PORT)]
        return [*command, "-U", SUPERUSER, "-d", database]

    def sql(self, script: str, database: str = DATABASE) -> list[str]:
        """Runs statements, or what else psql does, and gives the lines of their answers."""
        command = self.psql_of(database)
        answer = subprocess.run(command, input=script, stdout=subprocess.PIPE, text=True, check=True)
        return answer.stdout.splitlines()

    def copy(self, original: str, database: str) -> None:
        """Makes a database the copy of another; one that is there goes."""
        self.drop(database)
        # As files: what the log would have to take of a large one is more than what is measured. Before 15 it always is so.
        strategy = " STRATEGY = file_copy" if int(self.sql("SHOW server_version_num")[0]) >= 150_000 else ""
        self.sql(f"CREATE DATABASE {database} TEMPLATE {original}{strategy}")
        # The first session of a database makes what all sessions read at their start.
        self.sql("SELECT count(*) FROM pg_tables", database)

    def drop(self, database: str) -> None:
        self.sql(f"SET client_min_messages = error; DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def clear(self, *schemas: str) -> None:
        """Removes schemas and what the binary remembers of syncs."""
        names = ", ".join([*schemas, "_airbyte_internal"])
        self.sql(f"SET client_min_messages = error; DROP SCHEMA IF EXISTS {names} CASCADE")

    def rows(self, schema: str, database: str = DATABASE) -> dict[str, int]:
        """How many rows each table of a schema has."""
        tables = self.sql(f"SELECT tablename FROM pg_tables WHERE schemaname = '{schema}' ORDER BY 1", database)
        counts = self.sql("".join(f'SELECT count(*) FROM {schema}."{table}";' for table in tables), database)
        return dict(zip(tables, map(int, counts), strict=True))

    def size(self, database: str = DATABASE) -> int:
        """Bytes of a database."""
        return int(self.sql(f"SELECT pg_database_size('{database}')")[0])

    @contextmanager
    def meter(self, database: str = DATABASE) -> Iterator["Meter"]:
        """Begins at a checkpoint and measures the server until the block ends."""
        self.sql("CHECKPOINT")
        size, wal, cpu = self.size(database), self.wal(), self.cpu()
        meter = Meter()
        yield meter
        ended = self.cpu()
        meter.cpu = None if cpu is None or ended is None else ended - cpu
        meter.wal = self.wal() - wal
        meter.growth = self.size(database) - size

    def cpu(self) -> float | None:
        """CPU seconds of all processes that the server has and had; None where there is no /proc."""
        postmaster = int((self.folder / "data/postmaster.pid").read_text(encoding="utf-8").split()[0])
        if not Path(f"/proc/{postmaster}").exists():
            return None
        while True:
            # A process that ends while we look is in neither sum: then we look again.
            ended = cpu_ticks(postmaster)
            living = sum(cpu_ticks(process).own for process in children(postmaster))
            if cpu_ticks(postmaster).children == ended.children:
                return (ended.own + ended.children + living) / os.sysconf("SC_CLK_TCK")

    def wal(self) -> int:
        """Bytes that the server has written ahead since it was made."""
        return int(self.sql("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")[0])


@dataclass
class Meter:
    """What the server took: CPU seconds, None where there is no /proc, bytes written ahead, and those of the database."""

    cpu: float | None = None
    wal: int = 0
    growth: int = 0


class CpuTicks(NamedTuple):
    """A process's own CPU time, and that of its children that have ended."""

    own: int
    children: int


def cpu_ticks(process: int) -> CpuTicks:
    user, system, children_user, children_system = map(int, proc_stat(process)[11:15] or [0] * 4)
    return CpuTicks(user + system, children_user + children_system)


def children(parent: int) -> Iterator[int]:
    """Processes that a process has started."""
    for process in (int(path.name) for path in Path("/proc").glob("[0-9]*")):
        if proc_stat(process)[1:2] == [str(parent)]:
            yield process


def proc_stat(process: int) -> list[str]:
    """The fields of `/proc/…/stat` after the program's name, which may hold anything; none if there is no process."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
