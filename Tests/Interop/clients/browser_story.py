"""Walks through the pages in headless Chromium with the app of authlib_app.py, and keeps a picture
of each page, 390 and 1280 pixels wide, light and dark. Prints one JSON object with what was seen.

Environment: ISSUER, APP_URL, USERNAME, PASSWORD, DEVICE_CLIENT_ID, PICTURES (a folder), MARTLET (the
binary) and CONFIGURATION (the server's).
"""

import json
import os
import subprocess
from urllib.parse import urlencode

import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from chromium import browser, command, failed, find, has, look, picture, press, seen, type_in, words

issuer = os.environ["ISSUER"]
app = os.environ["APP_URL"]


def sign_in(password, username=os.environ["USERNAME"]):
    if has("input[name=username]:not([type=hidden], [hidden])"):
        type_in("username", username)
    type_in("password", password)
    press("button[value=sign_in]")


def allow_if_asked():
    """The app's address is on loopback, so consent is asked every time (RFC 8252 §8.6)."""
    if has("button[value=allow]"):
        press("button[value=allow]")


def in_german(name):
    """The page once more, as a browser gets it whose reader wants German."""
    command("Network.enable")
    command("Network.setExtraHTTPHeaders", headers={"Accept-Language": "de-AT,de;q=0.9"})
    browser.get(browser.current_url)
    command("Network.disable")
    picture(name + "-german")
    seen.setdefault("german", []).append(find("html").get_attribute("lang"))


def begin_device():
    return requests.post(
        issuer + "/oauth/device",
        data={"client_id": os.environ["DEVICE_CLIENT_ID"], "scope": "openid profile"},
        timeout=30,
    ).json()


def poll(device):
    return requests.post(
        issuer + "/oauth/token",
        data={
            "client_id": os.environ["DEVICE_CLIENT_ID"],
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": device["device_code"],
        },
        timeout=30,
    ).json()


def profile():
    browser.get(app + "/profile")
    return json.loads(words())


