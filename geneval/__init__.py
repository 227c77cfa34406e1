"""geneval scores generated text against sets of right answers."""

__version__ = "0.1.0"

__all__ = ["__version__"]
