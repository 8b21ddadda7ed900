"""Reads a mail from standard input, and writes what a mail program would make of it as JSON."""

import email
import email.policy
import json
import sys

mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
json.dump(
    {
        "headers": {name.lower(): str(value) for name, value in mail.items()},
        "plain": mail.get_body(("plain",)).get_content(),
        "html": mail.get_body(("html",)).get_content(),
    },
    sys.stdout,
)
