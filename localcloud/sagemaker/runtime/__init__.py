"""What happens to a training job between its creation and its end."""
