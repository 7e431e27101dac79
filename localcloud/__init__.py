"""AWS on loopback, for development: moto's services, and training jobs that really run."""

__version__ = "0.1.0"
