"""Clicks through the story of `martlet demo` in headless Chromium: an app that signs in and refreshes,
two tabs at once, a thief who copies the refresh token, the end of the family, a lost answer, signing
out. Keeps pictures of what a person sees. Prints one JSON object with what was seen.

Environment: ISSUER (a demo whose access tokens outlive the story, so that only clicks refresh),
QUICK_ISSUER (one whose access tokens live for seconds), PICTURES (a folder).
"""

import base64
import json
import os

import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from chromium import browser, command, failed, find, has, look, picture, pictures, press, seen
from chromium import type_in

issuer = os.environ["ISSUER"]
quick = os.environ["QUICK_ISSUER"]
LOCK = "martlet-demo.refresh"
# Chromium and a debug server on a machine that others use too.
PATIENCE = 60


def until(condition, what):
    WebDriverWait(browser, PATIENCE).until(lambda _: condition(), what)


def text(id):
    return browser.execute_script("return document.getElementById(arguments[0]).textContent", id)


def script(code, *arguments):
    return browser.execute_script(code, *arguments)


def click(id):
    until(lambda: find("#" + id).is_enabled(), f"#{id} can be pressed")
    find("#" + id).click()


def choose(act):
    """Presses the guide's button for this act."""
    button = f"#choices button[data-act={act}]"
    until(lambda: has(button), f"the page offers {act}")
    find(button).click()


def title(words):
    until(lambda: words in text("step"), f"the guide says: {words}")


def generation():
    digits = text("generation").removeprefix("no. ")
    return int(digits) if digits else -1


def holds(number):
    until(lambda: generation() == number, f"the app holds token {number}")


def marks(kind, who=""):
    """How many of these are drawn."""
    return len(browser.find_elements(By.CSS_SELECTOR, f"#drawing .{kind}{who and '.' + who}"))


def drawn(kind, who="", count=1):
    until(lambda: marks(kind, who) == count, f"{count} {kind} {who} drawn")


def allow():
    until(lambda: has("button[value=allow]"), "consent is asked")
    press("button[value=allow]")
    holds(0)


def sign_in(server):
    browser.get(server)
    choose("signIn")
    until(lambda: has("input[name=password]"), "the login page")
    type_in("username", "test")
    type_in("password", "test")
    press("button[value=sign_in]")
    allow()


def told(server):
    """What the server told of the session that the page draws."""
    session = script("return JSON.parse(localStorage['martlet-demo.watched'])")
    events = requests.get(server + "/demo/events?after=-1", timeout=PATIENCE).json()["events"]
    return [event["what"] for event in events if event["session"] == session]


def second_tab(server):
    browser.switch_to.new_window("tab")
    browser.get(server)
    until(lambda: generation() >= 0, "the second tab shares the session")


def close_tab():
    browser.close()
    browser.switch_to.window(browser.window_handles[0])


def colour(selector):
    """Red, green and blue of what is filled there."""
    fill = script("return getComputedStyle(document.querySelector(arguments[0])).fill", selector)
    return [int(part) for part in fill.removeprefix("rgb(").removesuffix(")").split(",")]


def lane_names():
    """How the names of the lanes are drawn: after every line, with the colour behind the drawing around."""
    return script(
        "const behind = (e) => { const colour = getComputedStyle(e).backgroundColor;"
        " return colour === 'rgba(0, 0, 0, 0)' && e.parentElement ? behind(e.parentElement) : colour; };"
        "const lines = [...document.querySelectorAll('#drawing .path, #drawing .lane')];"
        "const isAfter = (line, name) =>"
        " line.compareDocumentPosition(name) & Node.DOCUMENT_POSITION_FOLLOWING;"
        "return [...document.querySelectorAll('#drawing .lane-name')].map((name) => {"
        " const style = getComputedStyle(name);"
        " return lines.every((line) => isAfter(line, name)) && style.paintOrder.startsWith('stroke')"
        "  && style.stroke === behind(name); })"
    )


def locks(state):
    return browser.execute_async_script(
        "const [state, name, done] = arguments; navigator.locks.query().then((all) => "
        "done(all[state].filter((lock) => lock.name === name).length))",
        state,
        LOCK,
    )


def tokens():
    """Both tokens, as the tab that is in front shows them."""
    return [text("refresh-token"), script("return document.querySelector('#access-token pre').textContent")]


def two_tabs_at_once():
    """Both tabs want to refresh while somebody else has the turn, so both want to with the same token."""
    second_tab(issuer)
    first, second = browser.window_handles
    browser.execute_async_script(
        "const [name, done] = arguments; navigator.locks.request(name, () => "
        "new Promise((free) => { window.free = free; done(); }))",
        LOCK,
    )
    before = generation()
    click("refresh")
    browser.switch_to.window(first)
    click("refresh")
    until(lambda: locks("pending") == 2, "both tabs wait for their turn")
    browser.switch_to.window(second)
    script("window.free()")
    until(lambda: locks("pending") + locks("held") == 0, "both had their turn")
    holds(before + 1)
    in_second = tokens()
    browser.switch_to.window(first)
    holds(before + 1)
    until(lambda: tokens() == in_second, "both tabs go on with the same tokens")
    browser.switch_to.window(second)
    close_tab()


