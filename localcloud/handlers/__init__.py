"""What happens to a request, from its arrival to its answer: `request_path` has the list."""
