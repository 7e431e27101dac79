"""Messages to people about jobs that failed or last too long, and about the bill."""
