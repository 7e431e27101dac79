"""Services that moto lacks, and the local cloud answers itself, beside SageMaker."""
