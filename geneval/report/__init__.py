"""The report as a page: one file to open, print or send."""

from geneval.report._page import page_of

__all__ = ["page_of"]
