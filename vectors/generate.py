#!/usr/bin/env python3
"""Write the golden vectors for Titan's formats: the *.json files next to this script.

This is an implementation of docs/token-format.md that shares no code with Titan, so that an
implementation which agrees with these files agrees with the document and not merely with itself.
It uses the standard library only (and ed25519.py, which does too), reads no clock and draws no
random numbers: the same script always writes the same bytes. Every secret in it is a published test value.

    generate.py           write the files next to this script
    generate.py --check   write nothing; exit 1 if a file differs from what would be written

Before anything is written, `self_check` tries the primitives on published answers, and every
vector is put through the strict reader below (`read_api_key`, `read_type_id`, `opaque_kind`,
`read_refresh_token`, `read_jwt`, `read_client_token`).
"""

import argparse
import base64
import hashlib
import hmac
import json
import re
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ed25519

FOLDER = Path(__file__).resolve().parent

PREFIXES = ("titan_", "titan_sk_live_", "titan_sk_test_")
API_KEY_LABEL = b"titan/v1/api-key"
REFRESH_PREFIX = "titan_rt_"
REFRESH_LABEL = b"titan/v1/refresh-token"
REFRESH_BODY_BYTES = 21
REFRESH_CHARACTERS = 71  # 53 bytes in base64url: 424 bits used, 2 bits spare
JWT_LABEL = b"titan/v1/session-jwt"
JWT_MAX_BYTES = 4096
CLIENT_PREFIX = "titan_ct_"
CLIENT_LABEL = b"titan/v1/client-token"
BODY_BYTES = 41  # everything in front of the MAC
MAC_BYTES = 32
PAYLOAD_CHARACTERS = 98  # 73 bytes in base64url: 584 bits used, 4 bits spare
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"  # no i, l, o, u

U32_MAX = 2**32 - 1
U128_MAX = 2**128 - 1
STAR = 1 << 127


def require(holds: bool, what: str) -> None:
    # Not `assert`, which `python -O` removes.
    if not holds:
        raise SystemExit(f"generate.py contradicts itself: {what}")


# --- The format -----------------------------------------------------------------------------


def hkdf_sha256(secret: bytes, info: bytes, length: int = 32) -> bytes:
    """RFC 5869 with an empty salt, which the RFC defines as 32 zero bytes."""
    pseudorandom_key = hmac.digest(bytes(32), secret, "sha256")
    output, block, counter = b"", b"", 1
    while len(output) < length:
        block = hmac.digest(pseudorandom_key, block + info + bytes([counter]), "sha256")
        output += block
        counter += 1
    return output[:length]


def derive_mac_key(signing_secret: bytes) -> bytes:
    return hkdf_sha256(signing_secret, API_KEY_LABEL)


def compute_mac(mac_key: bytes, prefix: str, body: bytes) -> bytes:
    return hmac.digest(mac_key, prefix.encode("ascii") + body, "sha256")


