"""What can go wrong in pricing."""

from netra.errors.kinds import InvalidInputError


class PriceOverridesError(InvalidInputError):
    """The file of local prices cannot be understood; the message names the file and the entry."""

    code = "price_overrides_invalid"
