"""What the targets of the Makefile do, once the set-up is complete.

`commands.py` holds the commands, one function each, which reads as a list of steps;
`policy_pack.py` those that the policy pack answers. Under them:

- `engine.py` runs Pulumi on one stack; `engine_locks.py` and `leftovers.py` clear away what a
  killed engine has left; `stack_file.py` edits a copy of a stack's settings;
- `local_cloud.py` starts the local cloud; `jobs.py` and `log_lines.py` ask it about the jobs;
- `terminal.py` prints.

`configuration/` writes the documents that are made of the settings' model, and `prices.py` the
instances' prices.
"""
