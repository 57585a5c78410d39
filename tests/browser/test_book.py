#!/usr/bin/env python3
"""Tests the pages of the lecture's book in headless Chromium: layout, console, links, search, contrast, accessibility.

    tests/browser/test_book.py <folder of the book>

Prints one line per fault; the last line counts. Without Chromium, its driver or Selenium, everything is skipped and counted.
With axe-core (npm install -g axe-core, or AXE=file), its rules for WCAG A and AA are checked on every page but book.html."""
import functools
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import time

book = pathlib.Path(sys.argv[1]).resolve()
try:
    from selenium import webdriver
    from selenium.common.exceptions import TimeoutException
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait
except ImportError:
    webdriver = None
if webdriver is None or not shutil.which("chromium") or not shutil.which("chromedriver"):
    print("SKIPPED: Chromium, chromedriver or Selenium is missing (make deps-browser)\n0 passed, 0 failed, 1 skipped")
    sys.exit(0)

passed, failed, skipped = 0, 0, 0


def expect(what, holds, found=""):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"browser: {what}: {str(found)[:300]}")


def start(profile):
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}", "--allow-file-access-from-files"):
        options.add_argument(word)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's sandbox refuses root
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=webdriver.chrome.service.Service(shutil.which("chromedriver")), options=options)
    driver.set_page_load_timeout(120)
    driver.set_script_timeout(600)  # axe-core on the whole book
    return driver


# Seconds until the first paint with content; -1 before it.
PAINTED = "const paint = performance.getEntriesByName('first-contentful-paint')[0]; return paint ? paint.startTime / 1000 : -1"


def check_speed(driver, page):
    """The contents are painted within 1 s, a part within 2 s, and nothing is loaded from elsewhere."""
    if page.name == "index.html" or page.name[0].isdigit():
        most = 1 if page.name == "index.html" else 2
        for _ in range(100):
            seconds = driver.execute_script(PAINTED)
            if seconds >= 0:
                break
            time.sleep(0.05)
        expect(f"{page.name}: painted within {most} s", 0 <= seconds < most, f"{seconds} s")
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    loaded = [event["params"]["request"]["url"] for event in events
              if event["method"] == "Network.requestWillBeSent" and event["params"]["documentURL"].startswith(page.as_uri())]
    elsewhere = [url for url in loaded if not url.startswith((book.as_uri(), "data:"))]
    expect(f"{page.name}: loads the page itself", page.as_uri() in loaded, loaded)
    expect(f"{page.name}: loads nothing from elsewhere", not elsewhere, elsewhere)


def resize(driver, width, scheme):
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


# Faults that a page can find itself: elements wider than the page, broken pictures, repeated ids, low contrast, skipped headings.
CHECKS = """
const faults = [], page = document.documentElement;
if (page.scrollWidth > page.clientWidth) {
  const wide = [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > page.clientWidth + 1 &&
    !one.closest(".scroll, pre, .display"));
  faults.push("scrolls sideways: " + (wide[0] || page).outerHTML.slice(0, 150));
}
for (const image of document.images) if (image.complete && image.naturalWidth === 0) faults.push("broken picture " + image.src);
for (const image of document.images) if (!image.alt) faults.push("picture without a text " + image.src);
const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
ids.forEach((id, i) => { if (ids.indexOf(id) !== i) faults.push("repeated id " + id); });
for (const link of document.querySelectorAll("a[href^='#']"))
  if (!document.getElementById(decodeURIComponent(link.hash.slice(1)))) faults.push("link to no place: " + link.hash);
const color = (words) => words.match(/[\\d.]+/g).map(Number);
const light = (rgb) => rgb.slice(0, 3).map((v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const behind = (one) => { for (; one; one = one.parentElement) { const c = color(getComputedStyle(one).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
const seen = new Set();
for (const one of document.querySelectorAll("main *, header *, footer *")) {
  if (![...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) || !one.getClientRects().length) continue;
  const key = one.tagName + one.className + (one.parentElement ? one.parentElement.className : "");
  if (seen.has(key)) continue;
  seen.add(key);
  const a = light(color(getComputedStyle(one).color)), b = light(behind(one));
  const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (contrast < 4.5) faults.push("contrast " + contrast.toFixed(2) + ": " + one.outerHTML.slice(0, 100));
}
let level = 0;
for (const one of document.querySelectorAll("main h1, main h2, main h3, main h4")) {
  const next = Number(one.tagName[1]);
  if (next > level + 1) faults.push("a heading skips a level: " + one.textContent.slice(0, 60));
  level = next;
}
return faults;
"""


@functools.cache
def ids_of(file):
    return set(re.findall(r' id="([^"]*)"', pathlib.Path(file).read_text())) if os.path.isfile(file) else set()


def place_of(file, place):
    """The id that a link leads to; the studio has panels: "#gan?seed=3" leads to panel-gan."""
    return "panel-" + place.split("?")[0] if pathlib.Path(file).parent.name == "studio" else place


