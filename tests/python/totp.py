"""The code that a telephone shows now for the secret (base 32) on standard input: RFC 6238, as any authenticator has it."""

import base64
import hashlib
import hmac
import sys
import time

secret = base64.b32decode(sys.stdin.read().strip())
step = int(time.time()) // 30
digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
at = digest[-1] & 15
print(f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}")
