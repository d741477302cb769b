#!/usr/bin/env python3
"""Write the seed corpora of the fuzz targets, fuzz/corpus/<target>/seed-*, from the golden vectors.

    seed.py           write what is missing or differs, remove seeds that are no longer made
    seed.py --check   write nothing; exit 1 if something would be written or removed

It draws nothing at random and needs the standard library alone. What a vector does not hold (headers, paths,
policy files) stands below.
"""

import argparse
import base64
import hmac
import json
import sys
from pathlib import Path

FUZZ = Path(__file__).resolve().parent
CORPUS = FUZZ / "corpus"
VECTORS = FUZZ.parent / "vectors"
# The order of Prefix::ALL, by which src/key.rs reads a prefix.
PREFIXES = ["titan_sk_live_", "titan_sk_test_", "titan_"]

PATHS = {
    "root": "/",
    "plain": "/Keys",
    "other-case": "/keys",
    "method": "POST /files/report/Lock",
    "head": "HEAD /Keys",
    "parameter": "/admin/42",
    "case-of-literal": "/ADMIN/42",
    "slash-at-end": "/admin/42/",
    "escaped-letter": "/%61dmin/42",
    "escaped-capital": "/%41DMIN/42",
    "literal-before-parameter": "/admin/all/users",
    "two-readings": "/Files/report/qr",
    "one-reading": "PUT /admin/ALL/users",
    "rest": "/files/a/b/c",
    "rest-of-nothing": "/files/",
    "session": "/acme/a%40b/qr",
    "beyond-ascii": "/Ключи/é",
    "beyond-ascii-escaped": "/%D0%BA%D0%BB%D1%8E%D1%87%D0%B8/%C3%89",
    "kelvin-sign": "/\u212aeys",
    "long-s": "/Key\u017f",
    "sharp-s": "/Straße/ΑΣ",
    "sharp-s-as-two": "/STRASSE/ΑΣ",
    "sigma-not-final": "/straße/ασ",
    "percent": "/100%25",
    "unreserved": "/files/%2d%5F%7e%41",
    "twice-encoded": "/a%252e%252e",
    "encoded-slash": "/admin%2F42",
    "dots": "/files/../admin/42",
    "encoded-dots": "/files/%2e%2E/admin/42",
    "three-dots": "/files/...",
    "empty-segment": "//admin/42",
    "semicolon": "/admin;x=1/42",
    "backslash": "/files\\..\\admin",
    "nul": "/admin%00/42",
    "cut-escape": "/a%2",
    "not-utf-8": "/%c0%ae",
    "query": "/admin/42?x=1",
}

HEADERS = {
    "bearer": "aBearer k",
    "header": "xk",
    "both": "aBearer k\nxk",
    "both-differ": "aBearer k\nxj",
    "bearer-twice": "aBearer k\naBearer k",
    "header-twice": "xk\nxk",
    "scheme-alone": "aBearer",
    "scheme-alone-and-header": "aBearer \nxk",
    "scheme-in-any-case": "abEARER \t k ",
    "scheme-joined": "aBearerk\nxk",
    "other-scheme": "aBasic Zm9v\nxk",
    "other-scheme-twice": "aBasic Zm9v\naBearer k",
    "two-words": "aBearer k j",
    "empty": "a\nx",
    "white-space": "x \t ",
    "beyond-ascii": "aBearer é\nxé",
}

POLICIES = {
    "least": 'name = "t"\n',
    "open": 'name = "t"\nerrors = "platform"\ndefault = "authenticated"\n',
    "route": """\
name = "t"
errors = "whatomate"
default = "deny"

[[route]]
methods = ["GET", "POST"]
path = "/api/sessions/{session}/{*rest}"
scope = "sessions:read"
limit = "message"
action = "send_text"
session = "path:session"
recipient = "body:/to"
""",
    "specific": """\
name = "t"
route = [
    { methods = ["GET"], path = "/" },
    { methods = ["GET"], path = "/{*r}" },
    { methods = ["GET"], path = "/Ab/{x}" },
    { methods = ["GET"], path = "/Ab/Cd" },
    { methods = ["PUT"], path = "/{y}/Cd" },
]
""",
    "two-readings": """\
name = "t"
route = [
    { methods = ["GET"], path = "/X/a" },
    { methods = ["GET"], path = "/{x}/a", session = "path:x" },
    { methods = ["GET"], path = "/x/{x}", session = "path:x" },
]
""",
    "beyond-ascii": 'name = "é"\n[[route]]\nmethods = ["GET"]\npath = "/Ключи/{x}"\n',
    "tie": """\
name = "t"
route = [
    { methods = ["GET"], path = "/{a}" },
    { methods = ["GET"], path = "/{b}" },
]
""",
    "mistakes": """\
name = "t"
[[route]]
methods = ["get", "HEAD", ""]
path = "a//{b}x/{*c}/{d}/{d}"
scope = "no:such"
action = "A"
session = "path:no"
recipient = "body:to"
""",
    "unknown-field": 'name = "t"\nnmae = 1\n',
    "no-name": 'default = "deny"\n',
    "no-methods": 'name = "t"\n[[route]]\nmethods = []\npath = "/a"\n',
    "cut": 'name = "t"\n[[route]\n',
    "line-ends": 'name = "t"\r\n\r\n[[route]]\r\nmethods = ["GET"]\r\npath = "/a%"\r\n',
    "comment": "# é\n",
}


