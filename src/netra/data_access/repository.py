"""ScopedRepository: what every repository of a tenant's tables starts from."""

from netra.context.models import UserExecutionContext
from netra.storage.postgres.sessions import Transaction


class ScopedRepository:
    """A repository bound to one context and one open transaction.

    It lives inside the transaction's `async with`. Subclasses write `self.workspace_id` and `self.user_id`
    into the rows they insert; what they read is already limited by row-level security.
    """

    def __init__(self, transaction: Transaction, context: UserExecutionContext) -> None:
        self.transaction = transaction
        self.workspace_id = context.workspace_id
        self.user_id = context.user_id
