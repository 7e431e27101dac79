"""Messages to people about jobs that failed, last too long or are idle, and about the bill."""
