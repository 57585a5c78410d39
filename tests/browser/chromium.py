"""Headless Chromium, and the checks of a page, for the tests in this folder.

Prints one line per fault; finish() counts. Without Chromium, its driver or Selenium, everything is skipped and counted.
With axe-core (npm install -g axe-core, or AXE=file), its rules for WCAG A and AA are checked as well."""
import os
import pathlib
import shutil
import sys
import time

try:
    from selenium import webdriver
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


def finish():
    print(f"browser: {passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(failed > 0)


def start(profile):
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", f"--user-data-dir={profile}", "--allow-file-access-from-files"):
        options.add_argument(word)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's sandbox refuses root
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=webdriver.chrome.service.Service(shutil.which("chromedriver")), options=options)
    driver.set_page_load_timeout(120)
    driver.set_script_timeout(600)  # axe-core on the whole book
    return driver


def wait_for(driver, script, seconds):
    """The first value of the script that is true, or its last one after some seconds."""
    end = time.time() + seconds
    while True:
        value = driver.execute_script(script)
        if value or time.time() > end:
            return value
        time.sleep(0.05)


def first_paint(driver):
    """Seconds until the first paint with content; -1 without one."""
    script = "const paint = performance.getEntriesByName('first-contentful-paint')[0]; return paint ? paint.startTime / 1000 : 0"
    return wait_for(driver, script, 5) or -1


def resize(driver, width, scheme):
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


def messages(driver):
    """What the page has written on the console since the last call."""
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


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
  if (one.closest("[hidden]")) continue;
  const next = Number(one.tagName[1]);
  if (next > level + 1) faults.push("a heading skips a level: " + one.textContent.slice(0, 60));
  level = next;
}
return faults;
"""

places = [os.environ.get("AXE", ""), "/usr/share/nodejs/axe-core/axe.min.js", "/usr/lib/node_modules/axe-core/axe.min.js",
          "/usr/local/lib/node_modules/axe-core/axe.min.js"]
axe = next((pathlib.Path(place).read_text() for place in places if place and os.path.isfile(place)), "")
if not axe:
    skipped += 1
    print("SKIPPED: axe-core is not installed")


def check_with_axe(driver, name):
    if not axe:
        return
    driver.execute_script(axe)
    faults = driver.execute_async_script(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']}).then((r) => arguments[0](r.violations.map((v) => v.id + ': ' + v.nodes[0].html)))")
    expect(f"{name}: axe-core", not faults, faults)
