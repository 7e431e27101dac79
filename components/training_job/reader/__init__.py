"""What is read of the jobs that there were: their descriptions, records, and metrics. boto3."""
