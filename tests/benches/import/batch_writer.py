"""What one would write instead of lead-import: the file's rows into the table, by boto3's batch_writer.

With SKIP set it also passes over e-mails that are there, which takes the least that lead-import needs for it and for lists:
an item for each e-mail, looked up a hundred at a time, and a row of the list index. Still nothing is checked, counted or
assigned, and a second try makes every lead twice.
"""

import csv
import io
import itertools
import json
import os
import resource
import time
import uuid
from datetime import datetime, timezone

import boto3

s3 = boto3.client("s3")
dynamodb = boto3.resource("dynamodb")
table = dynamodb.Table(os.environ["LEADLINE_TABLE"])


def handle(bucket, key, skip):
    org = key.split("/")[1]
    created_on = datetime.now(timezone.utc).isoformat()
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    reader = csv.DictReader(io.TextIOWrapper(body, encoding="utf-8-sig", newline=""))
    rows = 0
    with table.batch_writer() as batch:
        while some := list(itertools.islice(reader, 100)):
            there = known(org, some) if skip else set()
            for row in some:
                lead = {name: value for name, value in row.items() if value}
                lead["id"] = str(uuid.uuid4())
                lead["org"] = org
                lead["created_on"] = created_on
                lead["PK"] = f"ORG#{org}#LEAD#{lead['id']}"
                lead["SK"] = "LEAD"
                rows += 1
                if email(org, row) in there:
                    continue
                batch.put_item(Item=lead)
                if skip:
                    there.add(email(org, row))
                    batch.put_item(Item={"PK": email(org, row), "SK": "EMAIL", "lead": lead["id"]})
                    shown = {name: lead[name] for name in ("First Name", "Last Name", "E-mail") if name in lead}
                    batch.put_item(Item={"PK": f"ORG#{org}#INDEX", "SK": lead["id"], **shown})
    return rows


def email(org, row):
    return f"ORG#{org}#EMAIL#{row['E-mail'].lower()}"


def known(org, rows):
    keys = [{"PK": key, "SK": "EMAIL"} for key in {email(org, row) for row in rows}]
    answer = dynamodb.batch_get_item(RequestItems={table.name: {"Keys": keys, "ConsistentRead": True}})
    return {item["PK"] for item in answer["Responses"][table.name]}


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak():
    """The most memory ever had; what getrusage says of it may be the parent's."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024


# Imports and clients are there: on Lambda they are made once a process, before the first event.
before, started = cpu(), time.monotonic()
rows = handle(os.environ["LEADLINE_BUCKET"], os.environ["KEY"], "SKIP" in os.environ)
result = {
    "rows": rows,
    "wall": time.monotonic() - started,
    "cpu": cpu() - before,
    "peak": peak(),
}
print(json.dumps(result))
