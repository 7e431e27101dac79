"""SageMaker's quotas of training instances, and the Service Quotas API that shows them."""
