"""`python -m conformance`: the command line, as the command `conformance` runs it."""

import sys

from conformance.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
