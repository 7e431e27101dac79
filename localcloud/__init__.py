"""AWS's APIs on this machine: moto's services, and training jobs that really run."""

__version__ = "0.1.0"
