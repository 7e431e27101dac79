"""The runs of a recurring job: which of them may start, and what they go on from."""
