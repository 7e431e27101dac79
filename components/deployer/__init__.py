"""The role that deploys the stack from a pipeline, and nothing besides."""
