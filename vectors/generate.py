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
`read_refresh_token`, `read_jwt`).
"""

import argparse
import base64
import hashlib
import hmac
import json
import re
import struct
import sys
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


@dataclass(frozen=True)
class JwtSigner:
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

    def sign(self, header: str, payload: str | bytes) -> str:
        """Signs any two texts, whether they are JSON or not."""
        payload = payload if isinstance(payload, bytes) else payload.encode("utf-8")
        return self.sign_parts(encode_base64url(header.encode("utf-8")), encode_base64url(payload))

    def sign_parts(self, header: str, payload: str) -> str:
        signed = f"{header}.{payload}"
        return f"{signed}.{encode_base64url(ed25519.sign(self.seed, signed.encode('utf-8')))}"

    def issue(self, claims: dict) -> str:
        return self.sign(compact_json(self.header()), compact_json(claims))


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


def read_claims(payload: bytes) -> dict:
    try:
        claims = json.loads(payload.decode("utf-8"))
    except (ValueError, RecursionError):
        raise WrongClaims("not JSON") from None
    # A text that is written again as it was has no duplicates, no escapes and no white space.
    if not isinstance(claims, dict) or list(claims) != list(CLAIM_PATTERNS):
        raise WrongClaims("names")
    if not all(is_claim(claims[name], pattern) for name, pattern in CLAIM_PATTERNS.items()):
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
    return read_claims(payload)


def judge_jwt(signer: JwtSigner, token: str) -> str:
    try:
        read_jwt(signer, token)
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


def wrong_claims() -> list[tuple[str, str | bytes]]:
    """Payloads, each of which is signed with the right key: our own issuer never writes them."""
    usr, ses, jti = JWT_CLAIMS["sub"], JWT_CLAIMS["sid"], JWT_CLAIMS["jti"]
    cases: list[tuple[str, str | bytes]] = []
    for name in JWT_CLAIMS:
        rest = {key: value for key, value in JWT_CLAIMS.items() if key != name}
        cases.append((f"{name}-missing", compact_json(rest)))
        cases.append((f"{name}-null", compact_json({**JWT_CLAIMS, name: None})))
        cases.append((f"{name}-array", compact_json({**JWT_CLAIMS, name: [JWT_CLAIMS[name]]})))
        cases.append((f"{name}-twice", CLAIMS_JSON[:-1] + f",{compact_json({name: JWT_CLAIMS[name]})[1:]}"))
    for name in ("tenant", "ver", "iat", "exp"):
        written = f'"{name}":{JWT_CLAIMS[name]}'
        numbers = {
            "string": f'"{JWT_CLAIMS[name]}"',
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
        for kind, text in numbers.items():
            cases.append((f"{name}-{kind}", CLAIMS_JSON.replace(written, f'"{name}":{text}')))
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


def render(vectors: dict) -> bytes:
    return (json.dumps(vectors, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def render_all() -> dict[Path, bytes]:
    return {
        FOLDER / "api-key.json": render(api_key_vectors()),
        FOLDER / "type-id.json": render(type_id_vectors()),
        FOLDER / "opaque.json": render(opaque_vectors()),
        FOLDER / "refresh-token.json": render(refresh_token_vectors()),
        FOLDER / "session-jwt.json": render(session_jwt_vectors()),
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
