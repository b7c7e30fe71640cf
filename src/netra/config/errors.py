"""Errors of the environment and the start-up settings."""

from netra.errors.kinds import InvalidInputError


class ConfigurationError(InvalidInputError):
    """A setting has a value that cannot be used; the message names the variable and what to write."""

    code = "invalid_configuration"


class ProtectedVariableError(ConfigurationError):
    """The variable is protected against change."""

    code = "protected_variable"


class EnvironmentFileRefusedError(ConfigurationError):
    """A file with variables may not be read in this environment."""

    code = "environment_file_refused"
