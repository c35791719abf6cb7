"""A person who is signed in to a page behind Apache's mod_auth_openidc signs out at the server, and
the server tells the module. Prints one JSON object with what was seen.

Environment: ISSUER, APP_URL, USERNAME, PASSWORD.
"""

import json
import os
import time

from person import Person

# The server tells the app in its own time, a moment after the person has their answer.
ATTEMPTS = 100
INTERVAL = 0.1

app = os.environ["APP_URL"]
issuer = os.environ["ISSUER"]
person = Person(issuer)


def is_signed_in():
    return person.visit(app + "/app/callback?info=json").status == 200


page = person.visit(app + "/app/")
page, pages = person.sign_in(page, os.environ["USERNAME"], os.environ["PASSWORD"])
seen = {"pages": pages, "before": is_signed_in()}

page = person.visit(issuer + "/oauth/logout")
page, seen["was_asked"] = person.confirm_sign_out(page)
seen["after"] = True
for _ in range(ATTEMPTS):
    seen["after"] = is_signed_in()
    if not seen["after"]:
        break
    time.sleep(INTERVAL)
print(json.dumps(seen))
