"""The companies there are, by the name of their profile."""

from collections.abc import Mapping
from types import MappingProxyType

from netra.generator.companies import (
    batch_pipeline,
    chat_product,
    coding_agent,
    freight,
    multi_tenant,
    retrieval,
)
from netra.generator.company import Company

DEFAULT_PROFILE = "freight"

COMPANIES: Mapping[str, Company] = MappingProxyType(
    {
        "freight": freight.COMPANY,
        "chat-product": chat_product.COMPANY,
        "coding-agent": coding_agent.COMPANY,
        "batch-pipeline": batch_pipeline.COMPANY,
        "retrieval": retrieval.COMPANY,
        "multi-tenant": multi_tenant.COMPANY,
    }
)
