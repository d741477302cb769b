#!/usr/bin/env python3
"""The backend of a shop: it serves the page, and mints a client token for whoever looks at it.

The API key stays here. The page gets a token that is good for one session and one chat, for a few minutes. Python's
standard library is enough. Variables:

TITAN_API_KEY   a key with the scope sessions:manage (required)
TITAN_URL       Titan's address (http://127.0.0.1:8080)
PORT            the port of this backend (3000)
TOKEN_SECONDS   how long a token lives: 60 to 3600 (900)
"""

import json
import os
import re
import secrets
import sys
import urllib.error
import urllib.request
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
GATEWAY = os.environ.get("TITAN_URL", "http://127.0.0.1:8080").rstrip("/")
PORT = int(os.environ.get("PORT", "3000"))
ORIGIN = f"http://127.0.0.1:{PORT}"
TOKEN_SECONDS = int(os.environ.get("TOKEN_SECONDS", "900"))

# The shop's own session, and the chat that its page talks to. A shop with several chats would look up its customer's.
SESSION = "default"
CHAT = "15550100001@s.whatsapp.net"

FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
}

# The page runs its own script alone, and talks to this backend and to the gateway alone. So if somebody gets text of
# theirs into the page, it cannot run, and cannot carry the token away.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        f"connect-src 'self' {GATEWAY}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    ]
)


class MintingFailed(Exception):
    """Titan gave no token. The text is for the log, not for the page."""


def mint(person):
    """A token for one person. Titan's limits of a person count by this name."""
    wanted = {"session": SESSION, "ephemeralId": person, "chatId": CHAT, "ttlSeconds": TOKEN_SECONDS}
    request = urllib.request.Request(
        f"{GATEWAY}/api/client-tokens",
        data=json.dumps(wanted).encode(),
        headers={"Content-Type": "application/json", "X-API-Key": os.environ["TITAN_API_KEY"]},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise MintingFailed(f"{error.code} {error.read().decode(errors='replace')}") from error
    except OSError as error:
        raise MintingFailed(str(error)) from error


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path not in FILES:
            self.answer(404, "text/plain", b"there is no such page\n")
            return
        name, kind = FILES[path]
        # A real shop knows its visitor from signing in. Here, each browser gets a name of its own.
        cookie = {}
        if path == "/" and not self.visitor():
            cookie["Set-Cookie"] = f"visitor={secrets.token_hex(16)}; HttpOnly; SameSite=Strict; Path=/"
        self.answer(200, kind, (FOLDER / name).read_bytes(), cookie)

    def do_POST(self):
        # What was sent is not read: all that a token says is known here.
        self.close_connection = True
        if self.path != "/token":
            self.refuse(404, "there is no such page")
        # A page of another origin must not get a token in the name of this visitor.
        elif self.headers["Origin"] != ORIGIN:
            self.refuse(403, f"open the page at {ORIGIN}")
        elif not self.visitor():
            self.refuse(403, "load the page again")
        else:
            self.give_token()

    def give_token(self):
        try:
            minted = mint(self.visitor())
        except MintingFailed as error:
            print(f"no token: {error}", file=sys.stderr, flush=True)
            self.refuse(502, "the shop got no token")
            return
        where = {"gateway": GATEWAY, "session": SESSION, "chatId": CHAT}
        self.answer_json(200, {"token": minted["token"], "expiresAt": minted["expiresAt"], **where})

    def visitor(self):
        """The name in the cookie, if it is one that this backend may have made."""
        try:
            morsel = SimpleCookie(self.headers["Cookie"]).get("visitor")
        except CookieError:
            return None
        return morsel.value if morsel and re.fullmatch("[0-9a-f]{32}", morsel.value) else None

    def refuse(self, status, text):
        self.answer_json(status, {"error": text})

    def answer_json(self, status, content):
        self.answer(status, "application/json", json.dumps(content).encode())

    def answer(self, status, kind, body, more=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    if not os.environ.get("TITAN_API_KEY"):
        sys.exit("TITAN_API_KEY: set it to an API key with the scope sessions:manage")
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Shop)
    print(f"The shop is open: {ORIGIN} (Ctrl-C closes it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()


main()
