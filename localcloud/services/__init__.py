"""The local cloud's own services, other than SageMaker, which moto lacks."""
