#!/usr/bin/env python3
"""Checks a statement of checks with securesystemslib alone: the envelope's signature, and in-toto's form of a test result.

usage: attested.py FILE KEY     KEY: hex of the device's public key. Ends with 0 where FILE holds, 1 where not.
"""

import json
import sys

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

FIELDS = ("passedTests", "warnedTests", "failedTests")


def main() -> int:
    file, public = sys.argv[1:]
    with open(file, encoding="utf-8") as opened:
        envelope = Envelope.from_dict(json.load(opened))
    key = SSlibKey(public, "ed25519", "ed25519", {"public": public})
    try:
        envelope.verify([key], 1)
    except VerificationError as error:
        print(f"refused: {error}")
        return 1
    statement = json.loads(envelope.payload)
    assert envelope.payload_type == "application/vnd.in-toto+json", envelope.payload_type
    assert statement["_type"] == "https://in-toto.io/Statement/v1", statement["_type"]
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1", statement["predicateType"]
    assert statement["subject"], "it is about nothing"
    for one in statement["subject"] + statement["predicate"]["configuration"]:
        assert one["name"] and one["digest"] and all(int(value, 16) for value in one["digest"].values()), one
    predicate = statement["predicate"]
    assert predicate["result"] in ("PASSED", "WARNED", "FAILED"), predicate["result"]
    assert all(isinstance(name, str) for field in FIELDS for name in predicate[field]), predicate
    print(f"accepted: {predicate['result']}, {' '.join(one['name'] for one in statement['subject'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