def encode_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def encode_type_id(prefix: str, value: int) -> str:
    """26 groups of five bits, most significant first; 130 bits hold 128, so it begins 0 to 7."""
    return prefix + "_" + "".join(CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


@dataclass(frozen=True)
class Fields:
    """What a key says, without its prefix and its MAC."""

    slot: int
    id: int
    tenant: int
    scopes: int
    expires_at: int
    version: int = 0

    def body(self) -> bytes:
        first = self.version << 4 | self.slot
        scopes = self.scopes.to_bytes(16, "big")
        body = struct.pack(
            ">B16sI16sI", first, self.id.to_bytes(16, "big"), self.tenant, scopes, self.expires_at
        )
        require(len(body) == BODY_BYTES, "length of the body")
        return body


def assemble(prefix: str, body: bytes, mac: bytes) -> str:
    return prefix + encode_base64url(body + mac)


def issue(signing_secret: bytes, prefix: str, fields: Fields) -> str:
    body = fields.body()
    return assemble(prefix, body, compute_mac(derive_mac_key(signing_secret), prefix, body))


# --- Strict readers, which every vector must satisfy ----------------------------------------


class Malformed(Exception):
    """The text does not have the shape of a self-contained key."""


class Invalid(Exception):
    """The shape is right and the MAC does not hold."""


def read_api_key(signing_secret: bytes, key: str) -> tuple[str, Fields]:
    # The prefixes go longest first, since one is the beginning of the other two.
    prefix = next((p for p in sorted(PREFIXES, key=len, reverse=True) if key.startswith(p)), None)
    if prefix is None:
        raise Malformed("prefix")
    text = key[len(prefix) :]
    if not re.fullmatch(f"[A-Za-z0-9_-]{{{PAYLOAD_CHARACTERS}}}", text):
        raise Malformed("length or alphabet")
    payload = base64.urlsafe_b64decode(text + "==")
    # Python's decoder drops the four spare bits silently, so compare with the only right spelling.
    if encode_base64url(payload) != text:
        raise Malformed("trailing bits")
    body, mac = payload[:BODY_BYTES], payload[BODY_BYTES:]
    first, key_id, tenant, scopes, expires_at = struct.unpack(">B16sI16sI", body)
    if first >> 4 != 0:
        raise Malformed("version")
    if not hmac.compare_digest(mac, compute_mac(derive_mac_key(signing_secret), prefix, body)):
        raise Invalid("mac")
    return prefix, Fields(
        first & 15, int.from_bytes(key_id, "big"), tenant, int.from_bytes(scopes, "big"), expires_at
    )


def judge_api_key(signing_secret: bytes, key: str) -> str:
    try:
        read_api_key(signing_secret, key)
    except Malformed:
        return "malformed"
    except Invalid:
        return "invalid"
    return "valid"


def read_type_id(prefix: str, text: str) -> int | None:
    match = re.fullmatch(re.escape(prefix) + "_([0-7][" + CROCKFORD + "]{25})", text)
    if match is None:
        return None
    value = 0
    for character in match[1]:
        value = value << 5 | CROCKFORD.index(character)
    return value


def opaque_kind(text: str) -> str | None:
    if re.fullmatch("whm_[0-9a-f]{32}", text):
        return "opaque"
    if re.fullmatch("titan_[0-9a-f]{64}", text):
        return "legacy"
    # 43 characters have two bits more than 32 bytes: the last is a multiple of four.
    if re.fullmatch("titan_inv_[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", text):
        return "invitation"
    return None


# --- Fixed inputs ---------------------------------------------------------------------------


def fixed_bytes(label: str) -> bytes:
    """32 bytes without a pattern that are the same on every run."""
    return hashlib.sha256(b"titan vectors: " + label.encode("ascii")).digest()


def uuid_v7(unix_ms: int, label: str) -> int:
    """RFC 9562, section 5.7: time, version 7, 12 bits, variant 10, 62 bits."""
    filler = int.from_bytes(fixed_bytes(label), "big")
    rand_a, rand_b = filler >> 244, filler & (2**62 - 1)
    return unix_ms << 80 | 7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b


def signing_secret_of(slot: int) -> bytes:
    # Slot 0 counts up from 00, so that the worked example in the document is easy to retype.
    return bytes(range(32)) if slot == 0 else fixed_bytes(f"signing secret of slot {slot}")


# sessions:manage, messages:write and webhooks:manage are bits 1, 2 and 18 of the catalogue.
EXAMPLE = Fields(
    slot=0,
    id=uuid_v7(1_746_100_800_000, "example"),  # 2025-05-01T12:00:00Z
    tenant=1,
    scopes=1 << 1 | 1 << 2 | 1 << 18,
    expires_at=1_748_692_800,  # 2025-05-31T12:00:00Z
)


def example_with(**changes: int) -> Fields:
    return Fields(**{**EXAMPLE.__dict__, **changes})


# --- api-key.json ---------------------------------------------------------------------------


def valid_inputs() -> list[tuple[str, str, Fields]]:
    plain, live, test = PREFIXES
    inputs = [
        ("worked-example", plain, EXAMPLE),
        ("worked-example-live", live, EXAMPLE),
        ("worked-example-test", test, EXAMPLE),
    ]
    for slot in range(16):
        key_id = uuid_v7(1_746_100_800_000 + slot, f"slot {slot}")
        inputs.append((f"slot-{slot}", PREFIXES[slot % 3], example_with(slot=slot, id=key_id)))
    # Values whose bytes all differ show a wrong byte order that 0, 1 and the maximum would hide.
    counting = int.from_bytes(bytes(range(1, 17)), "big")
    inputs += [
        ("tenant-0", plain, example_with(tenant=0)),
        ("tenant-max", plain, example_with(tenant=U32_MAX)),
        ("tenant-byte-order", live, example_with(tenant=0x01020304)),
        ("scopes-none", plain, example_with(scopes=0)),
        ("scopes-bit-0", plain, example_with(scopes=1)),
        ("scopes-bit-63", live, example_with(scopes=1 << 63)),
        ("scopes-bit-64", test, example_with(scopes=1 << 64)),
        ("scopes-bit-126", plain, example_with(scopes=1 << 126)),
        ("scopes-bit-127-star", plain, example_with(scopes=STAR)),
        ("scopes-all-but-star", plain, example_with(scopes=STAR - 1)),
        ("scopes-all", plain, example_with(scopes=U128_MAX)),
        ("scopes-byte-order", test, example_with(scopes=counting)),
        ("expiry-0", plain, example_with(expires_at=0)),
        ("expiry-2025-10-09", live, example_with(expires_at=1_760_000_000)),
        ("expiry-i32-max", plain, example_with(expires_at=2**31 - 1)),
        ("expiry-past-i32-max", plain, example_with(expires_at=2**31)),
        ("expiry-max", plain, example_with(expires_at=U32_MAX)),
        ("id-min", plain, example_with(id=0)),
        ("id-max", plain, example_with(id=U128_MAX)),
        ("id-not-uuid-v7", test, example_with(id=counting)),
        ("id-uuid-v7-latest-time", plain, example_with(id=uuid_v7(2**48 - 1, "latest"))),
    ]
    inputs += [(f"fields-min-{prefix[:-1]}", prefix, Fields(0, 0, 0, 0, 0)) for prefix in PREFIXES]
    highest = Fields(15, U128_MAX, U32_MAX, U128_MAX, U32_MAX)
    inputs += [(f"fields-max-{prefix[:-1]}", prefix, highest) for prefix in PREFIXES]
    return inputs


def valid_api_keys() -> list[dict]:
    vectors = []
    for name, prefix, fields in valid_inputs():
        secret = signing_secret_of(fields.slot)
        key = issue(secret, prefix, fields)
        require(read_api_key(secret, key) == (prefix, fields), name)
        vectors.append(
            {
                "name": name,
                "signing_secret_hex": secret.hex(),
                "mac_key_hex": derive_mac_key(secret).hex(),
                "prefix": prefix,
                "slot": fields.slot,
                "id": encode_type_id("key", fields.id),
                "id_hex": f"{fields.id:032x}",
                "tenant": fields.tenant,
                "scope_bits_hex": f"{fields.scopes:032x}",
                "expires_at": fields.expires_at,
                "key": key,
            }
        )
    return vectors


SECRET = signing_secret_of(EXAMPLE.slot)
MAC_KEY = derive_mac_key(SECRET)
BODY = EXAMPLE.body()
KEY = {prefix: issue(SECRET, prefix, EXAMPLE) for prefix in PREFIXES}
PAYLOAD = KEY["titan_"][len("titan_") :]


def wrong_lengths() -> list[tuple[str, str]]:
    mac = compute_mac(MAC_KEY, "titan_", BODY)
    cases = [
        ("empty", ""),
        ("payload-without-prefix", PAYLOAD),
        ("payload-twice", "titan_" + PAYLOAD + PAYLOAD),
        ("prefix-twice", "titan_titan_" + PAYLOAD),
        ("thousand-characters", "titan_" + "A" * 994),
        ("two-keys-with-comma", KEY["titan_"] + "," + KEY["titan_"]),
        ("first-payload-character-missing", "titan_" + PAYLOAD[1:]),
        ("middle-payload-character-missing", "titan_" + PAYLOAD[:49] + PAYLOAD[50:]),
        ("zero-character-in-front-of-payload", "titan_A" + PAYLOAD),
        ("mac-31-bytes", assemble("titan_", BODY, mac[:31])),
        ("mac-33-bytes", assemble("titan_", BODY, mac + b"\xff")),
        ("mac-16-bytes", assemble("titan_", BODY, mac[:16])),
        ("mac-absent", assemble("titan_", BODY, b"")),
    ]
    for prefix, key in KEY.items():
        cases += [
            (f"only-prefix-{prefix[:-1]}", prefix),
            (f"one-character-short-{prefix[:-1]}", key[:-1]),
            (f"one-character-long-{prefix[:-1]}", key + "A"),
        ]
    return cases


def wrong_encodings() -> list[tuple[str, str]]:
    key = KEY["titan_"]
    cases = [
        ("padding-one-appended", key + "="),
        ("padding-two-appended", key + "=="),  # what a padding encoder writes for 73 bytes
        ("padding-replaces-last", key[:-1] + "="),
        ("padding-replaces-last-two", key[:-2] + "=="),
        ("padding-percent-encoded", key + "%3D%3D"),
        ("space-leading", " " + key),
        ("space-trailing", key + " "),
        ("space-inserted", key[:50] + " " + key[50:]),
        ("space-replaces", key[:50] + " " + key[51:]),
        ("space-after-prefix", "titan_ " + PAYLOAD),
        ("tab-trailing", key + "\t"),
        ("newline-leading", "\n" + key),
        ("newline-trailing", key + "\n"),
        ("newline-replaces-last", key[:-1] + "\n"),
        ("carriage-return-newline-trailing", key + "\r\n"),
        ("newline-inserted", key[:70] + "\n" + key[70:]),
        ("no-break-space-trailing", key + "\u00a0"),
        ("zero-width-space-inserted", key[:50] + "\u200b" + key[50:]),
        ("byte-order-mark-leading", "\ufeff" + key),
        ("nul-trailing", key + "\0"),
        ("nul-replaces", key[:50] + "\0" + key[51:]),
        ("nul-leading", "\0" + key),
        ("non-ascii-same-characters", key[:50] + "\u00e9" + key[51:]),
        ("non-ascii-same-bytes", key[:50] + "\u00e9" + key[52:]),
        # 104 bytes, but byte 6, where the payload would begin, is inside a character.
        ("non-ascii-across-end-of-prefix", "titan\u00e9" + PAYLOAD[1:]),
        ("non-ascii-at-end-same-bytes", key[:-2] + "\u00e9"),
        ("full-width-letter", "titan_\uff21" + PAYLOAD[1:]),
        ("cyrillic-letter-in-prefix", "t\u0456tan_" + PAYLOAD),
        ("outside-basic-plane", key[:50] + "\U0001d400" + key[54:]),
        ("dot-replaces", key[:50] + "." + key[51:]),
        ("quoted", '"' + key + '"'),
        ("with-bearer", "Bearer " + key),
        ("payload-hex", "titan_" + (BODY + compute_mac(MAC_KEY, "titan_", BODY)).hex()),
        ("payload-case-swapped", "titan_" + PAYLOAD.swapcase()),
        ("payload-lower-case", "titan_" + PAYLOAD.lower()),
    ]
    # The last character carries two bits of the MAC above four spare bits. A lenient decoder
    # ignores the spare ones, the MAC then holds, and one key has sixteen spellings.
    last = BASE64URL.index(key[-1])
    for spare in range(1, 16):
        cases.append((f"trailing-bits-{spare:04b}", key[:-1] + BASE64URL[last | spare]))
    # The MAC of these is right, so only the version refuses them.
    for version in range(1, 16):
        cases.append((f"version-{version}", issue(SECRET, "titan_", example_with(version=version))))
    return cases


def standard_alphabet() -> list[tuple[str, bytes, str]]:
    """A decoder that knows both alphabets would find these valid."""
    for tenant in range(1, 1000):
        key = issue(SECRET, "titan_", example_with(tenant=tenant))
        payload = key[len("titan_") :]
        if "-" in payload and "_" in payload:
            break
    else:
        raise SystemExit("generate.py: no payload with both characters")
    plus, slash = payload.replace("-", "+"), payload.replace("_", "/")
    return [
        ("standard-alphabet-plus", SECRET, "titan_" + plus),
        ("standard-alphabet-slash", SECRET, "titan_" + slash),
        ("standard-alphabet-both", SECRET, "titan_" + plus.replace("_", "/")),
    ]


def wrong_prefixes() -> list[tuple[str, str]]:
    cases = [
        ("prefix-upper-case", "TITAN_" + PAYLOAD),
        ("prefix-capitalised", "Titan_" + PAYLOAD),
        ("prefix-upper-case-live", KEY["titan_sk_live_"].replace("live", "LIVE", 1)),
        ("prefix-upper-case-test", KEY["titan_sk_test_"].replace("sk", "SK", 1)),
        ("prefix-hyphen", "titan-" + PAYLOAD),
        ("prefix-without-underscore", "titan" + PAYLOAD),
        ("prefix-doubled-underscore", "titan__" + PAYLOAD),
    ]
    # The MAC of these is made under the very prefix, so only the prefix refuses them.
    for prefix in ("acme_", "whm_", "titanic_", "titan_sk_", "titan_pk_live_", "titan_sk_prod_"):
        cases.append((f"prefix-of-another-product-{prefix[:-1]}", issue(SECRET, prefix, EXAMPLE)))
    cases += [
        ("prefix-upper-case-under-mac", issue(SECRET, "TITAN_", EXAMPLE)),
        ("prefix-client-token-under-mac", issue(SECRET, "titan_ct_", EXAMPLE)),
        ("prefix-empty-under-mac", issue(SECRET, "", EXAMPLE)),
    ]
    # A longer prefix in a text as long as a `titan_` key: 104 characters.
    cases += [
        ("prefix-live-in-104-characters", "titan_sk_live_" + PAYLOAD[:90]),
        ("prefix-test-in-104-characters", "titan_sk_test_" + PAYLOAD[:90]),
        ("prefix-client-token-in-104-characters", "titan_ct_" + PAYLOAD[:95]),
    ]
    return cases


def other_credentials() -> list[tuple[str, str]]:
    header = encode_base64url(b'{"alg":"HS256","typ":"JWT"}')
    claims = encode_base64url(b'{"sub":"visitor","iat":1746100800,"exp":1746101700}')
    signature = hmac.digest(fixed_bytes("client token"), f"{header}.{claims}".encode(), "sha256")
    token = f"{header}.{claims}.{encode_base64url(signature)}"
    return [
        ("client-token", "titan_ct_" + token),
        ("client-token-behind-key-prefix", "titan_" + token),
        ("bare-jwt", token),
        ("opaque-key", "whm_" + fixed_bytes("opaque 1").hex()[:32]),
        ("legacy-key", "titan_" + fixed_bytes("legacy 1").hex()),
        ("legacy-key-with-live-prefix", "titan_sk_live_" + fixed_bytes("legacy 1").hex()),
        ("opaque-digits-behind-key-prefix", "titan_" + fixed_bytes("opaque 1").hex()[:32]),
        # As long as a payload, and still no key: the first character is not A to D.
        ("hex-as-long-as-payload", "titan_" + (fixed_bytes("legacy 1").hex() * 2)[:98]),
    ]


def flipped_bits() -> list[tuple[str, str]]:
    mac = compute_mac(MAC_KEY, "titan_", BODY)
    bits = [
        ("slot-low", 0, 0x01),
        ("slot-high", 0, 0x08),
        ("id-first", 1, 0x80),
        ("id-last", 16, 0x01),
        ("tenant-first", 17, 0x80),
        ("tenant-last", 20, 0x01),
        ("scopes-127-star", 21, 0x80),
        ("scopes-126", 21, 0x40),
        ("scopes-0", 36, 0x01),
        ("expiry-first", 37, 0x80),
        ("expiry-last", 40, 0x01),
        ("mac-first", 41, 0x80),
        ("mac-middle", 57, 0x10),
        ("mac-last", 72, 0x01),
    ]
    cases = []
    for name, offset, mask in bits:
        payload = bytearray(BODY + mac)
        payload[offset] ^= mask
        cases.append((f"flipped-{name}", "titan_" + encode_base64url(payload)))
    return cases


def wrong_macs() -> list[tuple[str, str]]:
    message = b"titan_" + BODY
    mac = compute_mac(MAC_KEY, "titan_", BODY)
    other_body = example_with(id=EXAMPLE.id + 1).body()
    client_token_key = hkdf_sha256(SECRET, b"titan/v1/client-token")
    other_slot_key = derive_mac_key(signing_secret_of(1))
    next_version_key = hkdf_sha256(SECRET, b"titan/v2/api-key")
    body_text = encode_base64url(BODY).encode("ascii")
    macs = [
        ("zero", bytes(MAC_BYTES)),
        ("ones", b"\xff" * MAC_BYTES),
        ("first-16-bytes-then-zeros", mac[:16] + bytes(16)),
        ("first-31-bytes-then-wrong", mac[:31] + bytes([mac[31] ^ 0xFF])),
        ("first-byte-wrong", bytes([mac[0] ^ 0xFF]) + mac[1:]),
        ("bytes-reversed", mac[::-1]),
        ("of-another-key", compute_mac(MAC_KEY, "titan_", other_body)),
        ("without-prefix", compute_mac(MAC_KEY, "", BODY)),
        ("prefix-without-underscore", compute_mac(MAC_KEY, "titan", BODY)),
        ("prefix-upper-case", compute_mac(MAC_KEY, "TITAN_", BODY)),
        ("over-base64-text", hmac.digest(MAC_KEY, b"titan_" + body_text, "sha256")),
        ("another-signing-secret", compute_mac(other_slot_key, "titan_", BODY)),
        ("signing-secret-used-directly", compute_mac(SECRET, "titan_", BODY)),
        ("empty-mac-key", compute_mac(b"", "titan_", BODY)),
        ("label-of-another-kind", compute_mac(client_token_key, "titan_", BODY)),
        ("label-of-another-version", compute_mac(next_version_key, "titan_", BODY)),
        ("label-empty", compute_mac(hkdf_sha256(SECRET, b""), "titan_", BODY)),
        ("plain-sha256", hashlib.sha256(message).digest()),
        ("sha256-of-key-and-message", hashlib.sha256(MAC_KEY + message).digest()),
        ("hmac-sha512-truncated", hmac.digest(MAC_KEY, message, "sha512")[:MAC_BYTES]),
    ]
    return [(f"mac-{name}", assemble("titan_", BODY, mac)) for name, mac in macs]


def moved_keys() -> list[tuple[str, str]]:
    return [
        (f"moved-{source[:-1]}-to-{target[:-1]}", target + key[len(source) :])
        for source, key in KEY.items()
        for target in PREFIXES
        if target != source
    ]


def invalid_api_keys() -> list[dict]:
    malformed = wrong_lengths() + wrong_encodings() + wrong_prefixes() + other_credentials()
    invalid = flipped_bits() + wrong_macs() + moved_keys()
    cases = [(name, SECRET, key, "malformed") for name, key in malformed]
    cases += [(name, secret, key, "malformed") for name, secret, key in standard_alphabet()]
    cases += [(name, SECRET, key, "invalid") for name, key in invalid]
    # A right key beside the secret of the wrong slot.
    for slot in (1, 15):
        cases.append((f"secret-of-slot-{slot}", signing_secret_of(slot), KEY["titan_"], "invalid"))
    for name, secret, key, reason in cases:
        require(judge_api_key(secret, key) == reason, name)
    return [
        {"name": name, "signing_secret_hex": secret.hex(), "key": key, "reason": reason}
        for name, secret, key, reason in cases
    ]


def api_key_vectors() -> dict:
    vectors = {
        "description": (
            "Self-contained API keys, version 0; docs/token-format.md defines them. "
            "Let the signing secret of the vector stand in every slot, 0 to 15. "
            "A key under 'valid' decodes to the fields beside it and its MAC holds under mac_key_hex; "
            "whether it has expired is no question here. "
            "A key under 'invalid' is refused: 'malformed' means that it does not have the shape, "
            "'invalid' that it has the shape and the MAC does not hold. "
            "The secrets are test values."
        ),
        "valid": valid_api_keys(),
        "invalid": invalid_api_keys(),
    }
    every = vectors["valid"] + vectors["invalid"]
    require(len({vector["name"] for vector in every}) == len(every), "two vectors have one name")
    tried = {(vector["signing_secret_hex"], vector["key"]) for vector in every}
    require(len(tried) == len(every), "two vectors try the same thing")
    return vectors


# --- type-id.json ---------------------------------------------------------------------------


def valid_type_ids() -> list[dict]:
    # Texts that use the whole alphabet between them; a zero value would hide a shifted one.
    ascending = read_type_id("key", "key_0123456789abcdefghjkmnpqrs")
    descending = read_type_id("key", "key_7zyxwvtsrqpnmkjhgfedcba987")
    values = [
        ("key", EXAMPLE.id),
        ("key", 0),
        ("key", 1),
        ("key", 31),
        ("key", 32),
        ("key", 1 << 63),
        ("key", 1 << 64),
        ("key", 1 << 127),
        ("key", U128_MAX - 1),
        ("key", U128_MAX),
        ("key", ascending),
        ("key", descending),
        ("key", 0x01890A5DAC96774BBCCEB302099A8057),
        ("usr", uuid_v7(1_746_100_800_000, "user")),
        ("usr", U128_MAX),
        ("evt", uuid_v7(1_746_100_800_000, "event")),
        ("evt", 0),
        ("ses", uuid_v7(1_746_100_800_000, "session")),
        ("inv", uuid_v7(1_746_100_800_000, "invitation")),
        ("jwt", uuid_v7(1_746_100_800_000, "jwt")),
        ("ct", uuid_v7(1_746_100_800_000, "client token")),
        ("ct", U128_MAX),
    ]
    vectors = []
    for prefix, value in values:
        text = encode_type_id(prefix, value)
        require(read_type_id(prefix, text) == value, text)
        vectors.append({"prefix": prefix, "hex": f"{value:032x}", "text": text})
    return vectors


def invalid_type_ids() -> list[dict]:
    text = encode_type_id("key", EXAMPLE.id)
    suffix = text[len("key_") :]
    cases = [
        ("", "empty"),
        ("key", "prefix alone, no underscore"),
        ("key_", "empty suffix"),
        (suffix, "no prefix"),
        ("_" + suffix, "empty prefix"),
        ("key" + suffix, "no underscore"),
        ("key-" + suffix, "hyphen in place of the underscore"),
        ("key__" + suffix, "two underscores"),
        ("usr_" + suffix, "prefix of another type"),
        ("keys_" + suffix, "prefix too long"),
        ("KEY_" + suffix, "prefix in upper case"),
        ("Key_" + suffix, "prefix capitalised"),
        ("key_" + suffix.upper(), "suffix in upper case"),
        ("key_" + suffix[:-1] + "Z", "one upper-case letter"),
        ("key_" + suffix[:-1], "25 characters, last missing"),
        ("key_" + suffix[1:], "25 characters, first missing"),
        ("key_" + suffix + "0", "27 characters, one appended"),
        ("key_0" + suffix, "27 characters, zero in front"),
        ("key_" + suffix + "=", "padding"),
        ("key_8" + "0" * 25, "first character 8: the value would be 2^128"),
        ("key_9" + suffix[1:], "first character 9"),
        ("key_g" + suffix[1:], "first character g"),
        ("key_z" + "z" * 25, "130 bits set"),
        ("key_" + suffix[:-1] + "i", "letter i"),
        ("key_" + suffix[:-1] + "l", "letter l"),
        ("key_" + suffix[:-1] + "o", "letter o"),
        ("key_" + suffix[:-1] + "u", "letter u"),
        ("key_" + suffix[:-1] + "L", "letter L"),
        ("key_" + suffix[:13] + "-" + suffix[13:], "hyphen inserted"),
        ("key_" + suffix[:13] + "-" + suffix[14:], "hyphen in place of a character"),
        ("key_" + suffix[:-1] + "_", "underscore in place of a character"),
        (" " + text, "leading space"),
        (text + " ", "trailing space"),
        (text + "\n", "trailing newline"),
        (text[:-1] + "\n", "newline in place of the last character"),
        (text[:-1] + "\0", "NUL in place of the last character"),
        (text + "\0", "trailing NUL"),
        (text[:-2] + "\u00e9", "non-ASCII character, right byte length"),
        (text[:-1] + "\u0663", "digit that is not ASCII"),
        ("ke\u00e9" + suffix, "non-ASCII character across the underscore, right byte length"),
        (f"key_{EXAMPLE.id:032x}", "hex"),
        ("key_01968bc0-b000-7000-8000-000000000000", "UUID text"),
    ]
    require(len({case for case, _ in cases}) == len(cases), "two cases have one text")
    for case, why in cases:
        require(read_type_id("key", case) is None, why)
    return [{"prefix": "key", "text": case, "why": why} for case, why in cases]


def type_id_vectors() -> dict:
    return {
        "description": (
            "Ids as TypeID: prefix, underscore, 26 characters of lower-case Crockford base32; "
            "docs/token-format.md defines them. 'prefix' is the type, without the underscore; "
            "'hex' is the 128-bit value. Under 'valid', text and value turn into each other. "
            "A text under 'invalid' is refused where an id of the type 'prefix' is expected."
        ),
        "valid": valid_type_ids(),
        "invalid": invalid_type_ids(),
    }


# --- opaque.json ----------------------------------------------------------------------------


def valid_opaque_keys() -> list[dict]:
    bodies = {
        "opaque": ["0123456789abcdeffedcba9876543210", "0" * 32, "f" * 32],
        "legacy": ["0123456789abcdeffedcba9876543210" * 2, "0" * 64, "f" * 64],
    }
    for number in (1, 2, 3):
        bodies["opaque"].append(fixed_bytes(f"opaque {number}").hex()[:32])
        bodies["legacy"].append(fixed_bytes(f"legacy {number}").hex())
    randoms = [bytes(32), b"\xff" * 32, bytes(range(32))]
    randoms += [fixed_bytes("invitation 1"), fixed_bytes("invitation 2")]
    bodies["invitation"] = [encode_base64url(random) for random in randoms]
    vectors = []
    for kind, prefix in (("opaque", "whm_"), ("legacy", "titan_"), ("invitation", "titan_inv_")):
        for body in bodies[kind]:
            key = prefix + body
            require(opaque_kind(key) == kind, key)
            digest = hashlib.sha256(key.encode("ascii")).hexdigest()
            vectors.append({"kind": kind, "key": key, "sha256_hex": digest})
    return vectors


def invalid_opaque_keys() -> list[dict]:
    short, long = fixed_bytes("opaque 1").hex()[:32], fixed_bytes("legacy 1").hex()
    opaque, legacy = "whm_" + short, "titan_" + long
    cases = [
        ("", "empty"),
        ("whm_", "prefix alone"),
        ("titan_", "prefix alone"),
        (short, "32 digits without a prefix"),
        (long, "64 digits without a prefix"),
        (opaque[:-1], "opaque, 31 digits"),
        (opaque + "0", "opaque, 33 digits"),
        (legacy[:-1], "legacy, 63 digits"),
        (legacy + "0", "legacy, 65 digits"),
        ("whm_" + long, "opaque prefix with 64 digits"),
        ("titan_" + short, "legacy prefix with 32 digits"),
        ("whm_" + short.upper(), "opaque, upper-case digits"),
        ("titan_" + long.upper(), "legacy, upper-case digits"),
        (opaque[:-1] + "F", "opaque, one upper-case digit"),
        (legacy[:-1] + "F", "legacy, one upper-case digit"),
        (opaque[:-1] + "g", "opaque, a letter that is no digit"),
        (legacy[:-1] + "g", "legacy, a letter that is no digit"),
        ("WHM_" + short, "opaque, prefix in upper case"),
        ("TITAN_" + long, "legacy, prefix in upper case"),
        ("whm-" + short, "opaque, hyphen in place of the underscore"),
        ("whm" + short, "opaque, no underscore"),
        ("acme_" + short, "prefix of another product"),
        ("titan_sk_live_" + long, "legacy digits behind a platform prefix"),
        ("titan_sk_test_" + long, "legacy digits behind a platform prefix"),
        ("titan_ct_" + long, "legacy digits behind the client token prefix"),
        ("whm_0x" + short[2:], "opaque, 0x in front of the digits"),
        ("whm_" + short[:8] + "-" + short[9:], "opaque, hyphen among the digits"),
        (" " + opaque, "leading space"),
        (opaque + " ", "trailing space"),
        (opaque + "\n", "opaque, trailing newline"),
        (legacy + "\n", "legacy, trailing newline"),
        (opaque[:-1] + "\n", "newline in place of the last digit"),
        (opaque + "\0", "trailing NUL"),
        (opaque[:-1] + "\0", "NUL in place of the last digit"),
        (opaque[:-2] + "\u00e9", "non-ASCII character, right byte length"),
        (opaque[:-1] + "\u0663", "digit that is not ASCII"),
        (opaque[:-1] + "\uff11", "full-width digit"),
        ("wh\u00e9" + short, "non-ASCII character across the end of the prefix, right byte length"),
        (opaque + "," + opaque, "two keys"),
        (KEY["titan_"], "self-contained key"),
        (KEY["titan_sk_live_"], "self-contained key, platform prefix"),
    ]
    random = encode_base64url(fixed_bytes("invitation 1"))
    last = BASE64URL.index(random[-1])
    cases += [
        ("titan_inv_", "invitation, prefix alone"),
        (random, "invitation without its prefix"),
        ("titan_inv_" + random[:-1], "invitation, 42 characters"),
        ("titan_inv_" + random + "A", "invitation, 44 characters"),
        ("titan_inv_" + random + "=", "invitation, padding"),
        ("titan_inv_" + random[:-1] + "=", "invitation, padding in place of the last character"),
        ("titan_inv_" + random[:-1] + BASE64URL[last | 1], "invitation, last spare bit"),
        ("titan_inv_" + random[:-1] + BASE64URL[last | 2], "invitation, first spare bit"),
        ("titan_inv_" + random[:20] + "+" + random[21:], "invitation, standard alphabet"),
        ("titan_inv_" + random[:20] + "." + random[21:], "invitation, dot"),
        ("titan_inv_" + random[:-1] + "\n", "invitation, newline in place of the last character"),
        ("titan_inv_" + random + "\n", "invitation, trailing newline"),
        (" titan_inv_" + random, "invitation, leading space"),
        ("titan_inv_" + random[:-2] + "\u00e9", "invitation, non-ASCII character, right byte length"),
        ("TITAN_INV_" + random, "invitation, prefix in upper case"),
        ("titan_rt_" + random, "invitation behind the prefix of refresh tokens"),
        ("titan_" + random, "invitation behind the prefix of keys"),
        ("titan_inv_" + long, "invitation prefix with 64 hex digits"),
        ("titan_inv_" + short, "invitation prefix with 32 hex digits"),
    ]
    require(len({case for case, _ in cases}) == len(cases), "two cases have one text")
    for case, why in cases:
        require(opaque_kind(case) is None, why)
    return [{"text": case, "why": why} for case, why in cases]


def opaque_vectors() -> dict:
    return {
        "description": (
            "Keys and invitations, which say nothing by themselves and are found by their SHA-256; "
            "docs/token-format.md defines them. The hash is over the whole text, prefix included. "
            "A text under 'invalid' is neither an opaque key, nor a legacy key, nor an invitation; "
            "it may be a credential of another kind."
        ),
        "valid": valid_opaque_keys(),
        "invalid": invalid_opaque_keys(),
    }


# --- refresh-token.json ---------------------------------------------------------------------


@dataclass(frozen=True)
class Refresh:
    """What a refresh token says."""

    slot: int
    session: int
    generation: int
    version: int = 0

    def body(self) -> bytes:
        first = self.version << 4 | self.slot
        return struct.pack(">B16sI", first, self.session.to_bytes(16, "big"), self.generation)


def issue_refresh(signing_secret: bytes, token: Refresh, prefix: str = REFRESH_PREFIX) -> str:
    mac_key = hkdf_sha256(signing_secret, REFRESH_LABEL)
    return assemble(prefix, token.body(), compute_mac(mac_key, prefix, token.body()))


def read_refresh_token(signing_secret: bytes, text: str) -> Refresh:
    if not re.fullmatch(f"{REFRESH_PREFIX}[A-Za-z0-9_-]{{{REFRESH_CHARACTERS}}}", text):
        raise Malformed("prefix, length or alphabet")
    characters = text[len(REFRESH_PREFIX) :]
    payload = base64.urlsafe_b64decode(characters + "=")
    if encode_base64url(payload) != characters:
        raise Malformed("trailing bits")
    body, mac = payload[:REFRESH_BODY_BYTES], payload[REFRESH_BODY_BYTES:]
    first, session, generation = struct.unpack(">B16sI", body)
    if first >> 4 != 0:
        raise Malformed("version")
    mac_key = hkdf_sha256(signing_secret, REFRESH_LABEL)
    if not hmac.compare_digest(mac, compute_mac(mac_key, REFRESH_PREFIX, body)):
        raise Invalid("mac")
    return Refresh(first & 15, int.from_bytes(session, "big"), generation)


def judge_refresh_token(signing_secret: bytes, text: str) -> str:
    try:
        read_refresh_token(signing_secret, text)
    except Malformed:
        return "malformed"
    except Invalid:
        return "invalid"
    return "valid"


SESSION = uuid_v7(1_746_100_800_000, "session")
REFRESH = Refresh(slot=0, session=SESSION, generation=3)


def valid_refresh_tokens() -> list[dict]:
    tokens = [("worked-example", REFRESH)]
    for slot in range(16):
        session = uuid_v7(1_746_100_800_000 + slot, f"session of slot {slot}")
        tokens.append((f"slot-{slot}", Refresh(slot, session, slot)))
    counting = int.from_bytes(bytes(range(1, 17)), "big")
    tokens += [
        ("generation-0", Refresh(0, SESSION, 0)),
        ("generation-byte-order", Refresh(0, SESSION, 0x01020304)),
        ("generation-max", Refresh(0, SESSION, U32_MAX)),
        ("session-byte-order", Refresh(0, counting, 1)),
        ("fields-min", Refresh(0, 0, 0)),
        ("fields-max", Refresh(15, U128_MAX, U32_MAX)),
    ]
    vectors = []
    for name, token in tokens:
        secret = signing_secret_of(token.slot)
        text = issue_refresh(secret, token)
        require(read_refresh_token(secret, text) == token, name)
        vectors.append(
            {
                "name": name,
                "signing_secret_hex": secret.hex(),
                "mac_key_hex": hkdf_sha256(secret, REFRESH_LABEL).hex(),
                "slot": token.slot,
                "session": encode_type_id("ses", token.session),
                "session_hex": f"{token.session:032x}",
                "generation": token.generation,
                "token": text,
            }
        )
    return vectors


def malformed_refresh_tokens(token: str) -> list[tuple[str, str]]:
    payload = token[len(REFRESH_PREFIX) :]
    last = BASE64URL.index(payload[-1])
    cases = [
        ("empty", ""),
        ("only-prefix", REFRESH_PREFIX),
        ("payload-without-prefix", payload),
        ("prefix-twice", REFRESH_PREFIX + token),
        ("prefix-upper-case", "TITAN_RT_" + payload),
        ("prefix-of-keys", "titan_" + payload),
        ("prefix-of-client-tokens", "titan_ct_" + payload),
        ("prefix-of-invitations", "titan_inv_" + payload),
        ("prefix-of-keys-under-mac", issue_refresh(SECRET, REFRESH, "titan_")),
        ("one-character-short", token[:-1]),
        ("one-character-long", token + "A"),
        ("mac-31-bytes", assemble(REFRESH_PREFIX, REFRESH.body(), bytes(31))),
        ("mac-absent", assemble(REFRESH_PREFIX, REFRESH.body(), b"")),
        ("padding", token + "="),
        ("padding-replaces-last", token[:-1] + "="),
        ("space-leading", " " + token),
        ("space-trailing", token + " "),
        ("newline-trailing", token + "\n"),
        ("newline-replaces-last", token[:-1] + "\n"),
        ("nul-replaces", token[:40] + "\0" + token[41:]),
        ("plus-replaces", token[:40] + "+" + token[41:]),
        ("slash-replaces", token[:40] + "/" + token[41:]),
        ("dot-replaces", token[:40] + "." + token[41:]),
        ("non-ascii-same-bytes", token[:40] + "\u00e9" + token[42:]),
        ("non-ascii-across-end-of-prefix", "titan_rt\u00e9" + payload[1:]),
        ("quoted", '"' + token + '"'),
        ("api-key", KEY["titan_"]),
        ("opaque-key", "whm_" + fixed_bytes("opaque 1").hex()[:32]),
    ]
    for spare in range(1, 4):
        cases.append((f"trailing-bits-{spare:02b}", token[:-1] + BASE64URL[last | spare]))
    for version in range(1, 16):
        other = Refresh(REFRESH.slot, SESSION, REFRESH.generation, version)
        cases.append((f"version-{version}", issue_refresh(SECRET, other)))
    return cases


def invalid_refresh_macs() -> list[tuple[str, str]]:
    body = REFRESH.body()
    key = hkdf_sha256(SECRET, REFRESH_LABEL)
    jwt_key = hkdf_sha256(SECRET, JWT_LABEL)
    next_version_key = hkdf_sha256(SECRET, b"titan/v2/refresh-token")
    other_slot_key = hkdf_sha256(signing_secret_of(1), REFRESH_LABEL)
    mac = compute_mac(key, REFRESH_PREFIX, body)
    older = Refresh(0, SESSION, REFRESH.generation - 1).body()
    macs = [
        ("zero", bytes(MAC_BYTES)),
        ("ones", b"\xff" * MAC_BYTES),
        ("first-31-bytes-then-wrong", mac[:31] + bytes([mac[31] ^ 0xFF])),
        ("of-the-generation-before", compute_mac(key, REFRESH_PREFIX, older)),
        ("without-prefix", compute_mac(key, "", body)),
        ("label-of-api-keys", compute_mac(MAC_KEY, REFRESH_PREFIX, body)),
        ("label-of-session-jwts", compute_mac(jwt_key, REFRESH_PREFIX, body)),
        ("label-of-another-version", compute_mac(next_version_key, REFRESH_PREFIX, body)),
        ("signing-secret-used-directly", compute_mac(SECRET, REFRESH_PREFIX, body)),
        ("another-signing-secret", compute_mac(other_slot_key, REFRESH_PREFIX, body)),
        ("plain-sha256", hashlib.sha256(REFRESH_PREFIX.encode() + body).digest()),
    ]
    cases = [(f"mac-{name}", assemble(REFRESH_PREFIX, body, mac)) for name, mac in macs]
    bits = [
        ("slot", 0, 0x01),
        ("session-first", 1, 0x80),
        ("session-last", 16, 0x01),
        ("generation-first", 17, 0x80),
        ("generation-last", 20, 0x01),
        ("mac-first", 21, 0x80),
        ("mac-last", 52, 0x01),
    ]
    for name, offset, mask in bits:
        payload = bytearray(body + mac)
        payload[offset] ^= mask
        cases.append((f"flipped-{name}", REFRESH_PREFIX + encode_base64url(payload)))
    return cases


def invalid_refresh_tokens() -> list[dict]:
    token = issue_refresh(SECRET, REFRESH)
    cases = [(name, SECRET, text, "malformed") for name, text in malformed_refresh_tokens(token)]
    cases += [(name, SECRET, text, "invalid") for name, text in invalid_refresh_macs()]
    cases.append(("secret-of-slot-1", signing_secret_of(1), token, "invalid"))
    for name, secret, text, reason in cases:
        require(judge_refresh_token(secret, text) == reason, name)
    return [
        {"name": name, "signing_secret_hex": secret.hex(), "token": text, "reason": reason}
        for name, secret, text, reason in cases
    ]


def check_names_and_tokens(vectors: dict) -> dict:
    every = vectors["valid"] + vectors["invalid"]
    require(len({vector["name"] for vector in every}) == len(every), "two vectors have one name")
    tried = {(vector["signing_secret_hex"], vector["token"]) for vector in every}
    require(len(tried) == len(every), "two vectors try the same thing")
    return vectors


def refresh_token_vectors() -> dict:
    return check_names_and_tokens(
        {
            "description": (
                "Refresh tokens, version 0; docs/token-format.md defines them. "
                "Let the signing secret of the vector stand in every slot, 0 to 15. "
                "A token under 'valid' decodes to the fields beside it and its MAC holds under mac_key_hex. "
                "A token under 'invalid' is refused: 'malformed' means that it does not have the shape, "
                "'invalid' that it has the shape and the MAC does not hold. "
                "The secrets are test values."
            ),
            "valid": valid_refresh_tokens(),
            "invalid": invalid_refresh_tokens(),
        }
    )


# --- session-jwt.json -----------------------------------------------------------------------


class WrongClaims(Exception):
    """The signature holds, over claims that no issuer writes."""


def compact_json(members: dict) -> str:
    return json.dumps(members, separators=(",", ":"), ensure_ascii=True)


def kid_of(public: bytes) -> str:
    """RFC 7638 with the members of RFC 8037, section 2."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": encode_base64url(public)}
    return encode_base64url(hashlib.sha256(compact_json(members).encode("ascii")).digest())


class CompactSigner:
    """Signs texts in the compact serialization; `header` and `signature` are those of the kind."""

    prefix = ""

    def sign(self, header: str, payload: str | bytes) -> str:
        """Signs any two texts, whether they are JSON or not."""
        payload = payload if isinstance(payload, bytes) else payload.encode("utf-8")
        return self.sign_parts(encode_base64url(header.encode("utf-8")), encode_base64url(payload))

    def sign_parts(self, header: str, payload: str) -> str:
        signed = f"{header}.{payload}"
        return f"{self.prefix}{signed}.{encode_base64url(self.signature(signed.encode('utf-8')))}"

    def issue(self, claims: dict) -> str:
        return self.sign(compact_json(self.header()), compact_json(claims))


@dataclass(frozen=True)
class JwtSigner(CompactSigner):
    """The key pair of a slot."""

    seed: bytes
    public: bytes
    kid: str

    @staticmethod
    def of_secret(signing_secret: bytes) -> "JwtSigner":
        return JwtSigner.of_seed(hkdf_sha256(signing_secret, JWT_LABEL))

    @staticmethod
    def of_seed(seed: bytes) -> "JwtSigner":
        public = ed25519.public_key(seed)
        return JwtSigner(seed, public, kid_of(public))

    def header(self) -> dict:
        return {"alg": "EdDSA", "typ": "at+jwt", "kid": self.kid}

    def jwk(self) -> dict:
        x = encode_base64url(self.public)
        return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "alg": "EdDSA", "use": "sig"}

    def signature(self, signed: bytes) -> bytes:
        return ed25519.sign(self.seed, signed)


def decode_canonical(text: str) -> bytes:
    if not re.fullmatch("[A-Za-z0-9_-]*", text) or len(text) % 4 == 1:
        raise Malformed("alphabet")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode_base64url(data) != text:
        raise Malformed("trailing bits")
    return data


NAME = r"[!#-\[\]-~]"  # visible ASCII but " and \
CLAIM_PATTERNS = {
    "iss": NAME + "{1,255}",
    "aud": NAME + "{1,255}",
    "sub": f"usr_[0-7][{CROCKFORD}]{{25}}",
    "tenant": None,
    "scope": f"(?=.{{0,2048}}$)({NAME}+( {NAME}+)*)?",
    "sid": f"ses_[0-7][{CROCKFORD}]{{25}}",
    "ver": None,
    "iat": None,
    "exp": None,
    "jti": f"jwt_[0-7][{CROCKFORD}]{{25}}",
}


def is_claim(value: object, pattern: str | None) -> bool:
    if pattern is None:
        return type(value) is int and 0 <= value <= U32_MAX
    return type(value) is str and re.fullmatch(pattern, value) is not None


def read_claims(payload: bytes, patterns: dict, optional: frozenset[str] = frozenset()) -> dict:
    try:
        claims = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError):
        raise WrongClaims("not JSON") from None
    # A text that is written again as it was has no duplicates, no escapes and no white space.
    if not isinstance(claims, dict):
        raise WrongClaims("not an object")
    if list(claims) != [name for name in patterns if name in claims or name not in optional]:
        raise WrongClaims("names")
    if not all(is_claim(value, patterns[name]) for name, value in claims.items()):
        raise WrongClaims("values")
    if compact_json(claims).encode("ascii") != payload:
        raise WrongClaims("spelling")
    return claims


def read_jwt(signer: JwtSigner, token: str) -> dict:
    if len(token.encode("utf-8")) > JWT_MAX_BYTES:
        raise Malformed("length")
    parts = token.split(".")
    if len(parts) != 3:
        raise Malformed("parts")
    header, payload, signature = (decode_canonical(part) for part in parts)
    known = re.fullmatch(rb'\{"alg":"EdDSA","typ":"at\+jwt","kid":"([A-Za-z0-9_-]{43})"\}', header)
    if known is None or len(signature) != 64:
        raise Malformed("header or signature")
    decode_canonical(known[1].decode("ascii"))
    signed = f"{parts[0]}.{parts[1]}".encode("ascii")
    if known[1].decode("ascii") != signer.kid or not ed25519.verify(signer.public, signed, signature):
        raise Invalid("signature")
    return read_claims(payload, CLAIM_PATTERNS)


def judge_jwt(signer: JwtSigner, token: str) -> str:
    return judge(lambda: read_jwt(signer, token))


def judge(reading: Callable[[], object]) -> str:
    try:
        reading()
    except Malformed:
        return "malformed"
    except Invalid:
        return "invalid"
    except WrongClaims:
        return "claims"
    return "valid"


ISSUER = "https://auth.example.com"
JWT_ID = uuid_v7(1_746_100_800_000, "jwt")
USER = uuid_v7(1_746_100_800_000, "user")
JWT_CLAIMS = {
    "iss": ISSUER,
    "aud": ISSUER,
    "sub": encode_type_id("usr", USER),
    "tenant": 1,
    "scope": "keys:manage usage:read",
    "sid": encode_type_id("ses", SESSION),
    "ver": 0,
    "iat": 1_746_100_800,
    "exp": 1_746_101_700,  # 15 minutes later
    "jti": encode_type_id("jwt", JWT_ID),
}
SIGNER = JwtSigner.of_secret(SECRET)
OTHER_SIGNER = JwtSigner.of_secret(signing_secret_of(1))
JWT = SIGNER.issue(JWT_CLAIMS)
JWT_HEADER, JWT_PAYLOAD, JWT_SIGNATURE = JWT.split(".")
HEADER_JSON = compact_json(SIGNER.header())
CLAIMS_JSON = compact_json(JWT_CLAIMS)


def valid_jwts() -> list[dict]:
    inputs = [("worked-example", 0, {})]
    for slot in range(16):
        session = uuid_v7(1_746_100_800_000 + slot, f"session of slot {slot}")
        inputs.append((f"slot-{slot}", slot, {"sid": encode_type_id("ses", session)}))
    longest = {
        "iss": "~" * 255,
        "aud": "!" * 255,
        "sub": encode_type_id("usr", U128_MAX),
        "tenant": U32_MAX,
        "scope": "a:b " * 511 + "a:bc",
        "sid": encode_type_id("ses", U128_MAX),
        "ver": U32_MAX,
        "iat": U32_MAX,
        "exp": U32_MAX,
        "jti": encode_type_id("jwt", U128_MAX),
    }
    shortest = {
        "iss": "a",
        "aud": "b",
        "sub": encode_type_id("usr", 0),
        "tenant": 0,
        "scope": "",
        "sid": encode_type_id("ses", 0),
        "ver": 0,
        "iat": 0,
        "exp": 0,
        "jti": encode_type_id("jwt", 0),
    }
    inputs += [
        ("claims-longest", 0, longest),
        ("claims-shortest", 0, shortest),
        ("audience-apart", 0, {"aud": "urn:example:console"}),
        ("names-of-all-characters", 0, {"iss": "!#$%&'()*+,-./09:;<=>?@AZ[]^_`az{|}~"}),
        ("names-like-json", 0, {"iss": "{:},", "aud": "exp:1,"}),
        ("scope-star", 0, {"scope": "*"}),
        ("scope-one", 0, {"scope": "keys:manage"}),
        ("version-1", 0, {"ver": 1}),
        ("past-i32-max", 0, {"iat": 2**31, "exp": 2**31 + 900}),
        ("exp-before-iat", 0, {"iat": 2, "exp": 1}),
        # Payloads of each length modulo 3 have 0, 4 and 2 spare bits.
        ("payload-one-byte-longer", 0, {"iss": ISSUER + "/"}),
        ("payload-two-bytes-longer", 0, {"iss": ISSUER + "/a"}),
    ]
    return [valid_jwt(name, slot, {**JWT_CLAIMS, **changes}) for name, slot, changes in inputs]


def valid_jwt(name: str, slot: int, claims: dict) -> dict:
    secret = signing_secret_of(slot)
    signer = JwtSigner.of_secret(secret)
    token = signer.issue(claims)
    require(read_jwt(signer, token) == claims, name)
    return {
        "name": name,
        "signing_secret_hex": secret.hex(),
        "seed_hex": signer.seed.hex(),
        "public_key_hex": signer.public.hex(),
        "kid": signer.kid,
        "jwk": compact_json(signer.jwk()),
        "claims": claims,
        "token": token,
    }


def wrong_parts() -> list[tuple[str, str]]:
    def spare(part: str, bits: int) -> str:
        return part[:-1] + BASE64URL[BASE64URL.index(part[-1]) | bits]

    header, payload, signature = JWT_HEADER, JWT_PAYLOAD, JWT_SIGNATURE
    raw = base64.urlsafe_b64decode(signature + "==")
    long_payload = SIGNER.sign(HEADER_JSON, "a" * 4000)
    require(len(long_payload) > JWT_MAX_BYTES, "too long")
    members = {"payload": payload, "protected": header, "signature": signature}
    spaced_payload = encode_base64url(CLAIMS_JSON.encode() + b" " * ((1 - len(CLAIMS_JSON)) % 3))
    return [
        ("empty", ""),
        ("one-part", header),
        ("two-parts", f"{header}.{payload}"),
        ("four-parts", f"{JWT}.{signature}"),
        ("five-parts-as-jwe", f"{header}.{payload}.{payload}.{payload}.{signature}"),
        ("dot-leading", "." + JWT),
        ("dot-trailing", JWT + "."),
        ("two-dots-between", f"{header}..{payload}.{signature}"),
        ("only-dots", ".."),
        ("eyj-and-dots", "eyJ.." + "A" * 120),
        ("header-empty", f".{payload}.{signature}"),
        ("signature-empty", f"{header}.{payload}."),
        ("signature-63-bytes", f"{header}.{payload}.{encode_base64url(raw[:63])}"),
        ("signature-65-bytes", f"{header}.{payload}.{encode_base64url(raw + bytes(1))}"),
        ("signature-twice", JWT + signature),
        ("header-padded", f"{header}==.{payload}.{signature}"),
        ("header-padded-and-signed", SIGNER.sign_parts(header + "==", payload)),
        ("payload-padded", f"{header}.{payload}=.{signature}"),
        ("payload-padded-and-signed", SIGNER.sign_parts(header, payload + "=")),
        ("signature-padded", JWT + "=="),
        ("header-trailing-bits", SIGNER.sign_parts(spare(header, 1), payload)),
        ("payload-trailing-bits", SIGNER.sign_parts(header, spare(spaced_payload, 1))),
        ("payload-one-character-too-many", SIGNER.sign_parts(header, encode_base64url(b"123") + "A")),
        ("signature-trailing-bits-0001", f"{header}.{payload}.{spare(signature, 1)}"),
        ("signature-trailing-bits-1111", f"{header}.{payload}.{spare(signature, 15)}"),
        ("payload-standard-alphabet", SIGNER.sign_parts(header, payload[:20] + "+" + payload[21:])),
        ("payload-slash", SIGNER.sign_parts(header, payload[:20] + "/" + payload[21:])),
        ("payload-newline", SIGNER.sign_parts(header, payload[:20] + "\n" + payload[21:])),
        ("payload-nul", SIGNER.sign_parts(header, payload[:20] + "\0" + payload[21:])),
        ("payload-non-ascii", SIGNER.sign_parts(header, payload[:20] + "\u00e9" + payload[22:])),
        ("space-leading", " " + JWT),
        ("space-trailing", JWT + " "),
        ("newline-trailing", JWT + "\n"),
        ("space-after-dot", f"{header}. {payload}.{signature}"),
        ("percent-encoded-dot", f"{header}%2E{payload}.{signature}"),
        ("quoted", f'"{JWT}"'),
        ("with-bearer", "Bearer " + JWT),
        ("behind-client-token-prefix", "titan_ct_" + JWT),
        ("json-serialization", compact_json(members)),
        ("longer-than-4096-bytes", long_payload),
        ("api-key", KEY["titan_"]),
    ]


def wrong_headers() -> list[tuple[str, str]]:
    """Each is signed with the right key, so that only its header refuses it; not so other `alg`s."""
    right, kid = SIGNER.header(), SIGNER.kid
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(SIGNER.public)}
    objects = [
        ("typ-jwt", {**right, "typ": "JWT"}),
        ("typ-upper-case", {**right, "typ": "AT+JWT"}),
        ("typ-with-application", {**right, "typ": "application/at+jwt"}),
        ("typ-of-license", {**right, "typ": "license"}),
        ("typ-missing", {"alg": "EdDSA", "kid": kid}),
        ("typ-null", {**right, "typ": None}),
        ("kid-missing", {"alg": "EdDSA", "typ": "at+jwt"}),
        ("kid-empty", {**right, "kid": ""}),
        ("kid-null", {**right, "kid": None}),
        ("kid-number", {**right, "kid": 0}),
        ("kid-slot", {**right, "kid": "0"}),
        ("kid-path", {**right, "kid": "../../../../../../../../../../../dev/null"}),
        ("kid-path-of-43-characters", {**right, "kid": "../../../../../../../../../../../../dev/null"[1:]}),
        ("kid-42-characters", {**right, "kid": kid[:-1]}),
        ("kid-44-characters", {**right, "kid": kid + "A"}),
        ("kid-trailing-bits", {**right, "kid": kid[:-1] + BASE64URL[BASE64URL.index(kid[-1]) | 1]}),
        ("kid-standard-alphabet", {**right, "kid": "+" + kid[1:]}),
        ("alg-missing", {"typ": "at+jwt", "kid": kid}),
        ("alg-lower-case", {**right, "alg": "eddsa"}),
        ("alg-ed25519", {**right, "alg": "Ed25519"}),
        ("alg-es256", {**right, "alg": "ES256"}),
        ("alg-array", {**right, "alg": ["EdDSA"]}),
        ("with-jku", {**right, "jku": "https://evil.example/jwks.json"}),
        ("with-x5u", {**right, "x5u": "https://evil.example/cert.pem"}),
        ("with-jwk", {**right, "jwk": jwk}),
        ("with-x5c", {**right, "x5c": []}),
        ("with-crit", {**right, "crit": ["exp"], "exp": 1}),
        ("with-b64", {**right, "b64": True}),
        ("with-b64-false-and-crit", {**right, "b64": False, "crit": ["b64"]}),
        ("with-cty", {**right, "cty": "JWT"}),
        ("with-zip", {**right, "zip": "DEF"}),
        ("with-enc", {**right, "enc": "A256GCM"}),
        ("with-unknown-member", {**right, "x": 1}),
        ("members-in-another-order", {"typ": "at+jwt", "alg": "EdDSA", "kid": kid}),
    ]
    texts = [
        ("alg-twice", HEADER_JSON.replace('{"alg":"EdDSA"', '{"alg":"none","alg":"EdDSA"')),
        ("alg-twice-the-same", HEADER_JSON.replace('{"alg":"EdDSA"', '{"alg":"EdDSA","alg":"EdDSA"')),
        ("kid-twice", HEADER_JSON.replace('"kid":', f'"kid":"{OTHER_SIGNER.kid}","kid":')),
        ("kid-twice-second-other", HEADER_JSON[:-1] + f',"kid":"{OTHER_SIGNER.kid}"}}'),
        ("escaped-name", HEADER_JSON.replace('"alg"', '"\\u0061lg"')),
        ("escaped-value", HEADER_JSON.replace("at+jwt", "at\\u002bjwt")),
        ("white-space", HEADER_JSON.replace(":", ": ").replace(",", ", ")),
        ("space-leading-in-json", " " + HEADER_JSON),
        ("newline-trailing-in-json", HEADER_JSON + "\n"),
        ("byte-order-mark", "\ufeff" + HEADER_JSON),
        ("comma-trailing", HEADER_JSON[:-1] + ",}"),
        ("something-behind", HEADER_JSON + "{}"),
        ("cut", HEADER_JSON[:-1]),
        ("not-json", "EdDSA"),
        ("null", "null"),
        ("array", f"[{HEADER_JSON}]"),
        ("empty-object", "{}"),
        ("name-in-upper-case", HEADER_JSON.replace("kid", "KID")),
    ]
    texts += [(name, compact_json(header)) for name, header in objects]
    cases = [(f"header-{name}", SIGNER.sign(text, CLAIMS_JSON)) for name, text in texts]
    return cases + wrong_algorithms()


def wrong_algorithms() -> list[tuple[str, str]]:
    """What RFC 8725, section 2.1, warns of: the header says how it wants to be verified."""
    cases = []
    for alg in ("none", "None", "NONE", "nOnE", ""):
        header = encode_base64url(compact_json({**SIGNER.header(), "alg": alg}).encode())
        cases.append((f"alg-{alg or 'empty'}-without-signature", f"{header}.{JWT_PAYLOAD}."))
        cases.append((f"alg-{alg or 'empty'}-with-the-signature", f"{header}.{JWT_PAYLOAD}.{JWT_SIGNATURE}"))
    secrets = {
        "bytes": SIGNER.public,
        "hex": SIGNER.public.hex().encode(),
        "base64url": encode_base64url(SIGNER.public).encode(),
        "jwk": compact_json(SIGNER.jwk()).encode(),
    }
    for alg, digest in (("HS256", "sha256"), ("HS512", "sha512")):
        header = encode_base64url(compact_json({**SIGNER.header(), "alg": alg}).encode())
        for form, secret in secrets.items():
            signed = f"{header}.{JWT_PAYLOAD}"
            mac = encode_base64url(hmac.digest(secret, signed.encode(), digest))
            cases.append((f"alg-{alg}-public-key-as-{form}", f"{signed}.{mac}"))
    return cases


def signature_case(name: str, signature: bytes) -> tuple[str, str]:
    return f"signature-{name}", f"{JWT_HEADER}.{JWT_PAYLOAD}.{encode_base64url(signature)}"


def flipped_signatures(raw: bytes) -> list[tuple[str, str]]:
    bits = [
        ("flipped-first-bit", 0, 0x01),
        ("flipped-sign-of-commitment", 31, 0x80),
        ("flipped-response", 32, 0x01),
        ("flipped-last-bit", 63, 0x80),
    ]
    cases = []
    for name, offset, mask in bits:
        signature = bytearray(raw)
        signature[offset] ^= mask
        cases.append(signature_case(name, bytes(signature)))
    return cases


def wrong_signatures() -> list[tuple[str, str]]:
    signed = f"{JWT_HEADER}.{JWT_PAYLOAD}".encode()
    raw = ed25519.sign(SIGNER.seed, signed)
    commitment, response = raw[:32], int.from_bytes(raw[32:], "little")
    neutral = ed25519.compress(ed25519.NEUTRAL)
    as_secret = hmac.digest(SIGNER.public, signed, "sha512")
    seeds = [
        ("of-another-slot", OTHER_SIGNER.seed),
        ("seed-is-the-signing-secret", SECRET),
        ("seed-is-the-mac-key-of-api-keys", MAC_KEY),
        ("seed-of-another-version", hkdf_sha256(SECRET, b"titan/v2/session-jwt")),
    ]
    messages = [
        ("over-payload-alone", JWT_PAYLOAD.encode()),
        ("over-json", f"{HEADER_JSON}.{CLAIMS_JSON}".encode()),
        ("over-claims", CLAIMS_JSON.encode()),
        ("over-both-and-dot", signed + b"."),
        ("over-sha512", hashlib.sha512(signed).digest()),
        ("over-nothing", b""),
    ]
    return [
        signature_case("zero", bytes(64)),
        signature_case("ones", b"\xff" * 64),
        signature_case("neutral-point-and-zero", neutral + bytes(32)),
        # The same point: a verifier that does not bound it takes two spellings (RFC 8032, 8.4).
        signature_case("response-plus-order", commitment + (response + ed25519.ORDER).to_bytes(32, "little")),
        signature_case("negated", commitment + (ed25519.ORDER - response).to_bytes(32, "little")),
        signature_case("halves-swapped", raw[32:] + raw[:32]),
        signature_case("reversed", raw[::-1]),
        *flipped_signatures(raw),
        signature_case("hmac-with-public-key", as_secret),
        *(signature_case(name, ed25519.sign(seed, signed)) for name, seed in seeds),
        *(signature_case(name, ed25519.sign(SIGNER.seed, message)) for name, message in messages),
        *tampered(),
    ]


def tampered() -> list[tuple[str, str]]:
    changes = {
        "iss": "https://evil.example",
        "aud": "https://evil.example",
        "sub": encode_type_id("usr", USER + 1),
        "tenant": 2,
        "scope": "*",
        "sid": encode_type_id("ses", SESSION + 1),
        "ver": 1,
        "iat": JWT_CLAIMS["iat"] + 1,
        "exp": U32_MAX,
        "jti": encode_type_id("jwt", JWT_ID + 1),
    }
    cases = []
    for name, value in changes.items():
        payload = encode_base64url(compact_json({**JWT_CLAIMS, name: value}).encode())
        cases.append((f"tampered-{name}", f"{JWT_HEADER}.{payload}.{JWT_SIGNATURE}"))
    other_header = encode_base64url(compact_json(OTHER_SIGNER.header()).encode())
    unknown_header = encode_base64url(compact_json({**SIGNER.header(), "kid": "A" * 43}).encode())
    return cases + [
        ("tampered-payload-empty", f"{JWT_HEADER}..{JWT_SIGNATURE}"),
        ("tampered-payload-empty-object", f"{JWT_HEADER}.{encode_base64url(b'{}')}.{JWT_SIGNATURE}"),
        ("kid-of-another-slot-signed-by-this", SIGNER.sign_parts(other_header, JWT_PAYLOAD)),
        ("kid-of-another-slot-with-the-signature", f"{other_header}.{JWT_PAYLOAD}.{JWT_SIGNATURE}"),
        ("kid-of-nobody", SIGNER.sign_parts(unknown_header, JWT_PAYLOAD)),
    ]


def wrong_members(claims: dict, name: str) -> list[tuple[str, str]]:
    rest = {key: value for key, value in claims.items() if key != name}
    return [
        (f"{name}-missing", compact_json(rest)),
        (f"{name}-null", compact_json({**claims, name: None})),
        (f"{name}-array", compact_json({**claims, name: [claims[name]]})),
        (f"{name}-twice", compact_json(claims)[:-1] + f",{compact_json({name: claims[name]})[1:]}"),
    ]


def wrong_numbers(claims: dict, name: str) -> list[tuple[str, str]]:
    numbers = {
        "string": f'"{claims[name]}"',
        "past-u32": str(2**32),
        "past-u64": str(2**64),
        "negative": "-1",
        "minus-zero": "-0",
        "plus": "+1",
        "fraction": "1.0",
        "exponent": "1e3",
        "zero-in-front": "01",
        "two-zeros": "00",
        "empty": "",
        "hex": "0x1",
        "true": "true",
        "non-ascii-digit": "\u0661",
        "space-in-front": " 1",
        "space-behind": "1 ",
    }
    return [(f"{name}-{kind}", with_number(claims, name, text)) for kind, text in numbers.items()]


def with_number(claims: dict, name: str, text: str) -> str:
    return compact_json(claims).replace(f'"{name}":{claims[name]}', f'"{name}":{text}')


def wrong_claims() -> list[tuple[str, str | bytes]]:
    """Payloads, each of which is signed with the right key: our own issuer never writes them."""
    usr, ses, jti = JWT_CLAIMS["sub"], JWT_CLAIMS["sid"], JWT_CLAIMS["jti"]
    cases: list[tuple[str, str | bytes]] = []
    for name in JWT_CLAIMS:
        cases += wrong_members(JWT_CLAIMS, name)
    for name in ("tenant", "ver", "iat", "exp"):
        cases += wrong_numbers(JWT_CLAIMS, name)
    strings = [
        ("iss-empty", "iss", ""),
        ("iss-256-characters", "iss", "a" * 256),
        ("iss-space", "iss", "a b"),
        ("iss-quotation-mark", "iss", 'a"b'),
        ("iss-backslash", "iss", "a\\b"),
        ("iss-newline", "iss", "a\n"),
        ("iss-number", "iss", 1),
        ("aud-empty", "aud", ""),
        ("aud-256-characters", "aud", "a" * 256),
        ("aud-two", "aud", [ISSUER, "https://evil.example"]),
        ("sub-of-a-key", "sub", encode_type_id("key", USER)),
        ("sub-of-a-session", "sub", ses),
        ("sub-upper-case", "sub", usr.upper()),
        ("sub-empty", "sub", ""),
        ("sub-uuid", "sub", "01968bc0-b000-7000-8000-000000000000"),
        ("sub-past-128-bits", "sub", "usr_8" + "0" * 25),
        ("sub-space", "sub", usr + " "),
        ("sid-of-a-user", "sid", usr),
        ("sid-short", "sid", ses[:-1]),
        ("jti-without-type", "jti", jti[4:]),
        ("jti-of-a-session", "jti", ses),
        ("jti-long", "jti", jti + "0"),
        ("scope-space-leading", "scope", " a"),
        ("scope-space-trailing", "scope", "a "),
        ("scope-space", "scope", " "),
        ("scope-two-spaces", "scope", "a  b"),
        ("scope-tab", "scope", "a\tb"),
        ("scope-list", "scope", ["keys:manage"]),
        ("scope-quotation-mark", "scope", '"'),
        ("scope-2049-bytes", "scope", "a" * 2049),
    ]
    cases += [(name, compact_json({**JWT_CLAIMS, claim: value})) for name, claim, value in strings]
    reordered = {name: JWT_CLAIMS[name] for name in reversed(JWT_CLAIMS)}
    cases += [
        ("unknown-client-id", compact_json({**JWT_CLAIMS, "client_id": "a"})),
        ("unknown-nbf", compact_json({**JWT_CLAIMS, "nbf": 0})),
        ("unknown-role-in-front", compact_json({"role": "owner", **JWT_CLAIMS})),
        ("another-order", compact_json(reordered)),
        ("white-space", json.dumps(JWT_CLAIMS)),
        ("white-space-lines", json.dumps(JWT_CLAIMS, indent=2)),
        ("space-leading", " " + CLAIMS_JSON),
        ("space-trailing", CLAIMS_JSON + " "),
        ("newline-trailing", CLAIMS_JSON + "\n"),
        ("nul-trailing", CLAIMS_JSON + "\0"),
        ("something-behind", CLAIMS_JSON + "{}"),
        ("comma-trailing", CLAIMS_JSON[:-1] + ",}"),
        ("cut", CLAIMS_JSON[:-1]),
        ("byte-order-mark", "\ufeff" + CLAIMS_JSON),
        ("escaped-name", CLAIMS_JSON.replace('"iss"', '"\\u0069ss"')),
        ("escaped-value", CLAIMS_JSON.replace("keys:manage", "keys\\u003amanage")),
        ("escaped-slash", CLAIMS_JSON.replace("/", "\\/")),
        ("name-in-upper-case", CLAIMS_JSON.replace('"iss"', '"ISS"')),
        ("non-ascii-in-iss", CLAIMS_JSON.replace("auth", "\u00e4uth")),
        ("not-utf-8", CLAIMS_JSON.encode().replace(b"auth", b"\xffuth")),
        ("utf-16", CLAIMS_JSON.encode("utf-16-le")),
        ("array-of-claims", f"[{CLAIMS_JSON}]"),
        ("claims-in-claims", compact_json({"claims": JWT_CLAIMS})),
        ("null", "null"),
        ("empty-object", "{}"),
        ("empty", ""),
        ("text", compact_json("iss")),
        ("another-jwt", JWT),
        ("deep", "[" * 1000),
        ("as-long-as-may-be", "a" * ((JWT_MAX_BYTES - 198) * 3 // 4)),
    ]
    return cases


def invalid_jwts() -> list[dict]:
    cases = [(name, token, "malformed") for name, token in wrong_parts() + wrong_headers()]
    cases += [(name, token, "invalid") for name, token in wrong_signatures()]
    for name, payload in wrong_claims():
        cases.append((f"claims-{name}", SIGNER.sign(HEADER_JSON, payload), "claims"))
    for name, token, reason in cases:
        require(judge_jwt(SIGNER, token) == reason, name)
    vectors = [
        {"name": name, "signing_secret_hex": SECRET.hex(), "token": token, "reason": reason}
        for name, token, reason in cases
    ]
    # A right JWT beside the secret of another slot.
    other = signing_secret_of(1)
    require(judge_jwt(OTHER_SIGNER, JWT) == "invalid", "secret of slot 1")
    return vectors + [
        {"name": "secret-of-slot-1", "signing_secret_hex": other.hex(), "token": JWT, "reason": "invalid"}
    ]


def session_jwt_vectors() -> dict:
    return check_names_and_tokens(
        {
            "description": (
                "Session JWTs; docs/token-format.md defines them. "
                "Verify with the key that is derived from the signing secret of the vector. "
                "A token under 'valid' verifies, has the claims beside it, and issuing from them "
                "gives the same text; whether it has expired is no question here. "
                "A token under 'invalid' is refused: 'malformed' means that it does not have the shape, "
                "'invalid' that the signature does not hold under the key that it names, "
                "'claims' that the signature holds and the claims are not such as an issuer writes. "
                "The secrets are test values."
            ),
            "valid": valid_jwts(),
            "invalid": invalid_jwts(),
        }
    )


# --- client-token.json ----------------------------------------------------------------------


@dataclass(frozen=True)
class ClientSigner(CompactSigner):
    """The MAC key of a slot."""

    slot: int
    mac_key: bytes
    prefix = CLIENT_PREFIX

    @staticmethod
    def of_secret(signing_secret: bytes, slot: int) -> "ClientSigner":
        return ClientSigner(slot, hkdf_sha256(signing_secret, CLIENT_LABEL))

    def header(self) -> dict:
        return {"alg": "HS256", "typ": "titan-client+jwt", "kid": f"{self.slot:x}"}

    def signature(self, signed: bytes) -> bytes:
        return hmac.digest(self.mac_key, signed, "sha256")


PERSON = NAME + "{1,128}"
CLIENT_PATTERNS = {
    "iss": NAME + "{1,255}",
    "aud": NAME + "{1,255}",
    "tenant": None,
    "session": "[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}",
    "sub": PERSON,
    "chat": PERSON,
    "parent": f"key_[0-7][{CROCKFORD}]{{25}}",
    "iat": None,
    "exp": None,
    "jti": f"ct_[0-7][{CROCKFORD}]{{25}}",
}


def read_client_token(signing_secret: bytes, token: str) -> tuple[int, dict]:
    """The slot and the claims. The secret is that of every slot."""
    if not token.startswith(CLIENT_PREFIX):
        raise Malformed("prefix")
    text = token[len(CLIENT_PREFIX) :]
    if len(text.encode("utf-8")) > JWT_MAX_BYTES:
        raise Malformed("length")
    parts = text.split(".")
    if len(parts) != 3:
        raise Malformed("parts")
    header, payload, mac = (decode_canonical(part) for part in parts)
    known = re.fullmatch(rb'\{"alg":"HS256","typ":"titan-client\+jwt","kid":"([0-9a-f])"\}', header)
    if known is None or len(mac) != MAC_BYTES:
        raise Malformed("header or MAC")
    signed = f"{parts[0]}.{parts[1]}".encode("ascii")
    mac_key = hkdf_sha256(signing_secret, CLIENT_LABEL)
    if not hmac.compare_digest(mac, hmac.digest(mac_key, signed, "sha256")):
        raise Invalid("mac")
    return int(known[1], 16), read_claims(payload, CLIENT_PATTERNS, frozenset({"chat"}))


def judge_client_token(signing_secret: bytes, token: str) -> str:
    return judge(lambda: read_client_token(signing_secret, token))


PARENT = EXAMPLE.id
CLIENT_ID = uuid_v7(1_746_100_800_000, "client token")
CLIENT_CLAIMS = {
    "iss": ISSUER,
    "aud": ISSUER,
    "tenant": 1,
    "session": "support",
    "sub": "visitor-4711",
    "chat": "15550100@c.us",
    "parent": encode_type_id("key", PARENT),
    "iat": 1_746_100_800,
    "exp": 1_746_101_700,  # 15 minutes later
    "jti": encode_type_id("ct", CLIENT_ID),
}
CLIENT_SIGNER = ClientSigner.of_secret(SECRET, EXAMPLE.slot)
CLIENT_TOKEN = CLIENT_SIGNER.issue(CLIENT_CLAIMS)
CLIENT_HEADER, CLIENT_PAYLOAD, CLIENT_MAC = CLIENT_TOKEN[len(CLIENT_PREFIX) :].split(".")
CLIENT_HEADER_JSON = compact_json(CLIENT_SIGNER.header())
CLIENT_JSON = compact_json(CLIENT_CLAIMS)
# All that a name may have: 92 characters.
PLAIN_CHARACTERS = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"\\')


def without(claims: dict, name: str) -> dict:
    return {key: value for key, value in claims.items() if key != name}


def valid_client_claims() -> list[tuple[str, int, dict]]:
    def changed(**changes: object) -> dict:
        return {**CLIENT_CLAIMS, **changes}

    inputs = [
        ("worked-example", 0, CLIENT_CLAIMS),
        ("without-chat", 0, without(CLIENT_CLAIMS, "chat")),
    ]
    for slot in range(16):
        parent = encode_type_id("key", uuid_v7(1_746_100_800_000 + slot, f"slot {slot}"))
        token_id = encode_type_id("ct", uuid_v7(1_746_100_800_000 + slot, f"client token of slot {slot}"))
        claims = changed(parent=parent, jti=token_id)
        inputs.append((f"slot-{slot}", slot, without(claims, "chat") if slot % 2 else claims))
    longest = {
        "iss": "~" * 255,
        "aud": "!" * 255,
        "tenant": U32_MAX,
        "session": "Z" * 64,
        "sub": "#" * 128,
        "chat": "~" * 128,
        "parent": encode_type_id("key", U128_MAX),
        "iat": U32_MAX - 3600,
        "exp": U32_MAX,
        "jti": encode_type_id("ct", U128_MAX),
    }
    shortest = {
        "iss": "a",
        "aud": "b",
        "tenant": 0,
        "session": "0",
        "sub": "!",
        "chat": "~",
        "parent": encode_type_id("key", 0),
        "iat": 0,
        "exp": 60,
        "jti": encode_type_id("ct", 0),
    }
    counting = int.from_bytes(bytes(range(1, 17)), "big")
    inputs += [
        ("claims-longest", 15, longest),
        ("claims-longest-without-chat", 15, without(longest, "chat")),
        ("claims-shortest", 0, shortest),
        ("claims-shortest-without-chat", 0, without(shortest, "chat")),
        ("audience-apart", 0, changed(aud="urn:example:widget")),
        ("issuer-255-characters", 0, changed(iss="https://" + "a" * 247)),
        ("audience-255-characters", 0, changed(aud="https://" + "a" * 247)),
        ("issuer-of-all-characters", 0, changed(iss=PLAIN_CHARACTERS)),
        ("audience-of-all-characters", 0, changed(aud=PLAIN_CHARACTERS[::-1])),
        ("tenant-0", 0, changed(tenant=0)),
        ("tenant-10", 0, changed(tenant=10)),
        ("tenant-past-i32-max", 0, changed(tenant=2**31)),
        ("tenant-max", 0, changed(tenant=U32_MAX)),
        ("session-1-letter", 0, changed(session="a")),
        ("session-1-capital-letter", 0, changed(session="Z")),
        ("session-1-digit", 0, changed(session="9")),
        ("session-63-characters", 0, changed(session="a" * 63)),
        ("session-64-characters", 0, changed(session="a" * 64)),
        ("session-64-characters-of-all-kinds", 0, changed(session="0" + "aZ9._-" * 10 + "z.A")),
        ("session-punctuation-at-the-end", 0, changed(session="a._-")),
        ("session-only-dots-behind", 0, changed(session="a..")),
        ("session-digits", 0, changed(session="0123456789")),
        ("session-default", 0, changed(session="default")),
        ("sub-1-character", 0, changed(sub="a")),
        ("sub-127-characters", 0, changed(sub="a" * 127)),
        ("sub-128-characters", 0, changed(sub="a" * 128)),
        ("sub-of-all-characters", 0, changed(sub=PLAIN_CHARACTERS)),
        ("sub-of-all-characters-reversed", 0, changed(sub=PLAIN_CHARACTERS[::-1])),
        ("chat-1-character", 0, changed(chat="a")),
        ("chat-127-characters", 0, changed(chat="a" * 127)),
        ("chat-128-characters", 0, changed(chat="a" * 128)),
        ("chat-of-all-characters", 0, changed(chat=PLAIN_CHARACTERS)),
        ("chat-of-all-characters-reversed", 0, changed(chat=PLAIN_CHARACTERS[::-1])),
        ("chat-same-as-sub", 0, changed(chat=CLIENT_CLAIMS["sub"])),
        ("names-like-json", 0, changed(iss="{:},", aud="exp:1,", sub="chat:{},", chat="},{parent:")),
        ("names-like-literals", 0, changed(session="true", sub="null", chat="0")),
        ("names-like-members", 0, changed(session="chat", sub="parent", chat="jti")),
        ("names-like-a-prefix", 0, changed(sub="titan_ct_", chat="eyJ..")),
        ("names-with-slashes", 0, changed(sub="a/b", chat="//")),
        ("parent-min", 0, changed(parent=encode_type_id("key", 0))),
        ("parent-1", 0, changed(parent=encode_type_id("key", 1))),
        ("parent-max", 0, changed(parent=encode_type_id("key", U128_MAX))),
        ("parent-first-bit", 0, changed(parent=encode_type_id("key", 1 << 127))),
        ("parent-byte-order", 0, changed(parent=encode_type_id("key", counting))),
        ("jti-min", 0, changed(jti=encode_type_id("ct", 0))),
        ("jti-1", 0, changed(jti=encode_type_id("ct", 1))),
        ("jti-max", 0, changed(jti=encode_type_id("ct", U128_MAX))),
        ("jti-first-bit", 0, changed(jti=encode_type_id("ct", 1 << 127))),
        ("jti-byte-order", 0, changed(jti=encode_type_id("ct", counting))),
        ("jti-same-bits-as-parent", 0, changed(jti=encode_type_id("ct", PARENT))),
        ("times-first", 0, changed(iat=0, exp=60)),
        ("times-last", 0, changed(iat=U32_MAX - 60, exp=U32_MAX)),
        ("times-across-i32-max", 0, changed(iat=2**31 - 1, exp=2**31 + 59)),
        ("times-an-hour", 0, changed(exp=CLIENT_CLAIMS["iat"] + 3600)),
    ]
    # Payloads of each length modulo 3 have 0, 4 and 2 spare bits.
    for more in range(3):
        claims = changed(sub="visitor" + "+" * more)
        inputs.append((f"payload-length-{len(compact_json(claims)) % 3}-modulo-3", 0, claims))
    return inputs


def valid_client_tokens() -> list[dict]:
    vectors = []
    for name, slot, claims in valid_client_claims():
        secret = signing_secret_of(slot)
        signer = ClientSigner.of_secret(secret, slot)
        token = signer.issue(claims)
        require(read_client_token(secret, token) == (slot, claims), name)
        vectors.append(
            {
                "name": name,
                "signing_secret_hex": secret.hex(),
                "mac_key_hex": signer.mac_key.hex(),
                "slot": slot,
                "claims": claims,
                "token": token,
            }
        )
    return vectors


def client_token(header: str, payload: str, mac: str) -> str:
    return f"{CLIENT_PREFIX}{header}.{payload}.{mac}"


def wrong_client_prefixes() -> list[tuple[str, str]]:
    jwt = CLIENT_TOKEN[len(CLIENT_PREFIX) :]
    prefixes = [
        ("missing", ""),
        ("upper-case", "TITAN_CT_"),
        ("capitalised", "Titan_ct_"),
        ("of-keys", "titan_"),
        ("of-refresh-tokens", REFRESH_PREFIX),
        ("of-invitations", "titan_inv_"),
        ("of-platform-keys", "titan_sk_live_"),
        ("of-another-product", "acme_ct_"),
        ("of-opaque-keys", "whm_"),
        ("without-last-underscore", "titan_ct"),
        ("hyphens", "titan-ct-"),
        ("doubled-underscore", "titan_ct__"),
        ("twice", CLIENT_PREFIX + CLIENT_PREFIX),
        ("with-space", "titan_ct_ "),
        ("cyrillic-letter", "t\u0456tan_ct_"),
        ("non-ascii-across-its-end", "titan_ct\u00e9"),
    ]
    return [(f"prefix-{name}", prefix + jwt) for name, prefix in prefixes] + [
        ("prefix-missing-and-first-character", jwt[1:]),
        ("prefix-and-first-character-missing", CLIENT_PREFIX + jwt[1:]),
    ]


def claims_of_length(remainder: int) -> dict:
    """Right claims whose JSON has this length modulo 3."""
    found = ({**CLIENT_CLAIMS, "sub": "a" * count} for count in range(1, 4))
    return next(claims for claims in found if len(compact_json(claims)) % 3 == remainder)


def wrong_client_encodings() -> list[tuple[str, str]]:
    """Where the MAC can be right it is, so that only the spelling refuses it."""

    def spare(part: str, bits: int) -> str:
        return part[:-1] + BASE64URL[BASE64URL.index(part[-1]) | bits]

    header, payload, mac = CLIENT_HEADER, CLIENT_PAYLOAD, CLIENT_MAC
    sign_parts = CLIENT_SIGNER.sign_parts
    one_left, two_left = (encode_base64url(compact_json(claims_of_length(n)).encode()) for n in (1, 2))
    cases = [
        ("header-padded", client_token(header + "=", payload, mac)),
        ("header-padded-under-mac", sign_parts(header + "=", payload)),
        ("payload-padded", client_token(header, payload + "=", mac)),
        ("payload-padded-under-mac", sign_parts(header, two_left + "=")),
        ("payload-padded-twice-under-mac", sign_parts(header, one_left + "==")),
        ("mac-padded", CLIENT_TOKEN + "="),
        ("mac-padded-percent-encoded", CLIENT_TOKEN + "%3D"),
        ("payload-one-character-more", sign_parts(header, encode_base64url(b"123") + "A")),
        ("payload-one-character", sign_parts(header, "A")),
    ]
    require(len(CLIENT_HEADER_JSON) % 3 == 2, "the header has two spare bits")
    for bits in range(1, 4):
        cases.append((f"header-trailing-bits-{bits:02b}", sign_parts(spare(header, bits), payload)))
        cases.append((f"payload-trailing-bits-{bits:02b}", sign_parts(header, spare(two_left, bits))))
        cases.append((f"mac-trailing-bits-{bits:02b}", client_token(header, payload, spare(mac, bits))))
    for bits in (1, 2, 4, 8, 15):
        cases.append((f"payload-trailing-bits-{bits:04b}", sign_parts(header, spare(one_left, bits))))
    characters = {
        "plus": "+",
        "slash": "/",
        "equals": "=",
        "space": " ",
        "tab": "\t",
        "newline": "\n",
        "nul": "\0",
        "comma": ",",
        "tilde": "~",
        "delete": "\x7f",
        "non-ascii": "\u00e9",
        "full-width-letter": "\uff21",
        "outside-basic-plane": "\U0001d400",
    }
    for name, character in characters.items():
        width = len(character.encode("utf-8"))  # as many bytes as before
        in_header = header[:20] + character + header[20 + width :]
        in_payload = payload[:20] + character + payload[20 + width :]
        in_mac = mac[:20] + character + mac[20 + width :]
        cases += [
            (f"header-{name}", sign_parts(in_header, payload)),
            (f"payload-{name}", sign_parts(header, in_payload)),
            (f"mac-{name}", client_token(header, payload, in_mac)),
        ]
    return cases + standard_alphabet_client_tokens()


def standard_alphabet_client_tokens() -> list[tuple[str, str]]:
    """A decoder that knows both alphabets would find these valid."""
    for number in range(1, 1000):
        claims = {**CLIENT_CLAIMS, "sub": f"{number}~~~>>>???"}
        header, payload, mac = CLIENT_SIGNER.issue(claims)[len(CLIENT_PREFIX) :].split(".")
        if all(character in part for character in "-_" for part in (payload, mac)):
            break
    else:
        raise SystemExit("generate.py: no client token with both characters")
    plus, slash = payload.replace("-", "+"), payload.replace("_", "/")
    return [
        ("standard-alphabet-payload-plus", CLIENT_SIGNER.sign_parts(header, plus)),
        ("standard-alphabet-payload-slash", CLIENT_SIGNER.sign_parts(header, slash)),
        ("standard-alphabet-payload-not-under-mac", client_token(header, plus.replace("_", "/"), mac)),
        ("standard-alphabet-mac-plus", client_token(header, payload, mac.replace("-", "+"))),
        ("standard-alphabet-mac-slash", client_token(header, payload, mac.replace("_", "/"))),
    ]


def padded_client_payload(length: int) -> str:
    """A token with so many bytes behind the prefix whose MAC is right; its payload is not JSON."""
    characters = length - len(f"{CLIENT_HEADER}..{CLIENT_MAC}")
    require(characters % 4 != 1, "length of base64url")
    token = CLIENT_SIGNER.sign_parts(CLIENT_HEADER, encode_base64url(b"a" * (characters * 3 // 4)))
    require(len(token) == len(CLIENT_PREFIX) + length, "length of a client token")
    return token


def wrong_client_parts() -> list[tuple[str, str]]:
    header, payload, mac = CLIENT_HEADER, CLIENT_PAYLOAD, CLIENT_MAC
    raw = decode_canonical(mac)
    signed = f"{header}.{payload}".encode("ascii")
    mac_512 = hmac.digest(CLIENT_SIGNER.mac_key, signed, "sha512")
    members = {"payload": payload, "protected": header, "signature": mac}
    macs = [
        ("empty", b""),
        ("1-byte", raw[:1]),
        ("16-bytes", raw[:16]),
        ("31-bytes", raw[:31]),
        ("33-bytes", raw + bytes(1)),
        ("33-bytes-zero-in-front", bytes(1) + raw),
        ("64-bytes-twice-the-mac", raw + raw),
        ("64-bytes-hmac-sha512", mac_512),
        ("64-bytes-ed25519", ed25519.sign(SIGNER.seed, signed)),
    ]
    return [
        ("empty", ""),
        ("only-prefix", CLIENT_PREFIX),
        ("one-part", CLIENT_PREFIX + header),
        ("two-parts", f"{CLIENT_PREFIX}{header}.{payload}"),
        ("two-parts-header-and-mac", f"{CLIENT_PREFIX}{header}.{mac}"),
        ("four-parts", f"{CLIENT_TOKEN}.{mac}"),
        ("five-parts-as-jwe", f"{CLIENT_PREFIX}{header}.{payload}.{payload}.{payload}.{mac}"),
        ("dot-leading", f"{CLIENT_PREFIX}.{header}.{payload}.{mac}"),
        ("dot-trailing", CLIENT_TOKEN + "."),
        ("two-dots-between", f"{CLIENT_PREFIX}{header}..{payload}.{mac}"),
        ("only-dots", CLIENT_PREFIX + ".."),
        ("header-empty", client_token("", payload, mac)),
        ("header-empty-under-mac", CLIENT_SIGNER.sign_parts("", payload)),
        ("header-twice", client_token(header + header, payload, mac)),
        ("parts-swapped", client_token(payload, header, mac)),
        ("mac-one-character-short", CLIENT_TOKEN[:-1]),
        ("mac-one-character-long", CLIENT_TOKEN + "B"),
        ("mac-in-hex", client_token(header, payload, raw.hex())),
        *((f"mac-of-{name}", client_token(header, payload, encode_base64url(value))) for name, value in macs),
        ("space-leading", " " + CLIENT_TOKEN),
        ("space-trailing", CLIENT_TOKEN + " "),
        ("space-behind-dot", client_token(header, " " + payload, mac)),
        ("tab-trailing", CLIENT_TOKEN + "\t"),
        ("newline-leading", "\n" + CLIENT_TOKEN),
        ("newline-trailing", CLIENT_TOKEN + "\n"),
        ("carriage-return-newline-trailing", CLIENT_TOKEN + "\r\n"),
        ("newline-replaces-last", CLIENT_TOKEN[:-1] + "\n"),
        ("nul-leading", "\0" + CLIENT_TOKEN),
        ("nul-trailing", CLIENT_TOKEN + "\0"),
        ("no-break-space-trailing", CLIENT_TOKEN + "\u00a0"),
        ("byte-order-mark-leading", "\ufeff" + CLIENT_TOKEN),
        ("percent-encoded-dot", f"{CLIENT_PREFIX}{header}%2E{payload}.{mac}"),
        ("quoted", f'"{CLIENT_TOKEN}"'),
        ("with-bearer", "Bearer " + CLIENT_TOKEN),
        ("two-with-comma", f"{CLIENT_TOKEN},{CLIENT_TOKEN}"),
        ("upper-case", CLIENT_PREFIX + CLIENT_TOKEN[len(CLIENT_PREFIX) :].upper()),
        ("case-swapped", CLIENT_PREFIX + CLIENT_TOKEN[len(CLIENT_PREFIX) :].swapcase()),
        ("json-serialization", CLIENT_PREFIX + compact_json(members)),
        ("not-in-base64url", f"{CLIENT_PREFIX}{CLIENT_HEADER_JSON}.{CLIENT_JSON}.{mac}"),
        ("longer-than-4096-bytes", padded_client_payload(JWT_MAX_BYTES + 2)),
        ("much-longer-than-4096-bytes", padded_client_payload(3 * JWT_MAX_BYTES)),
        ("only-mac-longer-than-4096-bytes", client_token(header, payload, "A" * JWT_MAX_BYTES)),
        ("session-jwt", JWT),
        ("session-jwt-behind-prefix", CLIENT_PREFIX + JWT),
        ("api-key", KEY["titan_"]),
        ("api-key-behind-prefix", CLIENT_PREFIX + PAYLOAD),
        ("refresh-token", issue_refresh(SECRET, REFRESH)),
        ("legacy-digits-behind-prefix", CLIENT_PREFIX + fixed_bytes("legacy 1").hex()),
    ]


def wrong_client_headers() -> list[tuple[str, str]]:
    """The MAC of each is right, so that only its header refuses it; not so other `alg`s."""
    right, text = CLIENT_SIGNER.header(), CLIENT_HEADER_JSON
    kids = [
        ("empty", ""),
        ("null", None),
        ("number", 0),
        ("array", ["0"]),
        ("true", True),
        ("two-digits", "00"),
        ("two-digits-of-slot-1", "01"),
        ("ten-in-decimal", "10"),
        ("hex-sign", "0x0"),
        ("upper-case-a", "A"),
        ("upper-case-f", "F"),
        ("letter-g", "g"),
        ("letter-o", "o"),
        ("minus", "-"),
        ("minus-one", "-1"),
        ("slash", "/"),  # the character in front of 0
        ("colon", ":"),  # the character behind 9
        ("grave-accent", "`"),  # the character in front of a
        ("at", "@"),  # the character in front of A
        ("space", " "),
        ("space-in-front", " 0"),
        ("space-behind", "0 "),
        ("arabic-indic-digit", "\u0660"),
        ("full-width-digit", "\uff10"),
        ("thumbprint", SIGNER.kid),
        ("path", "../../dev/null"),
    ]
    objects = [(f"kid-{name}", {**right, "kid": kid}) for name, kid in kids]
    objects += [
        ("kid-missing", without(right, "kid")),
        ("alg-missing", without(right, "alg")),
        ("typ-missing", without(right, "typ")),
        ("typ-jwt", {**right, "typ": "JWT"}),
        ("typ-of-session-jwts", {**right, "typ": "at+jwt"}),
        ("typ-of-identity-tokens", {**right, "typ": "titan-identity+jwt"}),
        ("typ-upper-case", {**right, "typ": "TITAN-CLIENT+JWT"}),
        ("typ-with-application", {**right, "typ": "application/titan-client+jwt"}),
        ("typ-without-jwt", {**right, "typ": "titan-client"}),
        ("typ-with-space", {**right, "typ": "titan-client jwt"}),
        ("typ-empty", {**right, "typ": ""}),
        ("typ-null", {**right, "typ": None}),
        ("alg-null", {**right, "alg": None}),
        ("alg-array", {**right, "alg": ["HS256"]}),
        ("alg-lower-case", {**right, "alg": "hs256"}),
        ("alg-hs384", {**right, "alg": "HS384"}),
        ("alg-hs512", {**right, "alg": "HS512"}),
        ("alg-rs256", {**right, "alg": "RS256"}),
        ("alg-es256", {**right, "alg": "ES256"}),
        ("alg-eddsa", {**right, "alg": "EdDSA"}),
        ("alg-none", {**right, "alg": "none"}),
        ("alg-of-rfc-9864", {**right, "alg": "Ed25519"}),
        ("with-jku", {**right, "jku": "https://evil.example/jwks.json"}),
        ("with-x5u", {**right, "x5u": "https://evil.example/cert.pem"}),
        ("with-jwk", {**right, "jwk": {"kty": "oct", "k": encode_base64url(CLIENT_SIGNER.mac_key)}}),
        ("with-x5c", {**right, "x5c": []}),
        ("with-crit", {**right, "crit": ["exp"], "exp": 1}),
        ("with-b64", {**right, "b64": True}),
        ("with-b64-false-and-crit", {**right, "b64": False, "crit": ["b64"]}),
        ("with-cty", {**right, "cty": "JWT"}),
        ("with-zip", {**right, "zip": "DEF"}),
        ("with-enc", {**right, "enc": "A256GCM"}),
        ("with-unknown-member", {**right, "x": 1}),
        ("with-unknown-member-in-front", {"x": 1, **right}),
        ("order-typ-alg-kid", {name: right[name] for name in ("typ", "alg", "kid")}),
        ("order-alg-kid-typ", {name: right[name] for name in ("alg", "kid", "typ")}),
        ("order-kid-typ-alg", {name: right[name] for name in ("kid", "typ", "alg")}),
        ("of-session-jwts", SIGNER.header()),
    ]
    texts = [
        ("alg-twice", text.replace('{"alg":"HS256"', '{"alg":"none","alg":"HS256"')),
        ("alg-twice-the-same", text.replace('{"alg":"HS256"', '{"alg":"HS256","alg":"HS256"')),
        ("typ-twice", text.replace('"typ":', '"typ":"JWT","typ":')),
        ("kid-twice", text.replace('"kid":', '"kid":"1","kid":')),
        ("kid-twice-second-other", text[:-1] + ',"kid":"1"}'),
        ("kid-twice-the-same", text[:-1] + ',"kid":"0"}'),
        ("kid-not-quoted", text.replace('"0"', "a")),
        ("kid-escaped", text.replace('"0"', '"\\u0030"')),
        ("escaped-name", text.replace('"alg"', '"\\u0061lg"')),
        ("escaped-value", text.replace("titan-client+jwt", "titan-client\\u002bjwt")),
        ("name-in-upper-case", text.replace("kid", "KID")),
        ("single-quotes", text.replace('"', "'")),
        ("white-space", json.dumps(right)),
        ("white-space-lines", json.dumps(right, indent=2)),
        ("space-leading-in-json", " " + text),
        ("space-trailing-in-json", text + " "),
        ("newline-trailing-in-json", text + "\n"),
        ("nul-trailing-in-json", text + "\0"),
        ("byte-order-mark", "\ufeff" + text),
        ("comma-trailing", text[:-1] + ",}"),
        ("something-behind", text + "{}"),
        ("cut", text[:-1]),
        ("not-json", "HS256"),
        ("null", "null"),
        ("array", f"[{text}]"),
        ("empty-object", "{}"),
    ]
    texts += [(name, compact_json(header)) for name, header in objects]
    # `compact_json` writes what is not ASCII as an escape; here it is as UTF-8.
    texts.append(("kid-full-width-digit-in-utf-8", text.replace('"0"', '"\uff10"')))
    cases = [(f"header-{name}", CLIENT_SIGNER.sign(header, CLIENT_JSON)) for name, header in texts]
    return cases + wrong_client_algorithms()


def wrong_client_algorithms() -> list[tuple[str, str]]:
    """What RFC 8725, section 2.1, warns of: the header says how it wants to be verified."""

    def header_of(alg: str) -> str:
        return encode_base64url(compact_json({**CLIENT_SIGNER.header(), "alg": alg}).encode())

    cases = []
    for alg in ("none", "None", "NONE", "nOnE", ""):
        header = header_of(alg)
        cases.append((f"alg-{alg or 'empty'}-without-mac", client_token(header, CLIENT_PAYLOAD, "")))
        cases.append((f"alg-{alg or 'empty'}-with-the-mac", client_token(header, CLIENT_PAYLOAD, CLIENT_MAC)))
    for alg, digest in (("HS384", "sha384"), ("HS512", "sha512")):
        header = header_of(alg)
        mac = hmac.digest(CLIENT_SIGNER.mac_key, f"{header}.{CLIENT_PAYLOAD}".encode(), digest)
        cases.append((f"alg-{alg}-with-its-mac", client_token(header, CLIENT_PAYLOAD, encode_base64url(mac))))
        shortened = encode_base64url(mac[:MAC_BYTES])
        cases.append((f"alg-{alg}-with-its-mac-shortened", client_token(header, CLIENT_PAYLOAD, shortened)))
    header = header_of("EdDSA")
    for name, seed in (("session-jwts", SIGNER.seed), ("this-kind", CLIENT_SIGNER.mac_key)):
        signature = encode_base64url(ed25519.sign(seed, f"{header}.{CLIENT_PAYLOAD}".encode()))
        cases.append((f"alg-EdDSA-with-key-of-{name}", client_token(header, CLIENT_PAYLOAD, signature)))
    name = "session-jwt-with-these-claims-behind-prefix"
    return [*cases, (name, CLIENT_PREFIX + SIGNER.sign(HEADER_JSON, CLIENT_JSON))]


def wrong_client_macs() -> list[tuple[str, str]]:
    signed = f"{CLIENT_HEADER}.{CLIENT_PAYLOAD}".encode("ascii")
    key, mac = CLIENT_SIGNER.mac_key, decode_canonical(CLIENT_MAC)
    other_slot = signing_secret_of(1)
    keys = [
        ("of-slot-1", hkdf_sha256(other_slot, CLIENT_LABEL)),
        ("of-slot-15", hkdf_sha256(signing_secret_of(15), CLIENT_LABEL)),
        ("label-of-api-keys", MAC_KEY),
        ("label-of-refresh-tokens", hkdf_sha256(SECRET, REFRESH_LABEL)),
        ("label-of-session-jwts", SIGNER.seed),
        ("label-of-identity-tokens", hkdf_sha256(SECRET, b"titan/v1/identity-jwt")),
        ("label-of-another-version", hkdf_sha256(SECRET, b"titan/v2/client-token")),
        ("label-upper-case", hkdf_sha256(SECRET, b"TITAN/V1/CLIENT-TOKEN")),
        ("label-with-terminator", hkdf_sha256(SECRET, CLIENT_LABEL + b"\0")),
        ("label-empty", hkdf_sha256(SECRET, b"")),
        ("label-with-slot", hkdf_sha256(SECRET, CLIENT_LABEL + b"/0")),
        ("64-bytes-derived", hkdf_sha256(SECRET, CLIENT_LABEL, 64)),
        ("first-16-bytes", key[:16]),
        ("in-hex", key.hex().encode()),
        ("in-base64url", encode_base64url(key).encode()),
        ("signing-secret-used-directly", SECRET),
        ("empty", b""),  # the same as zeros
        ("secret", b"secret"),
        # Everyone may know these.
        ("public-key-of-session-jwts", SIGNER.public),
        ("public-key-of-session-jwts-in-base64url", encode_base64url(SIGNER.public).encode()),
        ("thumbprint-of-session-jwts", SIGNER.kid.encode()),
    ]
    messages = [
        ("with-prefix", CLIENT_PREFIX.encode() + signed),
        ("with-titan", b"titan_" + signed),
        ("payload-alone", CLIENT_PAYLOAD.encode()),
        ("header-alone", CLIENT_HEADER.encode()),
        ("without-dot", signed.replace(b".", b"")),
        ("with-dot-behind", signed + b"."),
        ("with-newline-behind", signed + b"\n"),
        ("json", f"{CLIENT_HEADER_JSON}.{CLIENT_JSON}".encode()),
        ("claims-in-json", CLIENT_JSON.encode()),
        ("its-sha256", hashlib.sha256(signed).digest()),
        ("nothing", b""),
    ]
    other_payload = encode_base64url(compact_json({**CLIENT_CLAIMS, "sub": "visitor-4712"}).encode())
    macs = [
        ("zero", bytes(MAC_BYTES)),
        ("ones", b"\xff" * MAC_BYTES),
        ("first-16-bytes-then-zeros", mac[:16] + bytes(16)),
        ("first-31-bytes-then-wrong", mac[:31] + bytes([mac[31] ^ 0xFF])),
        ("bytes-reversed", mac[::-1]),
        ("inverted", bytes(byte ^ 0xFF for byte in mac)),
        ("of-another-payload", CLIENT_SIGNER.signature(f"{CLIENT_HEADER}.{other_payload}".encode())),
        ("plain-sha256", hashlib.sha256(signed).digest()),
        ("sha256-of-key-and-message", hashlib.sha256(key + signed).digest()),
        ("sha256-of-message-and-key", hashlib.sha256(signed + key).digest()),
        ("hmac-sha512-shortened", hmac.digest(key, signed, "sha512")[:MAC_BYTES]),
        ("hmac-sha384-shortened", hmac.digest(key, signed, "sha384")[:MAC_BYTES]),
        ("hmac-sha3", hmac.digest(key, signed, "sha3_256")),
        ("key-and-message-swapped", hmac.digest(signed, key, "sha256")),
        ("twice", hmac.digest(key, mac, "sha256")),
        ("of-the-api-key-of-the-parent", compute_mac(MAC_KEY, "titan_", BODY)),
    ]
    macs += [(f"key-{name}", hmac.digest(other, signed, "sha256")) for name, other in keys]
    macs += [(f"over-{name}", hmac.digest(key, message, "sha256")) for name, message in messages]
    for at in range(MAC_BYTES):
        flipped = bytearray(mac)
        flipped[at] ^= 1 << at % 8
        macs.append((f"byte-{at}-changed", bytes(flipped)))
    return [
        (f"mac-{name}", client_token(CLIENT_HEADER, CLIENT_PAYLOAD, encode_base64url(value)))
        for name, value in macs
    ]


def tampered_client_tokens() -> list[tuple[str, str]]:
    changes = {
        "iss": "https://evil.example",
        "aud": "https://evil.example",
        "tenant": 2,
        "session": "sales",
        "sub": "visitor-4712",
        "chat": "15550101@c.us",
        "parent": encode_type_id("key", PARENT + 1),
        "iat": CLIENT_CLAIMS["iat"] + 1,
        "exp": U32_MAX,
        "jti": encode_type_id("ct", CLIENT_ID + 1),
    }
    payloads = [(name, compact_json({**CLIENT_CLAIMS, name: value})) for name, value in changes.items()]
    payloads += [
        ("chat-removed", compact_json(without(CLIENT_CLAIMS, "chat"))),
        ("member-added", compact_json({**CLIENT_CLAIMS, "admin": True})),
        ("white-space", json.dumps(CLIENT_CLAIMS)),
        ("payload-empty-object", "{}"),
        ("payload-of-a-session-jwt", CLAIMS_JSON),
        ("payload-empty", ""),
        ("payload-cut", CLIENT_JSON[:-1]),
    ]
    # One byte of each claim, and of what is around them.
    for at in (0, 1, *range(8, len(CLIENT_JSON) - 1, 16), len(CLIENT_JSON) - 1):
        changed = bytearray(CLIENT_JSON.encode())
        changed[at] ^= 1
        payloads.append((f"byte-{at}", changed.decode("ascii")))
    cases = [
        (f"tampered-{name}", client_token(CLIENT_HEADER, encode_base64url(payload.encode()), CLIENT_MAC))
        for name, payload in payloads
    ]
    for slot in (1, 9, 10, 15):
        header = encode_base64url(compact_json({**CLIENT_SIGNER.header(), "kid": f"{slot:x}"}).encode())
        cases.append((f"tampered-kid-{slot:x}", client_token(header, CLIENT_PAYLOAD, CLIENT_MAC)))
    return cases


def wrong_client_claims() -> list[tuple[str, str | bytes]]:
    """Payloads, each of which has the right MAC: our own issuer never writes them."""
    right, text = CLIENT_CLAIMS, CLIENT_JSON
    cases: list[tuple[str, str | bytes]] = []
    for name in right:
        cases += [case for case in wrong_members(right, name) if case[0] != "chat-missing"]  # which is valid
        cases.append((f"{name}-object", compact_json({**right, name: {}})))
        cases.append((f"{name}-false", compact_json({**right, name: False})))
        cases.append((f"{name}-upper-case-name", text.replace(f'"{name}":', f'"{name.upper()}":')))
    for name in ("tenant", "iat", "exp"):
        cases += wrong_numbers(right, name)
        more = {
            "past-u32-many-digits": "1" * 40,
            "past-u32-and-back": str(2**64 + right[name]),
            "fraction-of-zeros": f"{right[name]}.00",
            "fraction-empty": f"{right[name]}.",
            "exponent-of-zero": f"{right[name]}e0",
            "exponent-upper-case": f"{right[name]}E0",
            "zeros-in-front": f"00000000000{right[name]}",
            "not-a-number": "NaN",
            "underscore": "1_0",
        }
        for kind, number in more.items():
            cases.append((f"{name}-{kind}", with_number(right, name, number)))
    for name in ("iss", "aud", "session", "sub", "chat"):
        cases += wrong_client_texts(name)
    strings = [
        ("session-65-characters", "session", "a" * 65),
        ("session-128-characters", "session", "a" * 128),
        ("session-dot-in-front", "session", ".a"),
        ("session-dot", "session", "."),
        ("session-two-dots", "session", ".."),
        ("session-hyphen-in-front", "session", "-a"),
        ("session-underscore-in-front", "session", "_a"),
        ("session-underscore", "session", "_"),
        ("session-slash", "session", "a/b"),
        ("session-colon", "session", "a:b"),
        ("session-at", "session", "a@b"),
        ("session-plus", "session", "a+b"),
        ("session-percent", "session", "a%2Fb"),
        ("session-tilde", "session", "a~"),
        ("session-grave-accent", "session", "a`"),
        ("session-bracket", "session", "a["),
        ("session-star", "session", "*"),
        ("iss-256-characters", "iss", "a" * 256),
        ("aud-256-characters", "aud", "a" * 256),
        ("aud-two", "aud", [ISSUER, "https://evil.example"]),
        ("sub-129-characters", "sub", "a" * 129),
        ("sub-255-characters", "sub", "a" * 255),
        ("chat-129-characters", "chat", "a" * 129),
        ("chat-255-characters", "chat", "a" * 255),
    ]
    for name, prefix, value, other in (("parent", "key", PARENT, "usr"), ("jti", "ct", CLIENT_ID, "jwt")):
        strings += [(f"{name}-{kind}", name, text) for kind, text in wrong_ids(prefix, value, other)]
    cases += [(name, compact_json({**right, claim: value})) for name, claim, value in strings]
    cases += wrong_client_orders() + wrong_client_spellings()
    longest = padded_client_payload(JWT_MAX_BYTES)[len(CLIENT_PREFIX) :].split(".")[1]
    return [
        *cases,
        ("unknown-scope", compact_json({**right, "scope": "*"})),
        ("unknown-nbf", compact_json({**right, "nbf": 0})),
        ("unknown-role-in-front", compact_json({"role": "owner", **right})),
        ("unknown-between", text.replace('"parent":', '"x":1,"parent":')),
        ("unknown-empty-name", compact_json({**right, "": 0})),
        ("of-a-session-jwt", CLAIMS_JSON),
        ("of-a-session-jwt-and-these", compact_json({**JWT_CLAIMS, **right})),
        ("array-of-claims", f"[{text}]"),
        ("claims-in-claims", compact_json({"claims": right})),
        ("text-of-claims", json.dumps(text)),
        ("null", "null"),
        ("number", "0"),
        ("empty-object", "{}"),
        ("empty", ""),
        ("one-byte", "{"),
        ("zero-byte", b"\0"),
        ("text", compact_json("iss")),
        ("another-client-token", CLIENT_TOKEN),
        ("base64url-twice", CLIENT_PAYLOAD),
        ("deep", "[" * 1000),
        ("as-long-as-may-be", decode_canonical(longest)),
    ]


def wrong_client_texts(name: str) -> list[tuple[str, str | bytes]]:
    """What no text of a client token may be or have in it."""
    value, text = CLIENT_CLAIMS[name], CLIENT_JSON
    written = f'"{name}":"{value}"'
    # As they are, without an escape; the text around them is right.
    raw = {
        "raw-newline": "\n",
        "raw-nul": "\0",
        "raw-tab": "\t",
        "raw-delete": "\x7f",
        "raw-unit-separator": "\x1f",
        "raw-space": " ",
        "non-ascii": "\u00e9",
        "letter-outside-ascii": "\u0430",  # looks like an a
        "outside-basic-plane": "\U0001d400",
        "line-separator": "\u2028",
        "byte-order-mark": "\ufeff",
    }
    values = {kind: f"a{character}b" for kind, character in raw.items()}
    values |= {
        "space-in-front": " " + value,
        "space-behind": value + " ",
        "newline-behind": value + "\n",
        "escaped-letter": "\\u0061",
        "escaped-letter-upper-case": "\\u004A",
        "quotation-mark": 'a\\"b',
        "backslash": "a\\\\b",
        "slash-escaped": "a\\/b",
        "newline-escaped": "a\\n",
        "nul-escaped": "a\\u0000",
        "half-a-surrogate": "\\ud835",
        "non-ascii-escaped": "a\\u00e9b",
        "escape-unknown": "a\\xb",
        "quotation-mark-raw": 'a"b',
        "backslash-raw": "a\\",
    }
    texts: list[tuple[str, str | bytes]] = [
        (f"{name}-{kind}", text.replace(written, f'"{name}":"{other}"')) for kind, other in values.items()
    ]
    plain = {"empty": '""', "number": "1", "not-quoted": value, "single-quotes": f"'{value}'", "nothing": ""}
    texts += [(f"{name}-{kind}", text.replace(written, f'"{name}":{other}')) for kind, other in plain.items()]
    not_utf_8 = text.encode().replace(written.encode(), f'"{name}":"'.encode() + b'a\xff"')
    return [*texts, (f"{name}-not-utf-8", not_utf_8)]


def wrong_ids(prefix: str, value: int, other: str) -> list[tuple[str, str]]:
    text = encode_type_id(prefix, value)
    suffix = text[len(prefix) + 1 :]
    return [
        ("empty", ""),
        ("of-another-type", encode_type_id(other, value)),
        ("of-the-other-type-here", encode_type_id("ct" if prefix == "key" else "key", value)),
        ("of-a-longer-type", encode_type_id(prefix + "s", value)),
        ("without-type", suffix),
        ("without-underscore", prefix + suffix),
        ("hyphen", f"{prefix}-{suffix}"),
        ("only-type", prefix + "_"),
        ("short", text[:-1]),
        ("long", text + "0"),
        ("zero-in-front", f"{prefix}_0{suffix}"),
        ("upper-case", text.upper()),
        ("upper-case-type", f"{prefix.upper()}_{suffix}"),
        ("upper-case-last-letter", text[:-1] + "Z"),
        ("past-128-bits", f"{prefix}_8{'0' * 25}"),
        ("all-130-bits", f"{prefix}_{'z' * 26}"),
        ("letter-i", text[:-1] + "i"),
        ("letter-l", text[:-1] + "l"),
        ("letter-o", text[:-1] + "o"),
        ("letter-u", text[:-1] + "u"),
        ("hyphen-inside", text[:15] + "-" + text[16:]),
        ("space-in-front", " " + text),
        ("space-behind", text + " "),
        ("uuid", "01968bc0-b000-7000-8000-000000000000"),
        ("hex", f"{prefix}_{value:032x}"),
        ("non-ascii-same-bytes", text[:-2] + "\u00e9"),
        ("twice-in-one", text + text),
    ]


def wrong_client_orders() -> list[tuple[str, str]]:
    """Each pair of neighbours the other way round, and `chat` where it does not belong."""
    names = list(CLIENT_CLAIMS)
    orders = []
    for at in range(len(names) - 1):
        swapped = [*names[:at], names[at + 1], names[at], *names[at + 2 :]]
        orders.append((f"order-{names[at + 1]}-before-{names[at]}", swapped))
    others = [name for name in names if name != "chat"]
    orders += [
        ("order-reversed", names[::-1]),
        ("order-of-the-alphabet", sorted(names)),
        ("order-chat-first", ["chat", *others]),
        ("order-chat-last", [*others, "chat"]),
        ("order-of-session-jwts", ["iss", "aud", "sub", "tenant", *names[3:4], *names[5:]]),
    ]
    return [(name, compact_json({key: CLIENT_CLAIMS[key] for key in order})) for name, order in orders]


def wrong_client_spellings() -> list[tuple[str, str | bytes]]:
    right, text = CLIENT_CLAIMS, CLIENT_JSON
    bare = compact_json(without(right, "chat"))
    return [
        ("white-space", json.dumps(right)),
        ("white-space-lines", json.dumps(right, indent=2)),
        ("space-behind-colon", text.replace('"sub":', '"sub": ')),
        ("space-before-colon", text.replace('"sub":', '"sub" :')),
        ("space-behind-comma", text.replace(',"sub"', ', "sub"')),
        ("space-before-comma", text.replace(',"sub"', ' ,"sub"')),
        ("space-behind-brace", "{ " + text[1:]),
        ("space-before-brace", text[:-1] + " }"),
        ("space-leading", " " + text),
        ("space-trailing", text + " "),
        ("tab-trailing", text + "\t"),
        ("newline-trailing", text + "\n"),
        ("carriage-return-trailing", text + "\r"),
        ("nul-trailing", text + "\0"),
        ("something-behind", text + "{}"),
        ("twice", text + text),
        ("comma-leading", "{," + text[1:]),
        ("comma-trailing", text[:-1] + ",}"),
        ("comma-missing", text.replace(',"sub"', '"sub"')),
        ("comma-twice", text.replace(',"sub"', ',,"sub"')),
        ("comma-twice-in-place-of-chat", bare.replace(',"parent"', ',,"parent"')),
        ("equals-in-place-of-colon", text.replace('"sub":', '"sub"=')),
        ("cut", text[:-1]),
        ("cut-in-the-middle", text[: len(text) // 2]),
        ("first-missing", text[1:]),
        ("byte-order-mark", "\ufeff" + text),
        ("comment", text[:-1] + "/**/}"),
        ("names-not-quoted", re.sub(r'"([a-z]+)":', r"\1:", text)),
        ("single-quotes", text.replace('"', "'")),
        ("escaped-name", text.replace('"iss"', '"\\u0069ss"')),
        ("escaped-name-of-chat", text.replace('"chat"', '"\\u0063hat"')),
        ("escaped-slash", text.replace("/", "\\/")),
        ("name-empty", text.replace('"sub"', '""')),
        ("name-with-space", text.replace('"sub"', '"sub "')),
        ("name-longer", text.replace('"sub"', '"subject"')),
        ("name-of-the-request", text.replace('"sub"', '"ephemeralId"')),
        ("name-of-chat-of-the-request", text.replace('"chat"', '"chatId"')),
        ("chat-twice-first-other", text.replace('"chat":', '"chat":"15550101@c.us","chat":')),
        ("chat-twice-second-other", text.replace(',"parent":', ',"chat":"15550101@c.us","parent":')),
        ("chat-twice-second-null", text.replace(',"parent":', ',"chat":null,"parent":')),
        ("sub-twice-first-other", text.replace('"sub":', '"sub":"visitor-4712","sub":')),
        ("session-twice-second-other", text[:-1] + ',"session":"sales"}'),
        ("exp-twice-second-other", text[:-1] + f',"exp":{U32_MAX}}}'),
        ("all-twice", text[:-1] + "," + text[1:]),
        ("utf-16", text.encode("utf-16-le")),
        ("utf-16-with-mark", text.encode("utf-16")),
        ("utf-32", text.encode("utf-32-be")),
        ("not-utf-8", b"\xff" + text.encode()),
        ("not-utf-8-at-the-end", text.encode() + b"\x80"),
    ]


def no_neighbour_is_read() -> None:
    """No text is read that differs from a token in one character, or has one more or less."""
    for at in range(len(CLIENT_TOKEN)):
        front, character, behind = CLIENT_TOKEN[:at], CLIENT_TOKEN[at], CLIENT_TOKEN[at + 1 :]
        for other in {*"Aa0-_.=+/ \n", BASE64URL[at % 64], character.swapcase()} - {character}:
            require(judge_client_token(SECRET, front + other + behind) != "valid", f"{other} at {at}")
        require(judge_client_token(SECRET, front + behind) != "valid", f"without {at}")
        require(judge_client_token(SECRET, front + character + character + behind) != "valid", f"{at} twice")


def invalid_client_tokens() -> list[dict]:
    malformed = wrong_client_prefixes() + wrong_client_parts() + wrong_client_encodings()
    malformed += wrong_client_headers()
    cases = [(name, SECRET, token, "malformed") for name, token in malformed]
    invalid = wrong_client_macs() + tampered_client_tokens()
    cases += [(name, SECRET, token, "invalid") for name, token in invalid]
    for name, payload in wrong_client_claims():
        cases.append((f"claims-{name}", SECRET, CLIENT_SIGNER.sign(CLIENT_HEADER_JSON, payload), "claims"))
    # A right token beside the secret of another slot.
    for slot in (1, 15):
        cases.append((f"secret-of-slot-{slot}", signing_secret_of(slot), CLIENT_TOKEN, "invalid"))
    for name, secret, token, reason in cases:
        require(judge_client_token(secret, token) == reason, name)
    no_neighbour_is_read()
    return [
        {"name": name, "signing_secret_hex": secret.hex(), "token": token, "reason": reason}
        for name, secret, token, reason in cases
    ]


def client_token_vectors() -> dict:
    return check_names_and_tokens(
        {
            "description": (
                "Client tokens; docs/token-format.md defines them. "
                "Let the signing secret of the vector stand in every slot, 0 to 15. "
                "A token under 'valid' names its slot, its MAC holds under mac_key_hex, it has the claims "
                "beside it, and issuing from them gives the same text; "
                "whether it has expired is no question here. "
                "A token under 'invalid' is refused: 'malformed' means that it does not have the shape, "
                "'invalid' that it has the shape and the MAC does not hold, "
                "'claims' that the MAC holds and the claims are not such as an issuer writes. "
                "The secrets are test values."
            ),
            "valid": valid_client_tokens(),
            "invalid": invalid_client_tokens(),
        }
    )


# --- Identity tokens ------------------------------------------------------------------------

IDENTITY_LABEL = b"titan/v1/identity-jwt"


def identity_claims() -> list[tuple[str, dict]]:
    key, user = encode_type_id("key", uuid_v7(1_800_000_000_000, "k")), encode_type_id("usr", uuid_v7(1, "u"))
    times = {"iat": 1_800_000_000, "exp": 1_800_000_060}
    start = {"iss": "titan", "aud": "https://api.example"}
    return [
        ("a key", start | {"sub": key, "tenant": 1, "scope": "sessions:read messages:write", "key": key} | times),
        ("a key of a user", start | {"sub": user, "tenant": 4_294_967_295, "scope": "*", "key": key} | times),
        ("a user", start | {"sub": user, "tenant": 7, "scope": ""} | times),
        ("a session", start | {"sub": user, "tenant": 7, "scope": "*", "session": "default"} | times),
        ("a session of any characters", start | {"sub": user, "tenant": 7, "scope": "*", "session": 'a"\\ b'} | times),
    ]


def identity_token_vectors() -> dict:
    secret = signing_secret_of(0)
    signer = JwtSigner.of_seed(hkdf_sha256(secret, IDENTITY_LABEL))
    header = compact_json({"alg": "EdDSA", "typ": "titan-identity+jwt", "kid": signer.kid})
    return {
        "description": "Identity tokens: docs/token-format.md.",
        "signing_secret_hex": secret.hex(),
        "jwk": signer.jwk(),
        "valid": [
            {"name": name, "claims": claims, "token": signer.sign(header, compact_json(claims))}
            for name, claims in identity_claims()
        ],
    }


# --- Licenses -------------------------------------------------------------------------------

LICENSE_PURPOSE = b"titan/v1/license\0"
LICENSE_BEGIN, LICENSE_END = "-----BEGIN TITAN LICENSE-----", "-----END TITAN LICENSE-----"
LICENSE_SEED = fixed_bytes("license key")
LICENSE_CLAIMS = compact_json(
    {
        "sessionLimit": 100,
        "platform": "kubernetes",
        "issuedAt": "2025-01-01T00:00:00Z",
        "expiresAt": "2026-01-01T00:00:00Z",
        "gracePeriodDays": 14,
        "awsAccountId": None,
    }
)


def armoured(data: bytes) -> str:
    body = base64.b64encode(data).decode("ascii")
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join([LICENSE_BEGIN, *lines, LICENSE_END]) + "\n"


def sign_license(claims: str, seed: bytes = LICENSE_SEED, purpose: bytes = LICENSE_PURPOSE) -> str:
    payload = claims.encode("utf-8")
    return armoured(ed25519.sign(seed, purpose + payload) + payload)


def malformed_licenses() -> list[tuple[str, str]]:
    good = sign_license(LICENSE_CLAIMS)
    return [
        ("empty", ""),
        ("a note before it", "for you\n" + good),
        ("a note behind it", good + "for you\n"),
        ("two of them", good + good),
        ("no end", good.replace(LICENSE_END, "")),
        ("another armour", good.replace("TITAN LICENSE", "CERTIFICATE")),
        ("base64url", armoured(b"\xff" * 64).replace("/", "_")),
        ("no padding", armoured(b"\x00" * 65).replace("=", "")),
        ("63 bytes", armoured(b"\x00" * 63)),
        ("claims that are not UTF-8", armoured(b"\x00" * 64 + b"\xff")),
        ("20,000 bytes", armoured(b"\x00" * 20_000)),
    ]


def unsigned_licenses() -> list[tuple[str, str]]:
    good = ed25519.sign(LICENSE_SEED, LICENSE_PURPOSE + LICENSE_CLAIMS.encode("ascii"))
    more = LICENSE_CLAIMS.replace("100", "999")
    return [
        ("other claims", armoured(good + more.encode("ascii"))),
        ("no claims", armoured(good)),
        ("another key", sign_license(LICENSE_CLAIMS, seed=fixed_bytes("another license key"))),
        ("signed for no purpose", sign_license(LICENSE_CLAIMS, purpose=b"")),
        ("signed for another purpose", sign_license(LICENSE_CLAIMS, purpose=b"titan/v1/session-jwt\0")),
        ("a signature of zeros", armoured(bytes(64) + LICENSE_CLAIMS.encode("ascii"))),
        ("a flipped bit", armoured(bytes([good[0] ^ 1]) + good[1:] + LICENSE_CLAIMS.encode("ascii"))),
    ]


def license_vectors() -> dict:
    public = ed25519.public_key(LICENSE_SEED)
    data = LICENSE_PURPOSE + LICENSE_CLAIMS.encode("ascii")
    require(ed25519.verify(public, data, ed25519.sign(LICENSE_SEED, data)), "the license verifies")
    return {
        "description": "Licenses: docs/license.md. The seed is that of RFC 8032, 5.1.5.",
        "seed": LICENSE_SEED.hex(),
        "publicKey": encode_base64url(public),
        "claims": LICENSE_CLAIMS,
        "license": sign_license(LICENSE_CLAIMS),
        "malformed": [{"name": name, "text": text} for name, text in malformed_licenses()],
        "badSignature": [{"name": name, "text": text} for name, text in unsigned_licenses()],
    }


# --- The program ----------------------------------------------------------------------------


def self_check() -> None:
    """Try the primitives on answers that other people have published."""
    # RFC 5869, appendix A.3: SHA-256, empty salt, empty info.
    published_key = (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )
    require(hkdf_sha256(b"\x0b" * 22, b"", 42).hex() == published_key, "RFC 5869")
    # valid.json of the TypeID specification, version 0.3: "valid-alphabet" and "valid-uuidv7".
    published = {
        0x0110C8531D0952D8D73E1194E95B5F19: "prefix_0123456789abcdefghjkmnpqrs",
        0x01890A5DAC96774BBCCEB302099A8057: "prefix_01h455vb4pex5vsknk084sn02q",
    }
    for value, text in published.items():
        require(encode_type_id("prefix", value) == text, f"writing {text}")
        require(read_type_id("prefix", text) == value, f"reading {text}")
    require(ed25519.answers_as_published(), "RFC 8032, 7.1")
    # RFC 8037, appendix A.1 and A.3: a public key and its thumbprint.
    x = base64.urlsafe_b64decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    require(kid_of(x) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "RFC 8037, A.3")
    # RFC 7515, appendix A.1: a JWS with HMAC-SHA256.
    key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
    header, payload = (
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
    )
    published_token = f"{CLIENT_PREFIX}{header}.{payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    signer = ClientSigner(0, decode_canonical(key))
    require(signer.sign_parts(header, payload) == published_token, "RFC 7515, A.1")


def render(vectors: dict) -> bytes:
    return (json.dumps(vectors, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def render_all() -> dict[Path, bytes]:
    return {
        FOLDER / "api-key.json": render(api_key_vectors()),
        FOLDER / "type-id.json": render(type_id_vectors()),
        FOLDER / "opaque.json": render(opaque_vectors()),
        FOLDER / "refresh-token.json": render(refresh_token_vectors()),
        FOLDER / "session-jwt.json": render(session_jwt_vectors()),
        FOLDER / "client-token.json": render(client_token_vectors()),
        FOLDER / "identity-token.json": render(identity_token_vectors()),
        FOLDER / "license.json": render(license_vectors()),
    }


def stored(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the golden vectors of the formats.")
    parser.add_argument("--check", action="store_true", help="only compare, exit 1 on a difference")
    arguments = parser.parse_args()

    self_check()
    outdated = {path: data for path, data in render_all().items() if stored(path) != data}
    for path, data in outdated.items():
        if arguments.check:
            state = "differs from what this script writes" if path.exists() else "is missing"
            print(f"vectors/{path.name} {state}; run vectors/generate.py", file=sys.stderr)
        else:
            path.write_bytes(data)
    return 1 if arguments.check and outdated else 0


if __name__ == "__main__":
    sys.exit(main())
