"""What a job's script prints: its log, and the metrics in it."""