def check_page(driver, page):
    driver.get_log("performance")  # of the page before
    driver.get(page.as_uri())
    check_speed(driver, page)
    for width, scheme in ((1400, "light"), (1400, "dark"), (390, "light"), (390, "dark")):
        resize(driver, width, scheme)
        faults = driver.execute_script(CHECKS)
        expect(f"{page.name}, {width} px, {scheme}", not faults, faults)
    messages = [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    expect(f"{page.name}: no messages on the console", not messages, messages)
    links = driver.execute_script("return [...document.links].filter((a) => a.protocol === 'file:').map((a) => decodeURIComponent(a.pathname))")
    missing = sorted({link for link in links if not os.path.exists(link)})
    expect(f"{page.name}: every link leads to a file", not missing, missing)
    places = driver.execute_script("return [...document.links].filter((a) => a.protocol === 'file:' && a.hash).map((a) => "
                                   "[decodeURIComponent(a.pathname), decodeURIComponent(a.hash.slice(1))])")
    lost = sorted({f"{file}#{place}" for file, place in places if place_of(file, place) not in ids_of(file)})
    expect(f"{page.name}: every link leads to a place", not lost, lost)
    if axe and page.name != "book.html":  # it repeats the other pages, which takes axe-core minutes
        driver.execute_script(axe)
        faults = driver.execute_async_script(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']}).then((r) => arguments[0](r.violations.map((v) => v.id + ': ' + v.nodes[0].html)))")
        expect(f"{page.name}: axe-core", not faults, faults)


def check_search(driver):
    driver.get((book / "index.html").as_uri())
    field = driver.find_element(By.ID, "search")
    found = driver.find_element(By.ID, "found")
    expect("the results must be hidden at first", not found.is_displayed())
    field.send_keys("autoencoder")
    links = found.find_elements(By.TAG_NAME, "a")
    expect("the search must find the autoencoders", links and "autoencoder" in found.text.lower(), found.text)
    for words, section in (("reparameterization", "#10_"), ("KL", "#08_"), ("mode collapse", "#24_"), ("reparameterisation", "#10_"), ("reparameteriz", "#10_")):
        field.clear()
        field.send_keys(words)
        first = next(iter(found.find_elements(By.TAG_NAME, "a")), None)
        address = first.get_attribute("href") if first else ""
        title = first.text if first else ""
        expect(f"the search for '{words}' must find section {section[1:3]} first", section[1:3] == title[:2], f"{title} {address}")
    field.send_keys(" qqqqq")
    expect("words that are nowhere must find nothing", "Nothing found" in found.text, found.text)
    field.send_keys(Keys.ESCAPE)
    expect("Escape must close the results", not found.is_displayed())
    field.send_keys("<img src=x onerror=document.title='broken'>")
    expect("a search must not become HTML", driver.title != "broken", driver.title)
    driver.find_element(By.ID, "search").clear()
    field.send_keys("errors")
    field.send_keys(Keys.ENTER)
    expect("Enter must lead to the first result", "index.html" not in driver.current_url, driver.current_url)
    driver.get((book / "errata.html").as_uri())
    driver.find_element(By.TAG_NAME, "body").send_keys("/")
    expect("/ must lead to the search", driver.switch_to.active_element.get_attribute("id") == "search")


def wait(driver, condition):
    """The first value of the condition that is true, within 10 s; else None."""
    try:
        return WebDriverWait(driver, 10).until(lambda _: condition())
    except TimeoutException:
        return None


def check_studio(driver):
    """A section shows its panel of the studio in place, but not before the reader opens it."""
    driver.get((book / "3_variational.html").as_uri())
    for width in (1400, 390):
        resize(driver, width, "light")
        for section, address in (("12_manifold", "#latent"), ("16_beta_vae", "#latent?model=beta4")):
            box = driver.find_element(By.CSS_SELECTOR, f"[id='{section}'] .studio")
            link, frame = box.find_element(By.TAG_NAME, "a"), box.find_element(By.TAG_NAME, "iframe")
            expect(f"{section}: the link must lead to the panel", link.get_attribute("href") == (book.parent / "studio/index.html").as_uri() + address,
                   link.get_attribute("href"))
            if width == 1400:
                expect(f"{section}: a closed panel must not be loaded", not frame.get_attribute("src") and not frame.is_displayed(), frame.get_attribute("src"))
                box.find_element(By.TAG_NAME, "summary").send_keys(Keys.ENTER)
            expect(f"{section}: an opened panel must be loaded", wait(driver, lambda: frame.get_attribute("src")))
            size = frame.rect
            expect(f"{section}, {width} px: the opened panel must be seen", frame.is_displayed() and size["height"] > 500 and 250 < size["width"] <= width, size)
            driver.switch_to.frame(frame)
            shown = wait(driver, lambda: driver.find_elements(By.TAG_NAME, "h1") and driver.execute_script("return location.hash"))
            expect(f"{section}: the frame must show the panel", (shown or "").startswith(address), shown)
            driver.switch_to.default_content()
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    expect("print must not show frames", not any(one.is_displayed() for one in driver.find_elements(By.CSS_SELECTOR, ".studio, iframe")))
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    messages = [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    expect("panels in place: no messages on the console", not messages, messages)


places = [os.environ.get("AXE", ""), "/usr/share/nodejs/axe-core/axe.min.js", "/usr/lib/node_modules/axe-core/axe.min.js",
          "/usr/local/lib/node_modules/axe-core/axe.min.js"]
axe = next((pathlib.Path(place).read_text() for place in places if place and os.path.isfile(place)), "")
if not axe:
    skipped += 1
    print("SKIPPED: axe-core is not installed")
with tempfile.TemporaryDirectory() as scratch:
    browser = start(scratch)
    try:
        pages = sorted(page for page in book.glob("*.html"))
        expect("there are pages", len(pages) >= 5, pages)
        for one in pages:
            check_page(browser, one)
        for folder in ("code", "more"):
            for one in sorted((book / folder).glob("*.html"))[:3]:
                check_page(browser, one)
        check_search(browser)
        if (book.parent / "studio/index.html").exists():
            check_studio(browser)
        else:
            skipped += 1
            print("SKIPPED: there is no studio beside the book")
    finally:
        browser.quit()
print(f"browser: {passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
sys.exit(failed > 0)
