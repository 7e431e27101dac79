"""What a training job is: its record, and what is derived from it."""
