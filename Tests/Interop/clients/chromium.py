"""Headless Chromium, started when this is imported, with what every walk through pages does: presses
buttons, waits for what they bring, keeps pictures, and notes in `seen` what a person could not use.

Environment: PICTURES (a folder).
"""

import base64
import os
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

pictures = Path(os.environ["PICTURES"])
pictures.mkdir(parents=True, exist_ok=True)
WIDTHS = [390, 1280]
# What a page must not do for any reader: scroll sideways, have an input without a name, show
# what is hidden, lack its language, its title or its one main heading.
FAULTS = """
    const faults = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) faults.push('wider than the window');
    if (!root.lang) faults.push('no language');
    if (!document.title.trim()) faults.push('no title');
    if (document.querySelectorAll('h1').length !== 1) faults.push('not one main heading');
    if (!document.querySelector('main')) faults.push('no main part');
    for (const field of document.querySelectorAll('input:not([type=hidden]):not([hidden])'))
        if (!field.labels.length && !field.ariaLabel) faults.push('unlabelled: ' + field.name);
    for (const thing of document.querySelectorAll('[hidden]'))
        if (thing.offsetParent !== null) faults.push('seen though hidden: ' + thing.outerHTML);
    for (const thing of document.querySelectorAll('button, a, summary'))
        if (!(thing.ariaLabel || thing.textContent).trim()) faults.push('nameless ' + thing.tagName);
    if (document.querySelector('[style], style, script:not([src])')) faults.push('inline code');
    return faults;
"""

options = webdriver.ChromeOptions()
options.binary_location = "/usr/bin/chromium"
for argument in [
    "--headless=new",
    # Containers run the tests as root, whom Chromium's sandbox refuses.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--hide-scrollbars",
    "--lang=en-GB",
]:
    options.add_argument(argument)
options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
browser.set_page_load_timeout(30)
seen = {"pictures": [], "faults": [], "console": []}


def command(name, **parameters):
    return browser.execute_cdp_cmd(name, parameters)


def look(width, scheme="light"):
    height = 844 if width == 390 else 900
    command(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=1,
        mobile=width == 390,
    )
    command(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-color-scheme", "value": scheme}],
    )


def picture(name):
    """Keeps what a person sees of this page, and notes what a person could not use."""
    seen["pictures"].append(name)
    for width in WIDTHS:
        for scheme in ["light", "dark"]:
            look(width, scheme)
            shot = command("Page.captureScreenshot", captureBeyondViewport=True)
            suffix = "-dark" if scheme == "dark" else ""
            file = pictures / f"{name}-{width}{suffix}.png"
            file.write_bytes(base64.b64decode(shot["data"]))
        look(width)
        seen["faults"] += [f"{name} at {width}: {fault}" for fault in browser.execute_script(FAULTS)]
    for line in browser.get_log("browser"):
        # An answer that is no page is told on the console too; only what the page did counts.
        if "favicon" not in line["message"] and "Failed to load resource" not in line["message"]:
            seen["console"].append(f"{name}: {line['message']}")


def find(selector):
    return browser.find_element(By.CSS_SELECTOR, selector)


def has(selector):
    return bool(browser.find_elements(By.CSS_SELECTOR, selector))


def press(selector):
    """Presses a button and waits until its page is gone."""
    page = find("html")
    find(selector).click()
    WebDriverWait(browser, 30).until(lambda _: is_gone(page))
    WebDriverWait(browser, 30).until(
        lambda _: browser.execute_script("return document.readyState") == "complete"
    )


def is_gone(element):
    try:
        element.is_enabled()
        return False
    except Exception:
        return True


def failed(failure):
    """Keeps what there is to see of a walk that did not come to its end."""
    (pictures / "failure.png").write_bytes(browser.get_screenshot_as_png())
    seen["console"] += [line["message"] for line in browser.get_log("browser")]
    seen["failure"] = f"{failure}\nat {browser.current_url}\n{words()[:2000]}"


def words():
    return find("body").text


def type_in(name, text):
    field = find(f"input[name={name}]")
    field.clear()
    field.send_keys(text)
