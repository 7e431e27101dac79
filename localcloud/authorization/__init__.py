"""Whether a job's execution role, or an anonymous caller, may do what a request demands."""
