"""Run the command: python -m skactive."""

import sys

from skactive.cli import main

if __name__ == "__main__":
    sys.exit(main())
