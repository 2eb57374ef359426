"""The built site in a browser: it needs no network, fits screens and phones, and its search finds.

`python -m pytest -n 0 -m site tests/site` runs these tests on docs/build/html, which
`bash docs/build.sh` makes. They need Chromium, chromedriver and selenium. Pictures of all pages are
written to the folder in the environment variable GMMX_SCREENSHOTS, if it is set.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.site

HTML = Path(__file__).resolve().parents[2] / "docs" / "build" / "html"
SCREENS = {"desktop": (1280, 900), "phone": (390, 844)}
PAGES = {
    "home": "index.html",
    "tutorial": "tutorials/[!i]*.html",
    "explanation": "explanations/[!i]*.html",
    "how-to": "choosing_the_model.html",
    "gallery": "auto_gallery/index.html",
    "example": "auto_gallery/*/plot_*.html",
    "api": "api/generated/gmmx.GaussianMixture.html",
    "benchmarks": "benchmarks.html",
}
BROKEN_IMAGES = """
const images = [...document.images];
images.forEach(image => { image.loading = "eager"; });
Promise.allSettled(images.map(image => image.decode())).then(
  () => arguments[0](images.filter(image => image.naturalWidth === 0).map(image => image.src)));
"""
WIDTHS = "const e = document.documentElement; return [e.scrollWidth, e.clientWidth];"
# Titles, text and pictures that the right edge of the screen cuts off.
CUT_OFF = """
const boxes = "pre, table, .math, .pst-scrollable-table-container";
const names = ["h1", "h2", "h3", "p", "img"].map(n => `article ${n}`);
return [...document.querySelectorAll([...names, ".bd-sidebar-secondary code"])]
  .filter(e => e.offsetParent !== null && !e.closest(boxes))
  .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display === "block"
               || e.getBoundingClientRect().right > window.innerWidth + 1)
  .map(e => e.outerHTML.slice(0, 100));
"""
# Distances of formulas from the left and the right end of their boxes.
GAPS = """
return [...document.querySelectorAll("div.math")].map(box => {
  const [outer, inner] = [box, box.firstElementChild].map(e => e.getBoundingClientRect());
  return [inner.left - outer.left, outer.right - inner.right];
});
"""
# The menu of versions reads this file of the published site, which the browser does not reach.
MENU_OF_VERSIONS = re.compile(r"https?://\S+/switcher\.json - ")
BACKGROUND = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);"


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and prints nothing."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    """Serve the built site, and return its address."""
    if not (HTML / "index.html").exists():
        pytest.fail(f"{HTML} holds no site: run `bash docs/build.sh` first")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=HTML))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    """Return a headless Chromium that reaches no other machine."""
    from selenium import webdriver

    chromium = next(filter(None, map(shutil.which, ["chromium", "google-chrome"])), None)
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.fail("needs Chromium and its driver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options, webdriver.ChromeService(driver))
    chrome.set_page_load_timeout(60)
    yield chrome
    chrome.quit()


def path_of(pattern):
    """Return the path of the first page that matches a pattern."""
    return min(HTML.glob(pattern)).relative_to(HTML).as_posix()


def show(browser, url, *, screen="desktop", mode="light"):
    """Open a page on a screen of a size, in a light or dark mode."""
    width, height = SCREENS[screen]
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1}
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {**metrics, "mobile": screen == "phone"}
    )
    media = {"name": "prefers-color-scheme", "value": mode}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [media]})
    browser.get_log("browser")  # forget the messages of earlier pages
    browser.get(url)


def complaints(browser):
    """Return warnings and errors in the console since the page was opened."""
    entries = browser.get_log("browser")
    messages = [entry["message"] for entry in entries if entry["level"] in {"WARNING", "SEVERE"}]
    return [message for message in messages if not MENU_OF_VERSIONS.match(message)]


def save_screenshot(browser, name):
    folder = os.environ.get("GMMX_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(Path(folder, f"{name}.png")))


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("page", PAGES)
def test_page_is_complete_and_fits_its_screen(browser, address, page, screen, mode):
    show(browser, f"{address}/{path_of(PAGES[page])}", screen=screen, mode=mode)
    broken = browser.execute_async_script(BROKEN_IMAGES)
    save_screenshot(browser, f"{page}-{screen}-{mode}")
    assert broken == []
    assert complaints(browser) == []
    scrolled, visible = browser.execute_script(WIDTHS)
    assert scrolled <= visible
    assert visible == SCREENS[screen][0] or screen == "desktop"  # a scroll bar has a width there
    assert browser.execute_script(CUT_OFF) == []
    is_dark = sum(browser.execute_script(BACKGROUND)[:3]) < 3 * 128
    assert is_dark == (mode == "dark")


def test_formulas_are_centered(browser, address):
    show(browser, f"{address}/explanations/em.html")
    gaps = browser.execute_script(GAPS)
    assert len(gaps) > 1
    assert [gap for gap in gaps if abs(gap[0] - gap[1]) > 1] == []


def test_no_page_loads_a_file_from_another_machine():
    loading = re.compile(r"""<(?:script|img|link)\b[^>]*?\b(?:src|href)=["'](?:https?:)?//[^>]*>""")
    pages = sorted(HTML.rglob("*.html"))
    found = {page.name: loading.findall(page.read_text(encoding="utf-8")) for page in pages}
    assert {name: tags for name, tags in found.items() if tags} == {}


@pytest.mark.parametrize(
    ("page", "target"),
    [
        # a name in Markdown, in a docstring, and as the type of a result
        ("choosing_the_model.html", "api/generated/gmmx.GaussianMixtureIC.html"),
        ("api/generated/gmmx.plotting.BootstrapDisplay.html", "gmmx.bootstrap.html"),
        ("api/generated/gmmx.bootstrap.html", "gmmx.uncertainty.bootstrap_result"),
        # the scripts of the gallery that use a function or a display
        ("api/generated/gmmx.merge_components.html", "auto_gallery/choosing/plot_merge_components"),
        ("api/generated/gmmx.plotting.MixtureDisplay.html", "auto_gallery/"),
    ],
)
def test_a_page_leads_to_the_api_and_the_api_to_the_gallery(page, target):
    article = re.search(r"<article.*?</article>", (HTML / page).read_text("utf-8"), re.DOTALL)[0]
    assert re.search(f'href="[^"]*{re.escape(target)}', article)


def test_search_finds_sample_weight(browser, address):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    show(browser, f"{address}/search.html?q=sample_weight")
    # The page adds one result after the other.
    page_on_weights = (By.CSS_SELECTOR, "#search-results ul.search li a[href*='weights.html']")
    WebDriverWait(browser, 30).until(lambda driver: driver.find_elements(*page_on_weights))
    save_screenshot(browser, "search")
    assert complaints(browser) == []