def vectors(name: str) -> dict:
    return json.loads((VECTORS / f"{name}.json").read_text())


def slug(text: str) -> str:
    """A file name of ASCII letters, digits and hyphens."""
    letters = "".join(c if c.isascii() and c.isalnum() else " " for c in text)
    return "-".join(letters.lower().split())


def families(entries: list[dict], field: str) -> dict[str, dict]:
    """The first of all vectors that share their first word: a corpus is better small."""
    first = {}
    for entry in entries:
        first.setdefault(entry[field].replace("-", " ").split()[0], entry)
    return {slug(entry[field]): entry for entry in first.values()}


def worked_examples(valid: list[dict]) -> list[dict]:
    """One key for each prefix."""
    return [entry for entry in valid if entry["name"].startswith("worked-example")]


def key_parse() -> dict[str, bytes]:
    api, opaque = vectors("api-key"), vectors("opaque")
    seeds = {name: entry["key"] for name, entry in families(api["valid"], "name").items()}
    seeds |= {entry["name"]: entry["key"] for entry in worked_examples(api["valid"])}
    seeds |= {name: entry["key"] for name, entry in families(api["invalid"], "name").items()}
    seeds |= {f"hashed-{entry['kind']}": entry["key"] for entry in reversed(opaque["valid"])}
    seeds |= {f"hashed-{name}": entry["text"] for name, entry in families(opaque["invalid"], "why").items()}
    return {name: text.encode() for name, text in seeds.items()}


def issue(vector: dict) -> bytes:
    """The fields of a key, as `arbitrary` reads them: little-endian, one behind the other."""
    return b"".join(
        [
            bytes([PREFIXES.index(vector["prefix"]), vector["slot"]]),
            bytes.fromhex(vector["id_hex"])[::-1],
            vector["tenant"].to_bytes(4, "little"),
            bytes.fromhex(vector["scope_bits_hex"])[::-1],
            vector["expires_at"].to_bytes(4, "little"),
            bytes.fromhex(vector["signing_secret_hex"]),
        ]
    )


def key_round_trip() -> dict[str, bytes]:
    valid = vectors("api-key")["valid"]
    examples = {entry["name"]: entry for entry in worked_examples(valid)}
    return {name: issue(entry) for name, entry in (families(valid, "name") | examples).items()}


def key_mutated() -> dict[str, bytes]:
    """An issued key and edits: what is done, then where and with what. See `apply` in src/key.rs."""
    edits = {
        "none": b"",
        "slot-flipped": b"\x00\x00\x07",
        "star-flipped": b"\x00\x00\xa8",
        "last-bit-flipped": b"\x00\x02\x47",
        "flipped-and-back": b"\x00\x00\xa8\x00\x00\xa8",
        "last-character-set": b"\x01\x67h",
        "nul-put-in": b"\x02\x06\x00",
        "first-taken-out": b"\x03\x06\x00",
        "cut-into-two-bytes": b"\x01\x06\xc3\x02\x07\xa9",
    }
    keys = {name: data for name, data in key_round_trip().items() if name.startswith("worked-example")}
    return {f"{key}-{name}": data + edit for key, data in keys.items() for name, edit in edits.items()}


def tokens(name: str) -> dict[str, bytes]:
    file = vectors(name)
    entries = families(file["valid"], "name") | families(file["invalid"], "name")
    return {name: entry["token"].encode() for name, entry in entries.items()}


