"""Hyperparameter tuning jobs: they choose values, and run each choice as a training job."""
