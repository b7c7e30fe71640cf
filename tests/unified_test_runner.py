"""Entry of the test runner: `python tests/unified_test_runner.py --help`, or `./netra test --help`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from testkit.runner import main

if __name__ == "__main__":
    sys.exit(main())
