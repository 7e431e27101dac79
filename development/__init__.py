"""What the targets of the Makefile do, once the set-up is complete.

`commands.py` has the commands; each is a function that reads as a list of steps. `policy_pack.py`
has the commands that run the policy pack's programs. They use these modules:

- `engine.py` runs Pulumi on one stack; `engine_locks.py` and `leftovers.py` clean up after a killed
  engine; `stack_file.py` edits a copy of a stack's settings;
- `local_cloud.py` starts the local cloud; `jobs.py`, `tuned_jobs.py` and `log_lines.py` read its
  jobs and logs;
- `terminal.py` prints; `engine_display.py` shows an engine operation while it runs.

`configuration/` writes the documents that are generated from the settings' model, and `prices.py`
the prices of instances.
"""
