"""Serves the built page: files under `/`, with a strict content security policy."""

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PAGE = Path(__file__).resolve().parent.parent / "page"

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Netra Apex</title>
<h1>The page is not built</h1>
<p>From a checkout run <code>python web/build.py</code> and reload. The API and the command line work
without it.</p></html>"""


class PageFiles(StaticFiles):
    """The page's files; built assets carry their hash in the name and may be kept for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve one file with the policy's headers."""
        response = await super().get_response(path, scope)
        response.headers["content-security-policy"] = CONTENT_SECURITY_POLICY
        kept = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        response.headers["cache-control"] = kept
        return response


def mount_page(app: FastAPI, directory: Path = PAGE) -> None:
    """Serve the page at `/`, or say how to build it. Mounted last: everything else has its own path."""
    if (directory / "index.html").exists():
        app.mount("/", PageFiles(directory=directory, html=True), name="page")
        return

    @app.get("/", include_in_schema=False)
    async def say_not_built() -> Response:  # pyright: ignore[reportUnusedFunction]
        return HTMLResponse(NOT_BUILT, status_code=503)
