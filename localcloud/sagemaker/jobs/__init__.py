"""What a training job is: its record, and what follows from it."""