try:
    look(1280)

    # Sign in: a wrong password first, then the right one, then consent.
    browser.get(app + "/login")
    picture("login")
    sign_in("not the password")
    seen["stays_at_login"] = has("input[name=password]")
    picture("login-wrong-password")
    sign_in(os.environ["PASSWORD"])
    seen["asks_consent"] = has("button[value=allow]")
    picture("consent")
    # As if the page had been open for too long.
    browser.execute_script("document.querySelector('input[name=csrf]').value = 'AAAA'")
    press("button[value=allow]")
    seen["asks_again_when_old"] = has("[role=alert]") and has("button[value=allow]")
    picture("consent-old-form")
    press("button[value=allow]")
    seen["app"] = words()
    seen["profile"] = profile()

    # Whom to be, and who are you again.
    browser.get(app + "/login?prompt=select_account")
    picture("select-account")
    press("button[value=continue]")
    allow_if_asked()
    seen["selected"] = words()
    browser.get(app + "/login?prompt=login")
    picture("login-again")
    sign_in(os.environ["PASSWORD"])
    allow_if_asked()

    # The answer in a form: with scripts it goes by itself, without them by a button.
    command("Emulation.setScriptExecutionDisabled", value=True)
    browser.get(app + "/login?response_mode=form_post")
    allow_if_asked()
    command("Emulation.setScriptExecutionDisabled", value=False)
    picture("form-post")
    press("main button")
    seen["posted_by_hand"] = words()
    browser.get(app + "/login?response_mode=form_post")
    allow_if_asked()
    WebDriverWait(browser, 30).until(lambda _: browser.current_url == app + "/")
    seen["posted_by_script"] = words()

    # An app that nobody here knows: it registered itself.
    stranger = requests.post(
        issuer + "/oauth/register",
        json={
            "client_name": "Mail Sorter",
            "redirect_uris": ["https://sorter.example.net/callback"],
            "post_logout_redirect_uris": ["https://sorter.example.net/signed-out"],
        },
        timeout=30,
    ).json()
    asking = {
        "response_type": "code",
        "client_id": stranger["client_id"],
        "redirect_uri": "https://sorter.example.net/callback",
        "scope": "openid profile email",
        "state": "s",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    browser.get(issuer + "/oauth/authorize?" + urlencode(asking))
    seen["warns_of_strangers"] = "registered itself" in words()
    picture("consent-unverified")
    in_german("consent-unverified")

    # A request that must not be answered with a redirect.
    browser.get(issuer + "/oauth/authorize?response_type=code&client_id=nobody")
    seen["problem_stays"] = browser.current_url.startswith(issuer)
    picture("problem")

    # A device without a browser.
    device = begin_device()
    browser.get(device["verification_uri"])
    picture("device")
    type_in("user_code", "BCDF-GHJK")
    press("main button")
    picture("device-wrong-code")
    type_in("user_code", device["user_code"])
    press("main button")
    picture("device-confirm")
    press("button[value=allow]")
    picture("device-done")
    seen["device"] = poll(device)
    other = begin_device()
    browser.get(other["verification_uri_complete"])
    press("button[value=deny]")
    picture("device-denied")
    seen["denied"] = poll(other)

    # The account page: end what the app holds.
    browser.get(issuer + "/account")
    picture("account")
    in_german("account")
    browser.get(issuer + "/account")
    rows = [row for row in browser.find_elements(By.CSS_SELECTOR, "li") if "Authlib" in row.text]
    seen["sessions"] = len([row for row in rows if row.find_elements(By.NAME, "session")])
    while has("li form input[name=session]"):
        press("li form:has(input[name=session]) button")
    picture("account-ended")
    seen["after_end"] = profile()

    # Sign out at the server itself.
    browser.get(issuer + "/oauth/logout")
    picture("logout-confirm")
    press("button[value=sign_out]")
    picture("signed-out")
    browser.get(issuer + "/account")
    seen["asks_again"] = has("input[name=password]")

    # An app that registered itself offers its way back as a link only.
    leaving = {
        "client_id": stranger["client_id"],
        "post_logout_redirect_uri": "https://sorter.example.net/signed-out",
    }
    browser.get(issuer + "/oauth/logout?" + urlencode(leaving))
    seen["links_back"] = has("main a[href^='https://sorter.example.net/']")
    picture("signed-out-way-back")

    # Somebody whose password does not stand in the configuration file, and so can be changed.
    subprocess.run(
        [os.environ["MARTLET"], "user", "create", "--config", os.environ["CONFIGURATION"]]
        + ["--username", "grace", "--email", "grace@example.com", "--password-stdin"],
        input=b"a nanosecond of copper wire\n",
        stdout=subprocess.DEVNULL,
        check=True,
    )
    browser.get(issuer)
    seen["front_asks"] = has("input[name=password]")
    sign_in("a nanosecond of copper wire", username="grace")
    picture("account-password")
    type_in("current_password", "a nanosecond of copper wire")
    type_in("next_password", "Stolz und Vorurteil")
    type_in("repeated_password", "Stolz und Vorurteile")
    press("form:has(input[name=current_password]) button")
    picture("account-password-differs")
    type_in("current_password", "a nanosecond of copper wire")
    type_in("next_password", "Stolz und Vorurteil")
    type_in("repeated_password", "Stolz und Vorurteil")
    press("form:has(input[name=current_password]) button")
    seen["changes_password"] = has("[role=status]")
    picture("account-password-changed")

    # Guessing is slowed down.
    browser.delete_all_cookies()
    browser.get(issuer + "/account")
    for guess in range(20):
        sign_in(f"guess {guess}", username="edsger")
        if "Too many attempts" in words():
            break
    seen["slows_guessing"] = "Too many attempts" in words()
    picture("login-too-many-attempts")
except Exception as failure:
    failed(failure)
finally:
    browser.quit()
print(json.dumps(seen))
