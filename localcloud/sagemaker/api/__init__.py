"""SageMaker's operations on training jobs."""
