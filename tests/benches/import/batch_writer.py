"""What one would write instead of lead-import: the file's rows into the table, by boto3's batch_writer."""

import csv
import io
import json
import os
import resource
import time
import uuid
from datetime import datetime, timezone

import boto3

s3 = boto3.client("s3")
table = boto3.resource("dynamodb").Table(os.environ["LEADLINE_TABLE"])


def handle(bucket, key):
    org = key.split("/")[1]
    created_on = datetime.now(timezone.utc).isoformat()
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    rows = 0
    with table.batch_writer() as batch:
        for row in csv.DictReader(io.TextIOWrapper(body, encoding="utf-8-sig", newline="")):
            lead = {name: value for name, value in row.items() if value}
            lead["id"] = str(uuid.uuid4())
            lead["org"] = org
            lead["created_on"] = created_on
            lead["PK"] = f"ORG#{org}#LEAD#{lead['id']}"
            lead["SK"] = "LEAD"
            batch.put_item(Item=lead)
            rows += 1
    return rows


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak():
    """The most memory ever had; what getrusage says of it may be the parent's."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024


# Imports and clients are there: on Lambda they are made once a process, before the first event.
before, started = cpu(), time.monotonic()
rows = handle(os.environ["LEADLINE_BUCKET"], os.environ["KEY"])
result = {
    "rows": rows,
    "wall": time.monotonic() - started,
    "cpu": cpu() - before,
    "peak": peak(),
}
print(json.dumps(result))
