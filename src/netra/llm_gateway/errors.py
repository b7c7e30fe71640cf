"""Failures of the gateway itself; a provider's own errors are passed through as they are."""

from __future__ import annotations

from netra.errors.kinds import DeadlineExceededError, InvalidInputError, UnavailableError


class NoProviderError(UnavailableError):
    """No provider is configured, so there is nowhere to forward to."""

    code = "no_provider"


class ProviderUnreachableError(UnavailableError):
    """The provider did not answer at all."""

    code = "provider_unreachable"


class ProviderTimeoutError(DeadlineExceededError):
    """The provider did not answer in time."""

    code = "provider_timeout"


class UnreadableRequestError(InvalidInputError):
    """The body is not a JSON object."""

    code = "unreadable_request"
