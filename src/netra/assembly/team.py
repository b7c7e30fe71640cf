"""The team of agents: their tools over the services, and the models they use."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal

from pydantic_ai.usage import RequestUsage

from netra.agents.instance_factory import AgentInstanceFactory
from netra.agents.registry import AgentRegistry
from netra.agents.team import BLUEPRINTS, playbooks
from netra.assembly.apex import Apex
from netra.context.models import UserExecutionContext
from netra.llm.manager import LLMManager, ModelPricing, ProviderAccess
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.cost import cost_of_call
from netra.pricing.models import CallUsage
from netra.runs.engine import Answering, RunParts, Team
from netra.tools.product_tools import product_tools


@asynccontextmanager
async def build_team(apex: Apex) -> AsyncGenerator[Team]:
    """What makes the answering agent of each run; closes the connections to the gateway at the end."""
    savings = apex.savings
    tools = product_tools(
        savings.usage,
        savings.evaluations,
        savings.optimization,
        savings.reports,
        savings.prices,
        savings.calls,
    )
    llm = LLMManager(playbooks(), provider_access(apex), model_pricing(apex.savings.catalogue))
    factory = AgentInstanceFactory(AgentRegistry(BLUEPRINTS, tools), tools, llm)

    def team(parts: RunParts) -> Answering:
        return factory.supervisor(parts.context, parts.emitter, parts.steps)

    try:
        yield team
    finally:
        await llm.close()


def provider_access(apex: Apex) -> ProviderAccess | None:
    """How runs reach the configured provider, None without one: through our own gateway, as their user."""
    settings = apex.settings
    if settings.llm_base_url is None or settings.llm_model is None:
        return None

    async def credential(context: UserExecutionContext) -> str:
        return apex.auth.run_tokens.issue(user_id=context.user_id, run_id=context.run_id or "")

    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - not bound here
    return ProviderAccess(f"http://{host}:{settings.port}/openai/v1", settings.llm_model, credential)


def model_pricing(catalogue: PriceCatalogue) -> ModelPricing:
    """Prices what an agent's own request used."""

    def price(model: str, usage: RequestUsage, at: datetime) -> Decimal | None:
        used = CallUsage(
            input_tokens=usage.input_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            output_tokens=usage.output_tokens,
        )
        return cost_of_call(catalogue.resolve(model, at=at), used).cost_usd

    return price
