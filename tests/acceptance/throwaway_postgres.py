"""A Postgres server from the binaries that are installed, gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Letters only: PyAirbyte puts it into a URL as it is.
PASSWORD = "acceptance"


@contextmanager
def server() -> Iterator[dict[str, Any]]:
    """Where it is and who connects, in the keys of Airbyte's destination-postgres."""
    programs = find_programs()
    with tempfile.TemporaryDirectory(prefix="alluvium-postgres-") as name:
        folder = Path(name)
        password_file = folder / "password"
        password_file.write_text(PASSWORD, encoding="utf-8")
        as_owner: dict[str, Any] = {"cwd": folder, "check": True, "stdout": subprocess.DEVNULL}
        if os.geteuid() == 0:
            owner = unprivileged()
            for path in (folder, password_file):
                os.chown(path, owner.pw_uid, owner.pw_gid)
            as_owner |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        initdb = [programs / "initdb", "-D", "data", "-U", "airbyte", "-A", "scram-sha-256", "--pwfile", password_file]
        subprocess.run([*initdb, "-E", "UTF8", "--locale=C", "--no-sync"], **as_owner)
        port = free_port()
        options = f"-p {port} -k '{folder}' -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [programs / "pg_ctl", "-D", "data", "-w"]
        subprocess.run([*control, "start", "-l", "log", "-o", options], **as_owner)
        try:
            yield {
                "host": "127.0.0.1",
                "port": port,
                "database": "postgres",
                "username": "airbyte",
                "password": PASSWORD,
            }
        finally:
            subprocess.run([*control, "stop", "-m", "immediate"], **as_owner)


def find_programs() -> Path:
    """The folder of initdb and pg_ctl: on PATH, or the newest of Debian's."""
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    versions = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not versions:
        sys.exit("no Postgres server programs (initdb, pg_ctl): install Debian's package `postgresql`")
    return max(versions, key=lambda path: float(path.parent.name))


def unprivileged() -> pwd.struct_passwd:
    """Who runs it in place of root, whom Postgres refuses."""
    names = {user.pw_name for user in pwd.getpwall()}
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
