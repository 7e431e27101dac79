"""The operations on training jobs, as SageMaker's API has them."""
