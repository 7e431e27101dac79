"""What a snapshot costs those who wait for it."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

from localcloud.snapshots.contents import Contents
from localcloud.snapshots.pickling import dump, load


class Witness:
    """Notes whether Python looks for garbage while it is pickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return bool, (gc.isenabled(),)


def test_no_garbage_is_looked_for_while_requests_wait(tmp_path: Path):
    contents = Contents(tmp_path)

    pickled = dump(Witness(), contents)

    assert load(pickled.data, contents) is False
    assert gc.isenabled()
