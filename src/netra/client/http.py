"""NetraClient: requests to a server's HTTP surface, with credentials, typed errors and streamed progress."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeAlias, cast

import httpx
import orjson

from netra.client.errors import ApiError, UnauthorizedError, UnreachableError, api_error

JsonObject: TypeAlias = dict[str, Any]
Body: TypeAlias = bytes | AsyncIterator[bytes]
OnProgress: TypeAlias = Callable[[JsonObject], None]

NDJSON = "application/x-ndjson"


class NetraClient:
    """One server, one credential, one workspace.

    `api_key` and `access_token` are alternatives; after `sign_in` the client renews its access token by
    itself. `workspace` is a workspace's id or name, None for the personal one (an API key names its own).
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        access_token: str | None = None,
        workspace: str | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.workspace = workspace
        self._bearer = api_key or access_token
        self._refresh_token: str | None = None
        self._http = httpx.AsyncClient(
            base_url=self.base_url, timeout=httpx.Timeout(timeout_s, connect=10.0), trust_env=False
        )

    async def __aenter__(self) -> NetraClient:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def sign_up(self, email: str, password: str, name: str | None = None) -> JsonObject:
        """Create an account and act as it from now on; the session as the server gave it."""
        body = _given({"email": email, "password": password, "name": name})
        await self.request("POST", "/v1/auth/sign-up", json=body)
        return await self.sign_in(email, password)

    async def sign_in(self, email: str, password: str) -> JsonObject:
        """Act as this account from now on; the session as the server gave it."""
        return await self._open_session("/v1/auth/sign-in", {"email": email, "password": password})

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        content: Body | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Any:
        """The decoded JSON answer (None when empty, text when it is not JSON); ApiError for a problem
        response. `timeout_s`: for work that may take longer than the client waits otherwise.
        """
        parts: dict[str, Any] = {"json": json, "params": params, "content": content, "headers": headers}
        if timeout_s is not None:
            parts["timeout"] = httpx.Timeout(timeout_s, connect=10.0)
        response = await self._send(method, path, **parts)
        if not response.content:
            return None
        if "json" in response.headers.get("content-type", ""):
            return orjson.loads(response.content)
        return response.text

    async def get(self, path: str, **params: Any) -> Any:
        """GET with query parameters; those that are None are left out."""
        return await self.request("GET", path, params=_given(params))

    async def post(self, path: str, body: Any = None) -> Any:
        """POST a JSON body."""
        return await self.request("POST", path, json={} if body is None else body)

    async def download(
        self, path: str, write: Callable[[bytes], object], *, params: Mapping[str, Any] | None = None
    ) -> Mapping[str, str]:
        """GET a file, handing its pieces to `write` as they come; the headers it came with."""
        request = self._http.build_request(
            "GET", path, params=_given(params or {}), headers=self._headers(), timeout=None
        )
        try:
            response = await self._http.send(request, stream=True)
            try:
                if response.status_code >= 400:
                    raise _error_of(response.status_code, await response.aread())
                async for piece in response.aiter_bytes():
                    write(piece)
                return response.headers
            finally:
                await response.aclose()
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    async def pages(self, path: str, **params: Any) -> AsyncIterator[JsonObject]:
        """Every item of a cursor-paged listing, in the server's order."""
        cursor: str | None = None
        while True:
            page = cast("JsonObject", await self.get(path, **{**params, "cursor": cursor}))
            for item in page["items"]:
                yield item
            cursor = page.get("next_cursor")
            if not cursor:
                return

    async def stream_progress(
        self,
        path: str,
        *,
        on_progress: OnProgress | None = None,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        content: Body | None = None,
    ) -> JsonObject:
        """POST long work that answers in JSON lines: `on_progress` gets each progress line, the result is
        returned.

        Used by imports (`content` is the raw file) and optimize (`json`). ApiError when the work fails,
        also in the middle; UnreachableError when the answer ends without a result.
        """
        request = self._http.build_request(
            "POST",
            path,
            json=json if content is None else None,
            content=content,
            params=_given(params or {}),
            headers={**self._headers(), "accept": NDJSON},
            timeout=httpx.Timeout(None, connect=10.0),
        )
        try:
            response = await self._http.send(request, stream=True)
            try:
                return await _read_progress(response, on_progress)
            finally:
                await response.aclose()
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    async def ticket(self) -> str:
        """A one-time ticket for the WebSocket."""
        answer = cast("JsonObject", await self.post("/v1/ws-tickets"))
        return str(answer["ticket"])

    async def _open_session(self, path: str, body: JsonObject) -> JsonObject:
        self._bearer = None
        session = cast("JsonObject", await self.request("POST", path, json=_given(body)))
        self._bearer = str(session["access_token"])
        refresh = session.get("refresh_token")
        self._refresh_token = str(refresh) if refresh else None
        return session

    async def _send(self, method: str, path: str, **parts: Any) -> httpx.Response:
        try:
            return await self._send_once(method, path, **parts)
        except UnauthorizedError:
            replayable = not isinstance(parts.get("content"), AsyncIterator)
            if self._refresh_token is None or not replayable or path.startswith("/v1/auth/"):
                raise
            await self._open_session("/v1/auth/refresh", {"refresh_token": self._refresh_token})
            return await self._send_once(method, path, **parts)

    async def _send_once(self, method: str, path: str, **parts: Any) -> httpx.Response:
        given = cast("dict[str, str]", parts.pop("headers", None) or {})
        headers = {**self._headers(), **given}
        try:
            response = await self._http.request(method, path, headers=headers, **parts)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        if response.status_code >= 400:
            raise _error_of(response.status_code, response.content)
        return response

    def _headers(self) -> dict[str, str]:
        headers = {"netra-client": "cli"}
        if self._bearer:
            headers["authorization"] = f"Bearer {self._bearer}"
        if self.workspace:
            headers["netra-workspace"] = self.workspace
        return headers

    def _unreachable(self, error: httpx.TransportError) -> UnreachableError:
        return UnreachableError(
            f"No answer from {self.base_url}: {str(error) or type(error).__name__}.",
            hint="Check that the server runs (`netra up`) and that the address is right.",
        )


async def _read_progress(response: httpx.Response, on_progress: OnProgress | None) -> JsonObject:
    if response.status_code >= 400:
        raise _error_of(response.status_code, await response.aread())
    async for line in response.aiter_lines():
        if not line.strip():
            continue
        row = cast("JsonObject", orjson.loads(line))
        kind = row.get("type")
        if kind == "result":
            result = row.get("result")
            if isinstance(result, dict):
                return cast("JsonObject", result)
            return {key: value for key, value in row.items() if key != "type"}
        if kind == "error":
            problem = cast("JsonObject", row.get("problem") or row)
            raise api_error(int(problem.get("status") or 500), problem)
        if on_progress is not None:
            on_progress(row)
    raise UnreachableError(
        "The server ended its answer before the work was finished.",
        hint="Look at the server's log, then try again: repeated work is recognised.",
    )


def _error_of(status: int, content: bytes) -> ApiError:
    try:
        decoded: object = orjson.loads(content)
    except orjson.JSONDecodeError:
        decoded = None
    problem = cast("JsonObject", decoded) if isinstance(decoded, dict) else {}
    return api_error(status, problem)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
