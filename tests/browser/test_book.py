#!/usr/bin/env python3
"""Tests the pages of the lecture's book in headless Chromium: layout, console, links, search, contrast, accessibility.

    tests/browser/test_book.py <folder of the book>"""
import functools
import json
import os
import pathlib
import re
import sys
import tempfile

import chromium
from chromium import CHECKS, expect, resize, wait_for
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

book = pathlib.Path(sys.argv[1]).resolve()


def check_speed(driver, page):
    """The contents are painted within 1 s, a part within 2 s, and nothing is loaded from elsewhere."""
    if page.name == "index.html" or page.name[0].isdigit():
        most = 1 if page.name == "index.html" else 2
        seconds = [chromium.first_paint(driver)]
        while not 0 <= seconds[-1] < most and len(seconds) < 3:  # a busy machine may be late once
            driver.refresh()
            seconds.append(chromium.first_paint(driver))
        expect(f"{page.name}: painted within {most} s", 0 <= seconds[-1] < most, seconds)
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    loaded = [event["params"]["request"]["url"] for event in events
              if event["method"] == "Network.requestWillBeSent" and event["params"]["documentURL"].startswith(page.as_uri())]
    elsewhere = [url for url in loaded if not url.startswith((book.as_uri(), "data:"))]
    expect(f"{page.name}: loads the page itself", page.as_uri() in loaded, loaded)
    expect(f"{page.name}: loads nothing from elsewhere", not elsewhere, elsewhere)


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
    said = chromium.messages(driver)
    expect(f"{page.name}: no messages on the console", not said, said)
    links = driver.execute_script("return [...document.links].filter((a) => a.protocol === 'file:').map((a) => decodeURIComponent(a.pathname))")
    missing = sorted({link for link in links if not os.path.exists(link)})
    expect(f"{page.name}: every link leads to a file", not missing, missing)
    places = driver.execute_script("return [...document.links].filter((a) => a.protocol === 'file:' && a.hash).map((a) => "
                                   "[decodeURIComponent(a.pathname), decodeURIComponent(a.hash.slice(1))])")
    lost = sorted({f"{file}#{place}" for file, place in places if place_of(file, place) not in ids_of(file)})
    expect(f"{page.name}: every link leads to a place", not lost, lost)
    if page.name != "book.html":  # it repeats the other pages, which takes axe-core minutes
        chromium.check_with_axe(driver, page.name)


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


# Where the panel of a section comes from; empty before it is opened.
SOURCE = "return document.querySelector(\"[id='{}'] .studio iframe\").getAttribute('src')"


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
            expect(f"{section}: an opened panel must be loaded", wait_for(driver, SOURCE.format(section), 10))
            size = frame.rect
            expect(f"{section}, {width} px: the opened panel must be seen", frame.is_displayed() and size["height"] > 500 and 250 < size["width"] <= width, size)
            driver.switch_to.frame(frame)
            shown = wait_for(driver, "return document.querySelector('h1') && location.hash", 10)
            expect(f"{section}: the frame must show the panel", (shown or "").startswith(address), shown)
            driver.switch_to.default_content()
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    expect("print must not show frames", not any(one.is_displayed() for one in driver.find_elements(By.CSS_SELECTOR, ".studio, iframe")))
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    said = chromium.messages(driver)
    expect("panels in place: no messages on the console", not said, said)


with tempfile.TemporaryDirectory() as scratch:
    browser = chromium.start(scratch)
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
            chromium.skipped += 1
            print("SKIPPED: there is no studio beside the book")
    finally:
        browser.quit()
chromium.finish()
