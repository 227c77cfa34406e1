"""`python -m geneval`."""

from geneval.cli import main

main()
