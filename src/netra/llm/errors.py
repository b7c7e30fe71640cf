"""Failures of a language model, as runs see them."""

from __future__ import annotations

from netra.errors.kinds import LimitExceededError, UnavailableError


class ModelUnavailableError(UnavailableError):
    """The configured provider does not answer, or has failed so often that it is left alone for a while."""

    code = "model_unavailable"


class ModelBudgetError(LimitExceededError):
    """The run has used the requests, tokens or money it may spend on a model."""

    code = "model_budget"
