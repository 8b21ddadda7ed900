"""Verifies webhooks with the reference implementation of Standard Webhooks.

Reads a list of {secret, headers, body, good} from standard input; fails where one is not as it says.
"""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

for number, message in enumerate(json.load(sys.stdin)):
    try:
        Webhook(message["secret"]).verify(message["body"].encode(), message["headers"])
        good = True
    except WebhookVerificationError:
        good = False
    if good != message["good"]:
        sys.exit(f"message {number}: verified {good}, not {message['good']}")
