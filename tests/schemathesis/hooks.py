"""What schemathesis cannot know from the document."""

import os
import uuid
import zlib

import schemathesis
from hypothesis import strategies as st

# How values look that are of a format of ours.
schemathesis.openapi.format(
    "website", st.sampled_from(["example.com", "https://www.example.com/a?b=c", "http://localhost:8080/x"])
)
schemathesis.openapi.format(
    "country", st.sampled_from(["GB", "gbr", "United Kingdom", "Côte d'Ivoire", "Holland"])
)
# Only an answer gives a cursor; a blank one is as good as none.
schemathesis.openapi.format("cursor", st.just(""))

# What the organisation has: any other id is an error that names it, and none can be guessed.
THERE = {
    "assigned_to": os.environ["USER_ID"],
    "contacts": os.environ["CONTACT_ID"],
    "teams": os.environ["TEAM_ID"],
    "account_id": os.environ["ACCOUNT_ID"],
}
# What depends on what was done before, of which a document knows nothing: how such refusals begin.
STATE = (
    "a converted lead ",
    "a lead has at most ",
    "there are too many uploads ",
)
# What a change may lack that the lead itself does not have.
LACKING = "is required to convert a lead"
# Longest list of ids. One that is longer stays as it is, for of the same id many would be one.
MOST_IDS = 100
FILES = ("attachment", "lead_attachment")


def known(name, value):
    """The value with ids that there are in place of those that there are not."""
    if isinstance(value, list):
        return value if len(value) > MOST_IDS else [known(name, item) for item in value]
    try:
        uuid.UUID(value)
    except (AttributeError, TypeError, ValueError):
        is_member = name == "assigned_to" and isinstance(value, str) and "@" in value
        return THERE[name] if is_member else value
    return THERE[name]


def is_plain(text):
    return isinstance(text, str) and len(text) <= 10_000 and all(c.isprintable() or c in "\n\r\t" for c in text)


def is_file(value):
    return type(value).__name__ in ("bytes", "Binary")


@schemathesis.hook
def before_call(context, case, **kwargs):
    body = case.body
    if not isinstance(body, dict):
        return
    body.update({name: known(name, body[name]) for name in THERE if name in body})
    # To JSON Schema 155.0 is an integer, but nothing that writes JSON writes one so.
    for name in ("size", "probability"):
        if isinstance(body.get(name), float) and body[name].is_integer():
            body[name] = int(body[name])
    # Any bytes are seldom a spreadsheet; this one has a good row, another for other bytes, and a bad one.
    if is_file(body.get("leads_file")):
        name = f"{zlib.crc32(repr(body['leads_file']).encode()):x}"
        body["leads_file"] = f"Full name,E-mail\nAda Lovelace {name},\nBob,bob@\n".encode()
    # What was good is so still, and what was bad: else it is validated anew, and a body with files cannot be.
    case._record_starting_state()


@schemathesis.hook
def filter_case(context, case):
    body = case.body
    if not isinstance(body, dict):
        return True
    # Where both are sent, what `message` holds is not looked at.
    is_described = body.get("description") is not None and str(body["description"]).strip()
    if is_described and not is_plain(body.get("message", "")):
        return False
    if case.media_type != "multipart/form-data":
        return True
    # Names of parts stand in headers, where control characters would end them: that is no multipart body any more.
    if any(not character.isprintable() for name in body for character in str(name)):
        return False
    files = [body[name] for name in FILES if isinstance(body.get(name), list)]
    # schemathesis cannot validate a body with files, and so takes some that are good for bad.
    has_files = any(files) or is_file(body.get("leads_file"))
    if has_files and case.meta is not None and not case.meta.generation.mode.is_positive:
        is_comment = case.operation.path == "/api/leads/{pk}/" and "comment" not in body
        if is_comment or case.meta.phase.data.description.startswith("Object with valid "):
            return False
    # Ten files at most in both fields together, which JSON Schema has no words for.
    return sum(map(len, files)) <= 10


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code != 400:
        return
    errors = response.json()["errors"]
    problems = [problem for problems in errors.values() for problem in problems]
    lacks = case.method != "POST" and LACKING in problems
    if lacks or any(problem.startswith(STATE) for problem in problems):
        case._meta = None  # neither good nor bad; all else about the answer is checked
