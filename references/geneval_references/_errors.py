"""The errors that geneval raises for its users.

Each says what came, what is allowed and what to do. `geneval.cli` maps the classes to exit codes in one place.
"""


class GenevalError(Exception):
    """Base of every error geneval raises on purpose."""


class UsageError(GenevalError, ValueError):
    """A parameter, option or spec that does not exist or does not fit."""


class InputError(GenevalError, ValueError):
    """Data that is malformed, mismatched or incomplete, found before anything was scored."""


class ItemsFailedError(GenevalError):
    """More items could not be scored than was allowed."""


class ScorerError(GenevalError):
    """A scorer that fails, or answers something that is no score: a plug-in's, a user's own, or one of ours."""


class GateError(GenevalError):
    """A gate (`--fail-...`) that the user asked for did not hold."""


class MissingDependencyError(GenevalError, ImportError):
    """A package, a model or a Java runtime is missing; the message carries the command that installs it."""
