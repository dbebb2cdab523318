"""`python -m pprl`: the command line."""

from pprl.cli import main

main()
