"""The configured provider: its address, its key, and one connection pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from netra.config.secret import Secret
from netra.llm_gateway.errors import NoProviderError, ProviderTimeoutError, ProviderUnreachableError

PASSED_ON = frozenset(
    {"content-type", "retry-after", "x-request-id", "openai-processing-ms", "openai-version", "cache-control"}
)
"""Headers of the provider's answer that the caller gets, besides its rate limits (`x-ratelimit-*`)."""


@dataclass(frozen=True, slots=True)
class ProviderAddress:
    """An OpenAI-compatible endpoint, e.g. `https://api.openai.com/v1`, and its key (None when it needs
    none).
    """

    base_url: str
    api_key: Secret | None


class Upstream:
    """Sends requests to the provider. Lives as long as the process; `close` ends its connections."""

    def __init__(self, address: ProviderAddress | None, timeout_s: float = 600.0) -> None:
        self._address = address
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout_s, connect=10.0), follow_redirects=False, trust_env=False
        )

    async def open(self, method: str, path: str, body: bytes | None = None) -> httpx.Response:
        """The answer with its body unread; the caller closes it.

        Raises NoProviderError, ProviderUnreachableError, ProviderTimeoutError.
        """
        if self._address is None:
            raise NoProviderError(
                "no provider is configured for this installation",
                hint="set NETRA_LLM_BASE_URL, NETRA_LLM_API_KEY and NETRA_LLM_MODEL",
            )
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._address.api_key is not None:
            headers["Authorization"] = f"Bearer {self._address.api_key.reveal()}"
        url = self._address.base_url.rstrip("/") + path
        request = self._client.build_request(method, url, content=body, headers=headers)
        try:
            return await self._client.send(request, stream=True)
        except httpx.TimeoutException as failure:
            raise ProviderTimeoutError("the provider did not answer in time") from failure
        except httpx.HTTPError as failure:
            raise ProviderUnreachableError("the provider could not be reached") from failure

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def passed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those headers of the provider's answer that the caller gets."""
    return {
        name: value
        for name, value in headers.items()
        if name.lower() in PASSED_ON or name.lower().startswith("x-ratelimit-")
    }