def jwt_mutated() -> dict[str, bytes]:
    """A JWT to be issued and edits: what is done, where, and with what. See `Issue` and `apply` in src/jwt.rs."""
    vector = vectors("session-jwt")["valid"][0]
    claims = vector["claims"]
    numbers = [claims["tenant"], claims["ver"], claims["iat"], claims["exp"]]
    issue = b"".join(
        [
            bytes.fromhex(vector["signing_secret_hex"]),
            *(number.to_bytes(16, "little") for number in (1, 2, 3)),
            *(number.to_bytes(4, "little") for number in numbers),
            b"issraud!",
            b"a:read *",
        ]
    )
    edits = {
        "none": b"",
        "header-flipped": b"\x00\x00\x07\x00",
        "payload-flipped": b"\x00\x00\x90\x01",
        "flipped-and-back": b"\x00\x00\x90\x01\x00\x00\x90\x01",
        "dot-set": b"\x01\x00\x6e_",
        "dot-put-in": b"\x02\x00\x90.",
        "padding-put-in": b"\x02\x00\x6e=",
        "first-taken-out": b"\x03\x00\x00\x00",
    }
    return {name: issue + edit for name, edit in edits.items()}


def licenses() -> dict[str, bytes]:
    file = vectors("license")
    texts = {case["name"]: case["text"] for case in file["malformed"] + file["badSignature"]}
    texts |= {"good": file["license"], "claims": file["claims"]}
    return {name: text.encode() for name, text in texts.items() if text}


def type_id() -> dict[str, bytes]:
    ids = vectors("type-id")
    seeds = {entry["text"]: entry["text"].encode() for entry in ids["valid"]}
    seeds |= {name: entry["text"].encode() for name, entry in families(ids["invalid"], "why").items()}
    values = [bytes.fromhex(entry["hex"]) for entry in ids["valid"]]
    seeds |= {f"pair-{place}": a + b for place, (a, b) in enumerate(zip(values, values[1:]))}
    return seeds


def credential() -> dict[str, bytes]:
    key = vectors("api-key")["valid"][0]["key"]
    headers = HEADERS | {"key": f"aBearer {key}", "key-in-both": f"aBearer {key}\nx{key}"}
    return {name: text.encode() for name, text in headers.items()} | {"not-utf-8": b"aBearer \xff\nx\xff"}


def console() -> dict[str, bytes]:
    """Tokens of each kind under the key of src/console.rs and both of its bindings, and what is near to one."""
    label = b"titan/v1/console-token"
    # HKDF (RFC 5869) of 32 bytes: one block.
    pseudo_random = hmac.digest(bytes(32), bytes(range(32)), "sha256")
    key = hmac.digest(pseudo_random, label + b"\x01", "sha256")
    seeds = {}
    for kind in range(4):
        claims = bytes([kind, kind]) + bytes(range(16)) + (2_000_000_000).to_bytes(4)
        for name, binding in {"zeros": bytes(8), "sevens": bytes([7] * 8)}.items():
            mac = hmac.digest(key, b"titan_cs_" + claims + binding, "sha256")
            text = base64.urlsafe_b64encode(claims + mac).rstrip(b"=")
            seeds[f"kind-{kind}-{name}"] = b"titan_cs_" + text
    return seeds | {"short": seeds["kind-0-zeros"][:-1], "padded": seeds["kind-1-zeros"] + b"="}


def encoded(texts: dict[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in texts.items()}


def wanted() -> dict[Path, bytes]:
    targets = {
        "client_token_parse": tokens("client-token"),
        "console_parse": console(),
        "credential": credential(),
        "jwt_mutated": jwt_mutated(),
        "jwt_parse": tokens("session-jwt"),
        "key_mutated": key_mutated(),
        "key_parse": key_parse(),
        "key_round_trip": key_round_trip(),
        "policy_file": encoded(POLICIES),
        "license": licenses(),
        "policy_path": encoded(PATHS),
        "refresh_parse": tokens("refresh-token"),
        "type_id": type_id(),
    }
    return {
        CORPUS / target / f"seed-{slug(name)}": data
        for target, seeds in targets.items()
        for name, data in seeds.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the seed corpora of the fuzz targets.")
    parser.add_argument("--check", action="store_true", help="only compare, exit 1 on a difference")
    check = parser.parse_args().check

    seeds = wanted()
    outdated = {path: data for path, data in seeds.items() if not path.exists() or path.read_bytes() != data}
    stale = [path for path in sorted(CORPUS.glob("*/seed-*")) if path not in seeds]
    if check:
        for path in [*outdated, *stale]:
            print(f"{path.relative_to(FUZZ.parent)} is not what fuzz/seed.py makes; run it", file=sys.stderr)
        return 1 if outdated or stale else 0
    for path, data in outdated.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for path in stale:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
