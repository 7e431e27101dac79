"""The output of a job's script: its log, and the metrics in it."""
