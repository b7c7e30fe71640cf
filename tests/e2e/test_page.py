"""The page in a real browser: one person's whole journey over a real server."""

import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from netra.cli.generating import GenerateRequest, generate_files
from testkit.live_server import ROOT, LiveServer

pytestmark = pytest.mark.protects("W7")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "a quiet analytical engine"
QUESTION = "Cut our spend by 20 % without losing quality. What would you change?"
PATIENCE_MS = 60_000


@dataclass
class Visit:
    """A browser on the page, and what it complained about or asked of other places."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def built_page() -> None:
    """The page as built from the sources that are here."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "web" / "build.py"), "--if-stale"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the page cannot be built here: {done.stderr.strip()[-300:]}")


@pytest.fixture
def visit(built_page: None, live_server: LiveServer) -> Generator[Visit]:
    """A fresh browser profile at the sign-in."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"no browser on the PATH (looked for {', '.join(BROWSERS)})")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        visit = Visit(page)

        def hear(message: Any) -> None:
            # The browser itself reports the 401 by which the page learns that nobody is signed in yet.
            if message.type in {"error", "warning"} and "401" not in message.text:
                visit.complaints.append(message.text)

        page.on("console", hear)
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                visit.elsewhere.append(request.url)
                if not request.url.startswith((live_server.url, "blob:", "data:"))
                else None
            ),
        )
        page.goto(live_server.url)
        yield visit
        browser.close()


@pytest.fixture(scope="module")
def usage_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month of calls with one line that is not a call."""
    request = GenerateRequest(tmp_path_factory.mktemp("usage"), profile={"calls": 2_000})
    calls = generate_files(request).calls
    with calls.open("a", encoding="utf-8") as file:
        file.write('{"call_id": "bad", "ts": "yesterday", "input_tokens": 1}\n')
    return calls


def sign_up(page: Page) -> None:
    """Open an account from the sign-in page."""
    page.get_by_role("button", name="Create an account").click()
    page.get_by_label("Email").fill(f"{uuid.uuid4().hex}@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="What do you want to know")).to_be_visible()


def import_usage(page: Page, file: Path) -> None:
    """Send a file from the empty usage page; one row is rejected with its reason."""
    page.get_by_role("link", name="Usage").click()
    expect(page.get_by_text("Nothing has been imported into this workspace")).to_be_visible()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator(".import-done")).to_contain_text("1 rejected")
    expect(page.locator(".import-done .rejects tbody")).to_contain_text("yesterday")
    expect(page.locator(".import-done .data-findings")).to_contain_text("1 row · ts")
    page.get_by_role("link", name="Data quality of").click()
    expect(page.locator(".data-findings")).to_contain_text("Correct the values")
    expect(page.locator(".pager")).to_contain_text("1 to 1 of 1 rejected rows")
    page.go_back()
    expect(page.get_by_role("heading", name="By model")).to_be_visible()
    expect(page.locator(".recharts-surface").first).to_be_visible()


def open_figure(page: Page) -> str:
    """Open what is behind the first figure of the answer, come back by the keyboard; the figure's address."""
    figure = page.locator(".answer li .figure-value").first
    figure.click()
    panel = page.get_by_role("dialog", name="Behind the figure")
    expect(panel).to_be_focused()
    for fact in ("Rows read", "Period", "SELECT", "measures"):
        expect(panel).to_contain_text(fact)
    number = panel.locator(".facts .mono").last.inner_text()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(figure).to_be_focused()
    return number


def fits(page: Page) -> bool:
    """Whether nothing stands out to the side."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def sign_in_wrongly_then_up(page: Page) -> None:
    """A wrong password is told; after signing up, no credential lies where scripts could read it."""
    page.get_by_label("Email").fill("nobody@example.org")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    sign_up(page)
    kept = page.evaluate("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])")
    assert "netra_refresh" not in kept
    assert "eyJ" not in kept


def see_it_narrow_and_dark(page: Page) -> None:
    """Everything fits a telephone in the dark; then the window is wide again."""
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark")
    assert fits(page)
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Reports").click()
    expect(page.locator(".report-list li").first).to_be_visible()
    assert fits(page)
    page.set_viewport_size({"width": 1280, "height": 900})


@pytest.mark.timeout(240)
def test_from_an_empty_workspace_to_a_report(visit: Visit, live_server: LiveServer, usage_file: Path) -> None:
    page = visit.page

    sign_in_wrongly_then_up(page)
    import_usage(page, usage_file)

    page.get_by_role("link", name="New question").click()
    expect(page.locator(".data-line")).to_contain_text("calls")
    page.get_by_label("Your question").fill(QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"#/threads/thr_"))
    page.reload()
    expect(page.get_by_role("heading", name=QUESTION, level=2)).to_be_visible()
    expect(page.get_by_role("link", name="Open the report")).to_be_visible()

    page.get_by_role("button", name=re.compile("^Done")).click()
    timeline = page.get_by_role("list", name="What the agents did")
    for agent in ("Supervisor", "Triage", "Optimization", "Report"):
        expect(timeline.locator(".agent-name", has_text=agent)).to_have_count(1)
    assert timeline.locator(".agent .agent").count() >= 3
    assert timeline.evaluate("list => list.offsetWidth <= list.closest('.turns').clientWidth")

    number = open_figure(page)
    page.get_by_role("link", name="Open the report").click()
    expect(page.get_by_role("heading", name="Findings")).to_be_visible()
    expect(page.locator(".charts .recharts-surface").first).to_be_visible()
    expect(page.locator(".findings .chip", has_text="recommend").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML").click()
    assert "Findings" in Path(download.value.path()).read_text(encoding="utf-8")

    page.locator("a.button", has_text="Conversation").click()
    page.get_by_label("Your question").fill("The first of those: what exactly do I change?")
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn").last.locator(".answer")).not_to_be_empty()
    expect(page.locator(".turn").last.get_by_role("button", name=re.compile("^Done"))).to_be_visible()

    see_it_narrow_and_dark(page)
    run = page.evaluate(
        """async () => {
            const session = await (await fetch('/v1/auth/refresh', {method: 'POST'})).json();
            const ask = async (path) => (await fetch(path, {
                headers: {Authorization: `Bearer ${session.access_token}`}})).json();
            const thread = (await ask('/v1/threads')).items[0];
            return (await ask(`/v1/threads/${thread.id}`)).runs[0].id;
        }"""
    )
    page.goto(f"{live_server.url}/#/figures/{run}/{number}")
    page.reload()
    expect(page.locator(".figure-big")).to_be_visible()

    page.get_by_role("button", name=re.compile("^Account")).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    assert visit.complaints == []
    assert visit.elsewhere == []
