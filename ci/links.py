#!/usr/bin/env python3
"""Checks the links of every Markdown file: a relative link leads to a file, and an anchor to a heading of that file."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# [text](target), ![text](target), and src="target" or href="target" in HTML.
LINK = re.compile(r'\]\(\s*<?([^)\s>]+)>?[^)]*\)|(?:src|srcset|href)="([^"]+)"')
IS_ABSOLUTE = re.compile(r"[a-z][a-z+.-]*:", re.IGNORECASE)


def prose(path):
    """The text outside code: what stands in code is not a link, and `#` there is not a heading."""
    return re.sub(r"^ *```.*?^ *```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(path):
    """GitHub's anchors: lower case, without punctuation, spaces as hyphens, numbered where one repeats."""
    counts, found = {}, set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(path), flags=re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = counts.get(anchor, 0)
        counts[anchor] = count + 1
        found.add(f"{anchor}-{count}" if count else anchor)
    return found


def fault(source, link):
    target, _, anchor = link.partition("#")
    path = (source.parent / target).resolve() if target else source
    if not path.is_relative_to(ROOT) or not path.exists():
        return "there is no such file"
    if anchor and path.suffix == ".md" and anchor not in anchors(path):
        return "there is no such heading"
    return None


def faults(source):
    for match in LINK.finditer(re.sub(r"`[^`\n]*`", "", prose(source))):
        link = match[1] or match[2]
        if not IS_ABSOLUTE.match(link) and (why := fault(source, link)):
            yield f"{source.relative_to(ROOT)}: {link}: {why}"


def documents():
    """The files that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [path for path in map(ROOT.joinpath, names) if path.exists()]


def main():
    sources = documents()
    found = [line for source in sources for line in faults(source)]
    for line in found:
        print(f"links: {line}", file=sys.stderr)
    if found:
        sys.exit(1)
    print(f"links: all links of {len(sources)} documents lead somewhere")


main()
