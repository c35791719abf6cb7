"""A person opens a page that Apache's mod_auth_openidc protects, signs in, stays while the module
refreshes, and signs out. Prints one JSON object with what was seen.

Environment: ISSUER, APP_URL, USERNAME, PASSWORD.
"""

import json
import os
from urllib.parse import quote

from person import Person

app = os.environ["APP_URL"]
hook = app + "/app/callback"
person = Person(os.environ["ISSUER"])


def info():
    """What the module holds of this person's session."""
    page = person.visit(hook + "?info=json")
    return json.loads(page.html) if page.status == 200 else None


def refresh(access_token):
    """Asks the module to refresh, as an app's page does; it leads back to where it is told."""
    back = quote(app + "/app/", safe="")
    return person.visit(f"{hook}?refresh={back}&access_token={quote(access_token, safe='')}")


page = person.visit(app + "/app/")
page, pages = person.sign_in(page, os.environ["USERNAME"], os.environ["PASSWORD"])
seen = {"pages": pages, "text": page.text.strip(), "email": page.headers.get("X-Seen-Email")}
seen["first"] = info()

page = refresh(seen["first"]["access_token"])
seen["after_refresh"] = page.url
seen["second"] = info()
refresh(seen["second"]["access_token"])
seen["third"] = info()

page = person.visit(f"{hook}?logout={quote(app + '/bye.html', safe='')}")
page, seen["was_asked"] = person.confirm_sign_out(page) if app not in page.url else (page, False)
seen["signed_out_at"] = page.url
seen["signed_out"] = page.text.strip()

page = person.visit(app + "/app/")
seen["asks_again"] = page.form_with("username", "password") is not None
print(json.dumps(seen))
