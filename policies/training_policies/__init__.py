"""Policies for teams that train on Amazon SageMaker; imports nothing of the program it judges."""
