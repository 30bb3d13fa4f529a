"""Runs in the Python that has dlt: loads the records of a file, one JSON object a line, as dlt does by default.

    dlt_load.py RECORDS NAME FOLDER duckdb FILE
    dlt_load.py RECORDS NAME FOLDER postgres postgresql://…

RECORDS goes into the table NAME of the dataset `landed`. dlt keeps its own files in FOLDER.
"""

import os
import sys

# What it says of itself, to us and to its makers, is no part of the work.
os.environ |= {"RUNTIME__LOG_LEVEL": "CRITICAL", "RUNTIME__DLTHUB_TELEMETRY": "false"}

import dlt
from dlt.common.json import json


def main() -> None:
    records, name, folder, warehouse, place = sys.argv[1:]

    @dlt.resource(name=name, write_disposition="append")
    def rows():
        with open(records, "rb") as lines:
            for line in lines:
                yield json.loadb(line)

    destination = dlt.destinations.duckdb(place) if warehouse == "duckdb" else dlt.destinations.postgres(place)
    pipeline = dlt.pipeline("bench", destination=destination, dataset_name="landed", pipelines_dir=folder)
    pipeline.run(rows())


if __name__ == "__main__":
    main()
