"""The training job as a Pulumi resource: launched exactly once, and resumable.

`components.training_job.provider` and `components.training_job.completion` hold the dynamic
providers, which a stack's state names by these paths. They must never move.
"""
