"""What tells people of jobs that failed or last too long, and of the bill."""