def by_itself():
    """Nobody presses anything, and two tabs have their clocks set."""
    sign_in(quick)
    ring = set()

    def has_refreshed():
        ring.add(find("#rest").get_attribute("stroke-dashoffset"))
        return generation() >= 2

    until(has_refreshed, "the app refreshes by itself")
    seen["counts_down"] = len(ring) > 2
    second_tab(quick)
    reached = generation() + 3
    until(lambda: generation() >= reached, "it goes on with two tabs")
    seen["two_clocks"] = sorted(set(told(quick)))
    close_tab()


def family_picture():
    """The life of the family alone, for README."""
    look(860)
    script("document.getElementById('told').hidden = true")
    # One more beat of the page: it draws anew for the width.
    until(lambda: script("return document.querySelector('#drawing svg').clientWidth") < 860, "drawn")
    box = script(
        "const box = document.querySelector('.life').getBoundingClientRect();"
        "return {x: box.x + scrollX, y: box.y + scrollY, width: box.width, height: box.height}"
    )
    shot = command(
        "Page.captureScreenshot", clip={**box, "scale": 2}, captureBeyondViewport=True
    )
    (pictures / "demo-family.png").write_bytes(base64.b64decode(shot["data"]))
    script("document.getElementById('told').hidden = false")
    look(1280)


try:
    look(1280)
    by_itself()

    browser.get(issuer)
    until(lambda: has("#choices button"), "the page is there")
    picture("demo-start")
    sign_in(issuer)
    drawn("made")
    seen["identity"] = text("identity")
    seen["claims"] = script(
        "return [...document.querySelectorAll('#access-token dt')].map((e) => e.textContent)"
    )
    click("call")
    until(lambda: text("api"), "the API answers")
    seen["api"] = text("api")
    picture("demo-signed-in")
    choose("refresh")
    holds(1)
    drawn("rotated")

    two_tabs_at_once()
    holds(2)
    drawn("rotated", count=2)
    seen["after_two_tabs"] = told(issuer)

    # The app comes first: the thief's copy is an old one.
    choose("copy")
    drawn("copied")
    seen["lane_names"] = lane_names()
    picture("demo-race")
    choose("refreshFirst")
    holds(3)
    choose("use")
    drawn("reuse", "thief")
    drawn("end")
    seen["reuse_is"] = colour("#drawing .reuse .body")
    title("came a second time")
    seen["thief_is_told"] = text("thief-verdict")
    picture("demo-reuse")
    choose("refreshLast")
    drawn("refused", "app")
    title("Both are out")
    seen["app_is_told"] = text("verdict")
    click("call")
    until(lambda: "200" in text("api"), "the access token lives on")
    picture("demo-out")
    family_picture()
    seen["story"] = told(issuer)

    # And again, by keyboard: the thief comes first.
    find("#choices button").send_keys(Keys.ENTER)
    allow()
    title("You are signed in")
    for act in ["refresh", "copy", "useFirst", "refresh"]:
        until(lambda: has(f"#choices button[data-act={act}]"), f"the page offers {act}")
        find(f"#choices button[data-act={act}]").send_keys(Keys.ENTER)
        seen.setdefault("focus_follows", []).append(
            script("return document.activeElement?.closest('#choices') !== null")
        )
    drawn("rotated", "thief")
    drawn("reuse", "app")
    find("#choices button[data-act=useLast]").send_keys(Keys.ENTER)
    title("Both are out")
    drawn("refused", "thief")
    picture("demo-out-thief-first")

    # An answer is lost: with an overlap, and without.
    choose("signInAgain")
    allow()
    click("overlap")
    until(lambda: find("#overlap").is_selected(), "there is an overlap")
    click("lose")
    title("The same token again")
    drawn("repeated")
    seen["with_overlap"] = told(issuer)
    picture("demo-repeated")
    click("overlap")
    until(lambda: not find("#overlap").is_selected(), "there is no overlap")
    click("lose")
    title("looks like a theft")
    seen["without_overlap"] = told(issuer)
    picture("demo-lost")

    # Signing out ends the family too.
    choose("signInAgain")
    allow()
    click("leave")
    title("This session is over")
    seen["signed_out"] = told(issuer)
    picture("demo-signed-out")
    choose("signIn" if has("#choices button[data-act=signIn]") else "signInAgain")
    until(lambda: has("input[name=password]"), "the browser is signed out too")

    command("Emulation.setUserAgentOverride", userAgent="Story", acceptLanguage="de-AT,de;q=0.9")
    browser.get(issuer)
    until(lambda: has("#choices button"), "the page is there")
    seen["german"] = find("html").get_attribute("lang")
    picture("demo-german")
except Exception as failure:
    failed(failure)
finally:
    browser.quit()
print(json.dumps(seen))
