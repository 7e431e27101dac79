"""What is copied between S3 and a job's instances: input, checkpoints, results."""
