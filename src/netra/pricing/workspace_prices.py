"""WorkspacePrices: the catalogue as one workspace sees it, its contract prices over the installation's."""

from collections import OrderedDict

from netra.context.models import UserExecutionContext
from netra.data_access.factory import DataAccessFactory
from netra.pricing.catalogue import PriceCatalogue
from netra.pricing.errors import PriceOverridesError
from netra.pricing.overrides import PriceOverrides, parse_overrides
from netra.pricing.repository import OverridesRepository

NAME = "workspace"
LONGEST = 200_000
_KEPT = 256


class WorkspacePrices:
    """Finds and changes a workspace's prices. Catalogues are kept by the text they come from, never by
    workspace, so nobody gets another's.
    """

    def __init__(self, access: DataAccessFactory, installation: PriceCatalogue) -> None:
        self._access = access
        self._installation = installation
        self._kept: OrderedDict[str, PriceCatalogue] = OrderedDict()

    @property
    def installation(self) -> PriceCatalogue:
        """The catalogue without any workspace's prices."""
        return self._installation

    async def for_context(self, context: UserExecutionContext) -> PriceCatalogue:
        """The prices in force for this workspace now."""
        return self.with_text(await self.content(context))

    async def content(self, context: UserExecutionContext) -> str:
        """The workspace's own document as it was written, empty where there is none."""
        async with self._access.for_context(context).transaction() as transaction:
            return await OverridesRepository(transaction, context).content()

    async def put(self, context: UserExecutionContext, content: str) -> None:
        """Replace the document. Raises PriceOverridesError and stores nothing if it is wrong."""
        check_text(content)
        async with self._access.for_context(context).transaction() as transaction:
            await OverridesRepository(transaction, context).put(content)

    async def add(self, context: UserExecutionContext, content: str) -> str:
        """Put entries behind those there are; the whole document. Raises PriceOverridesError."""
        if not check_text(content).digest:
            raise PriceOverridesError(
                "the addition has no entry", hint="write [[price]], [[discount]] or [[capacity]]"
            )
        async with self._access.for_context(context).transaction() as transaction:
            repository = OverridesRepository(transaction, context)
            before = await repository.content(for_update=True)
            after = f"{before.rstrip()}\n\n{content.strip()}\n".lstrip()
            check_text(after)
            await repository.put(after)
        return after

    def with_text(self, content: str) -> PriceCatalogue:
        """The installation's catalogue under a document. Raises PriceOverridesError."""
        if not content.strip():
            return self._installation
        if content in self._kept:
            self._kept.move_to_end(content)
            return self._kept[content]
        catalogue = self._installation.with_overrides(check_text(content))
        self._kept[content] = catalogue
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return catalogue


async def prices_in_force(
    source: PriceCatalogue | WorkspacePrices, context: UserExecutionContext
) -> PriceCatalogue:
    """The catalogue a computation for this workspace goes by."""
    return source if isinstance(source, PriceCatalogue) else await source.for_context(context)


def check_text(content: str) -> PriceOverrides:
    """The entries of a document. Raises PriceOverridesError that says which entry is wrong, and how."""
    if len(content) > LONGEST:
        raise PriceOverridesError(f"{len(content)} characters of prices are more than {LONGEST}")
    return parse_overrides(content, NAME)
