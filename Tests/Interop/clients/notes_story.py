"""Uses the examples as their page says: an app that signs in by browser once, an API that it asks, and
the end of its session at the server. Prints one JSON object with what was seen.

The browser is this very program: the app looks for `xdg-open`, and finds one that starts it with the
address to open.

Environment: NOTES_ISSUER, NOTES_ADDRESS, BINARIES (a folder), MARTLET_CONFIG, USERNAME, PASSWORD.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from person import Person

# An access token of the server lives ten minutes; until then nothing but the feed ends it.
PATIENCE = 60


def browse(address, notes):
    """What the browser shows, until it is back at the app."""
    person = Person(os.environ["NOTES_ISSUER"])
    page = person.visit(address)
    page, pages = person.sign_in(page, os.environ["USERNAME"], os.environ["PASSWORD"])
    Path(notes).write_text(json.dumps(pages))


def story(home):
    notes = home / "pages.json"
    browser = home / "bin" / "xdg-open"
    browser.parent.mkdir()
    command = shlex.join([sys.executable, "-B", os.path.abspath(__file__)])
    browser.write_text(f'#!/bin/sh\nexec {command} "$1" {shlex.quote(str(notes))}\n')
    browser.chmod(0o755)
    environment = {**os.environ, "HOME": str(home), "PATH": f"{browser.parent}:{os.environ['PATH']}"}
    for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME"]:
        environment.pop(name, None)
    binaries = Path(os.environ["BINARIES"])
    address = os.environ["NOTES_ADDRESS"] + "/notes"

    def run(program, *arguments):
        ended = subprocess.run(
            [binaries / program, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return ended.stdout + ended.stderr

    def app(*arguments):
        return run("notes-cli", *arguments)

    seen = {}
    stranger = requests.get(address, timeout=PATIENCE)
    seen["stranger"] = stranger.status_code
    leads = re.search(r'resource_metadata="([^"]+)"', stranger.headers["WWW-Authenticate"])
    metadata = requests.get(leads.group(1), timeout=PATIENCE).json()
    seen["servers"] = metadata["authorization_servers"]

    seen["before"] = app("get", address)
    seen["signed_in"] = app("sign-in")
    seen["pages"] = json.loads(notes.read_text())
    seen["added"] = app("add", address, "Swifts never land.")
    seen["read"] = app("get", address)

    run("martlet", "session", "revoke", "--user", os.environ["USERNAME"])
    until = time.monotonic() + PATIENCE
    while "sign-in" not in (answer := app("get", address)) and time.monotonic() < until:
        pass
    seen["ended"] = answer

    seen["signed_in_again"] = app("sign-in")
    seen["signed_out"] = app("sign-out")
    print(json.dumps(seen))


if len(sys.argv) > 1:
    browse(*sys.argv[1:])
else:
    with tempfile.TemporaryDirectory() as home:
        story(Path(home))
