"""Tools that run on Java, each in one process a call, with time-outs and nothing left behind."""

from geneval_scorers.java._process import JavaError

__all__ = ["JavaError"]
