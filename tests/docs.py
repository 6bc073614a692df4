"""Runs each example of docs/api.md as it is written, one after another, on a local stack that is started here and thrown
away. Fails if one is not answered as the page says, or if a route has none.

Needs cargo (the built leadctl), bash, curl and Python 3.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
LARGE = 73_400_320
"""What the examples of large files say."""


class Stack:
    """A local stack, with a client of its admin."""

    def __init__(self, work):
        data = work / "data"
        data.mkdir()
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
        command = [target / "debug/leadctl", "dev", "--port", "0", "--data-dir", data]
        log = open(work / "leadctl.log", "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for _ in range(600):
            if (data / "dev.json").exists():
                break
            if self.process.poll() is not None:
                sys.exit("leadctl dev ended")
            time.sleep(0.1)
        self.told = json.loads((data / "dev.json").read_text())

    def call(self, method, path, body=None):
        """The answer to a request of JSON."""
        headers = {"Authorization": f"Bearer {self.told['admin']['token']}", "organization-id": self.told["org"],
                   "Content-Type": "application/json"}
        body = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.told["api"] + path, body, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


class Examples:
    """The examples, each with what it needs to be there."""

    def __init__(self, stack, work):
        self.stack, self.work, self.made = stack, work, 0
        told = stack.told
        self.variables = {"API": told["api"], "TOKEN": told["admin"]["token"], "ORG": told["org"],
                          "KEY": told["api_key"]}
        (work / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code} %header{location}"\n')
        for name in ["offer.pdf", "plan.png"]:
            source = {"offer.pdf": "document.pdf", "plan.png": "picture.png"}[name]
            shutil.copy(ROOT / "tests/files" / source, work / name)
        shutil.copy(ROOT / "tests/files/openpyxl.xlsx", work / "leads.xlsx")
        with open(work / "tour.mp4", "wb") as tour:
            tour.truncate(LARGE)

    def lead(self):
        """A new lead, as only a lead that nobody has touched has version 1."""
        self.made += 1
        lead = self.stack.call("POST", "/api/leads/", {"first_name": "Maria", "last_name": f"Okafor {self.made}"})
        return lead["id"]

    def prepare(self, example):
        """Sets what an example names and only its reader knows."""
        if "$LEAD" in example and "$UPLOAD" not in example:
            self.variables["LEAD"] = self.lead()
        lead = f"/api/leads/{self.variables.get('LEAD')}/"
        if "$NEXT_CURSOR" in example:
            self.lead(), self.lead()
            page = self.stack.call("GET", "/api/leads/?ordering=last_name&limit=1")
            self.variables["NEXT_CURSOR"] = page["next_cursor"]
        if "$CURSOR" in example:
            for city in range(60):
                self.stack.call("PATCH", lead, {"city": f"City {city}"})
            self.variables["CURSOR"] = self.stack.call("GET", lead)["history_cursor"]
        if "$COMMENT" in example:
            self.variables["COMMENT"] = self.stack.call("POST", lead, {"comment": "The plans."})["comments"][0]["id"]
        if "--upload-file leads.csv" in example:
            rows = b"first name,last name\nGrace,Hopper\n"
            (self.work / "leads.csv").write_bytes(rows + b"\n" * (LARGE - len(rows)))

    def learn(self, example, answer):
        """Keeps what later examples need of an answer."""
        if not isinstance(answer, dict):
            return
        if "upload" in answer and isinstance(answer["upload"], dict):
            self.variables["URL"] = answer["upload"]["url"]
        for name, path in [("UPLOAD", "id"), ("IMPORT", "id"), ("COMPANY", "id")]:
            marks = {"UPLOAD": "tour.mp4", "IMPORT": "@leads.xlsx", "COMPANY": "companies/"}
            if marks[name] in example and path in answer:
                self.variables[name] = answer[path]
        for attachment in answer.get("attachments") or []:
            self.variables["ATTACHMENT"] = attachment["id"]

    def run(self, example):
        """What an example is answered: its status, where it is sent on, and the body."""
        self.prepare(example)
        environment = {**os.environ, **self.variables, "CURL_HOME": str(self.work), "HOME": str(self.work)}
        done = subprocess.run(["bash", "-euc", example], cwd=self.work, env=environment, capture_output=True, text=True)
        body, _, told = done.stdout.rstrip("\n").rpartition("\n")
        if done.returncode != 0:
            return f"curl ended with {done.returncode}: {done.stderr}", body
        try:
            answer = json.loads(body)
        except ValueError:
            answer = body
        self.learn(example, answer)
        return told.split(" ")[0], body


def wanted(after):
    """The status that the page says first, after an example."""
    said = re.search(r"(?<![\d,.#-])(200|201|202|204|302|303)(?![\d,.])", after)
    return said.group(1) if said else None


def main():
    for route, text in re.findall(r"^###? ([^\n]*/api/\S+)$(.*?)(?=^##|\Z)", PAGE, re.M | re.S):
        if "```sh" not in text:
            sys.exit(f"{route} has no example")
    parts = re.split(r"```sh\n(.*?)```", PAGE, flags=re.S)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        stack = Stack(work)
        try:
            examples, failed = Examples(stack, work), 0
            for example, after in zip(parts[1::2], parts[2::2]):
                status, body = examples.run(example)
                led_on = " -L " in example or "$URL" in example
                want = "2.." if led_on else wanted(after) or "2.."
                ok = re.fullmatch(want, status)
                failed += not ok
                print("ok   " if ok else f"FAIL, {status} and not {want}:", example.splitlines()[0][:100])
                if not ok:
                    print(body[:1000])
        finally:
            stack.stop()
    sys.exit(f"{failed} failed" if failed else 0)


if __name__ == "__main__":
    main()
