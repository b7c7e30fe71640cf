"""Stored calls priced again, over the real engines."""

import pytest

from netra.data_access.factory import DataAccessFactory
from netra.ids.manager import UnifiedIDManager
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.workspace_prices import WorkspacePrices
from netra.usage.repricing.service import RepricingService

__all__ = ["prices", "repricing"]


@pytest.fixture
def prices(data_access: DataAccessFactory, catalogue: PriceCatalogue) -> WorkspacePrices:
    """Prices of any workspace."""
    return WorkspacePrices(data_access, catalogue)


@pytest.fixture
def repricing(
    data_access: DataAccessFactory, ids: UnifiedIDManager, prices: WorkspacePrices
) -> RepricingService:
    """Re-pricing over those prices."""
    return RepricingService(data_access, ids, prices)
