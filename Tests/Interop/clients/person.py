"""A person in front of a browser without JavaScript: follows redirects, keeps cookies, and fills
in the forms of pages by the names of their fields and the words on their buttons."""

from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

import requests

# A sign-in takes three pages at most: who you are, what you allow, and the form that carries the
# answer home. More means that the pages go in circles.
MOST_PAGES = 6


class Form:
    """A form as it came: where it goes, what is in it, what can be pressed."""

    def __init__(self, attributes):
        self.action = attributes.get("action") or ""
        self.method = (attributes.get("method") or "get").lower()
        self.fields = {}
        self.kinds = {}
        self.labels = {}
        self.buttons = []

    def has(self, name):
        return name in self.fields


class Page(HTMLParser):
    """What came back: its address, its status, its text and its forms."""

    def __init__(self, response):
        super().__init__(convert_charrefs=True)
        self.url = response.url
        self.status = response.status_code
        self.headers = response.headers
        self.text = ""
        self.title = ""
        self.forms = []
        self.links = []
        self._inside = []
        self._label = None
        self._ids = {}
        self.html = response.text
        if "html" in response.headers.get("Content-Type", ""):
            self.feed(self.html)

    def form_with(self, *names, button=None):
        """The first form that has all these fields, and a button with this value."""
        for form in self.forms:
            values = [value for _, value, _ in form.buttons]
            if set(form.fields).issuperset(names) and (button is None or button in values):
                return form
        return None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag in ("title", "script", "style", "button"):
            self._inside.append(tag)
        if tag == "a" and "href" in attributes:
            self.links.append(urljoin(self.url, attributes["href"]))
        if tag == "form":
            self.forms.append(Form(attributes))
        if not self.forms:
            return
        form = self.forms[-1]
        name = attributes.get("name")
        kind = attributes.get("type", "submit" if tag == "button" else "text").lower()
        if tag == "label":
            self._label = attributes.get("for")
        elif tag == "button" or (tag == "input" and kind == "submit"):
            form.buttons.append((name, attributes.get("value", ""), ""))
        elif tag == "input" and name:
            is_choice = kind in ("checkbox", "radio")
            if not is_choice or "checked" in attributes:
                form.fields[name] = attributes.get("value", "on" if is_choice else "")
            form.kinds[name] = kind
            self._ids[attributes.get("id")] = (form, name)

    def handle_endtag(self, tag):
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()
        if tag == "label":
            self._label = None

    def handle_data(self, data):
        if self._inside and self._inside[-1] == "title":
            self.title += data
        elif self._inside and self._inside[-1] == "button" and self.forms:
            name, value, words = self.forms[-1].buttons[-1]
            self.forms[-1].buttons[-1] = (name, value, (words + data).strip())
        if not (self._inside and self._inside[-1] in ("script", "style")):
            self.text += data

    def __str__(self):
        words = " ".join(self.text.split())
        return f"{self.status} {self.url}: {words[:600]}"


class Person:
    """One browser: its cookies, and the hands before it."""

    def __init__(self, server):
        self.server = server
        self.browser = requests.Session()
        self.browser.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) Person/1.0"
        self.browser.headers["Accept"] = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
        self.browser.headers["Accept-Language"] = "en"

    def visit(self, url):
        return Page(self.browser.get(url, timeout=30))

    def press(self, page, form, button=None, **entries):
        """Fills in a form and presses the button with this value, or the first one."""
        unknown = [name for name in entries if name not in form.kinds]
        assert not unknown, f"the form has no {unknown}: {page}"
        fields = dict(form.fields)
        fields.update(entries)
        for name, value, _ in form.buttons:
            if button is None or value == button:
                if name:
                    fields[name] = value
                break
        url = urldefrag(urljoin(page.url, form.action)).url
        headers = {"Origin": "/".join(page.url.split("/")[:3]), "Referer": page.url}
        if form.method == "post":
            answer = self.browser.post(url, data=fields, headers=headers, timeout=30)
        else:
            answer = self.browser.get(url, params=fields, timeout=30)
        return Page(answer)

    def sign_in(self, page, username, password):
        """Does what the pages of the server ask for, until they lead back to the app."""
        seen = []
        for _ in range(MOST_PAGES):
            if not page.url.startswith(self.server + "/"):
                return page, seen
            if form := page.form_with("username", "password"):
                seen.append("login")
                page = self.press(page, form, username=username, password=password)
            elif form := page.form_with("csrf", button="allow"):
                seen.append("consent")
                page = self.press(page, form, button="allow")
            elif form := page.form_with("code"):
                seen.append("form_post")
                page = self.press(page, form)
            else:
                break
        raise AssertionError(f"the pages {seen} did not lead back to the app: {page}")

    def confirm_sign_out(self, page):
        """Presses the button of the page that asks whether to sign out, where it is asked."""
        form = page.form_with("csrf", button="sign_out")
        if form is None:
            return page, False
        return self.press(page, form, button="sign_out"), True
