"""Chromium for the tests of pages."""

from contextlib import contextmanager

from playwright.sync_api import sync_playwright


@contextmanager
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def fresh_page(browser):
    """A page on which nothing may go wrong unseen."""
    context = browser.new_context()
    context.set_default_timeout(60_000)
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert problems == []


def choose_by_keyboard(page):
    """The file chooser that the space bar opens on what has the focus."""
    # Playwright does not wait until Chromium knows that somebody listens: a key that comes first opens a dialog that
    # nobody sees.
    page.on("filechooser", lambda _: None)
    page.evaluate("document.activeElement.type")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    return chooser.value
