"""ProviderModels: the configured provider's model, reached through our own gateway.

Read only where a provider is configured: its client is a tenth of what a worker reads to start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai import AsyncOpenAI
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from netra.context.models import UserExecutionContext

if TYPE_CHECKING:
    from netra.llm.manager import ProviderAccess

REQUEST_TIMEOUT_S = 120.0


class ProviderModels:
    """One connection pool for the process; each run gets a view of it with its own credential."""

    def __init__(self, access: ProviderAccess) -> None:
        self._access = access
        self._client = AsyncOpenAI(
            base_url=access.base_url, api_key="per-run", max_retries=0, timeout=REQUEST_TIMEOUT_S
        )

    def model_for(self, context: UserExecutionContext) -> OpenAIChatModel:
        """The model, asked as the user of this run."""

        async def credential() -> str:
            return await self._access.credential(context)

        client = self._client.with_options(
            api_key=credential, default_headers={"Netra-Workspace": context.workspace_id}
        )
        return OpenAIChatModel(self._access.model, provider=OpenAIProvider(openai_client=client))

    async def close(self) -> None:
        """Close the connections to the gateway."""
        await self._client.close()
