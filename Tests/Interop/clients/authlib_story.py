"""A person signs in to the app of authlib_app.py, uses it while it refreshes, and signs out. Prints
one JSON object with what was seen.

Environment: ISSUER, APP_URL, USERNAME, PASSWORD.
"""

import json
import os

from person import Person

app = os.environ["APP_URL"]
person = Person(os.environ["ISSUER"])


def read(path):
    return json.loads(person.visit(app + path).html)


page = person.visit(app + "/login")
page, pages = person.sign_in(page, os.environ["USERNAME"], os.environ["PASSWORD"])
seen = {"pages": pages, "home": page.text, "first": read("/tokens")}

# The access token lives shorter than Authlib's margin, so each of these refreshes first.
seen["profile"] = read("/profile")
seen["second"] = read("/tokens")
seen["profile_again"] = read("/profile")
seen["third"] = read("/tokens")

# The same browser signs in once more: the server remembers both the person and the consent.
page, pages = person.sign_in(person.visit(app + "/login"), "nobody", "nothing")
seen["pages_again"] = pages

page = person.visit(app + "/logout")
page, seen["was_asked"] = person.confirm_sign_out(page) if app not in page.url else (page, False)
seen["signed_out_at"] = page.url
seen["signed_out"] = page.text

page = person.visit(app + "/login")
seen["asks_again"] = page.form_with("username", "password") is not None
print(json.dumps(seen))
