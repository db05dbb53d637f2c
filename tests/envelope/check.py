#!/usr/bin/env python3
"""Checks an exported journal with securesystemslib alone: the envelope's signature, and the digest of the file.

usage: check.py FILE KEY     KEY: hex of the device's public key. Ends with 0 where FILE and FILE.dsse.json hold, 1 where not.
"""

import hashlib
import json
import sys

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey


def main() -> int:
    file, public = sys.argv[1:]
    with open(file + ".dsse.json", encoding="utf-8") as opened:
        envelope = Envelope.from_dict(json.load(opened))
    key = SSlibKey(public, "ed25519", "ed25519", {"public": public})
    try:
        accepted = envelope.verify([key], 1)
    except VerificationError as error:
        print(f"refused: {error}")
        return 1
    statement = json.loads(envelope.payload)
    assert envelope.payload_type == "application/vnd.in-toto+json", envelope.payload_type
    assert statement["_type"] == "https://in-toto.io/Statement/v1", statement["_type"]
    with open(file, "rb") as opened:
        digest = hashlib.sha256(opened.read()).hexdigest()
    (subject,) = statement["subject"]
    if subject["digest"]["sha256"] != digest:
        print(f"refused: the file is not the one that was signed: {digest}")
        return 1
    print(f"accepted: {statement['predicate']['events']} events, {len(accepted)} signature")
    return 0


if __name__ == "__main__":
    sys.exit(main())
