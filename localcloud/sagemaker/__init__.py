"""The SageMaker training-job API and the runtime that runs its jobs."""
