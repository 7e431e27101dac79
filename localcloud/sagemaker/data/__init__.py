"""What travels between S3 and a job's instances: input, checkpoints, results."""
