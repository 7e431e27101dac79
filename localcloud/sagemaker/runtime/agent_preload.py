"""What the process from which agents are forked loads before the first one."""

from __future__ import annotations

import gc

from localcloud.sagemaker.runtime.agent_process import session

session()
# Otherwise the search for garbage would copy all that the agents share.
gc.freeze()
