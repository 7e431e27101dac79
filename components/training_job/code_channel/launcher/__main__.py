"""What Python runs when it is given the archive; see launching/launch.py."""

import sys

from launching.launch import main

sys.exit(main(sys.argv[1:]))
