#!/usr/bin/env python3
"""Write the golden vectors for Titan's key format: api-key.json, type-id.json, opaque.json.

This is an implementation of docs/token-format.md that shares no code with Titan, so that an
implementation which agrees with these files agrees with the document and not merely with itself.
It uses the standard library only, reads no clock and draws no random numbers: the same script
always writes the same bytes. Every secret in it is a published test value.

    generate.py           write the files next to this script
    generate.py --check   write nothing; exit 1 if a file differs from what would be written

Before anything is written, `self_check` tries the primitives on published answers, and every
vector is put through the strict reader below (`read_api_key`, `read_type_id`, `opaque_kind`).
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

FOLDER = Path(__file__).resolve().parent

PREFIXES = ("titan_", "titan_sk_live_", "titan_sk_test_")
API_KEY_LABEL = b"titan/v1/api-key"
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
    vectors = []
    for kind, prefix in (("opaque", "whm_"), ("legacy", "titan_")):
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
    require(len({case for case, _ in cases}) == len(cases), "two cases have one text")
    for case, why in cases:
        require(opaque_kind(case) is None, why)
    return [{"text": case, "why": why} for case, why in cases]


def opaque_vectors() -> dict:
    return {
        "description": (
            "Keys that say nothing by themselves and are found by their SHA-256; "
            "docs/token-format.md defines them. The hash is over the whole text, prefix included. "
            "A text under 'invalid' is neither an opaque nor a legacy key; "
            "it may be a credential of another kind."
        ),
        "valid": valid_opaque_keys(),
        "invalid": invalid_opaque_keys(),
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


def render(vectors: dict) -> bytes:
    return (json.dumps(vectors, indent=2, ensure_ascii=True) + "\n").encode("ascii")


def render_all() -> dict[Path, bytes]:
    return {
        FOLDER / "api-key.json": render(api_key_vectors()),
        FOLDER / "type-id.json": render(type_id_vectors()),
        FOLDER / "opaque.json": render(opaque_vectors()),
    }


def stored(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the golden vectors of the key format.")
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
