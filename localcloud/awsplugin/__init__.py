"""The `aws` provider plugin for the local cloud.

It serves the resource types of the unmodified pulumi-aws SDK against a loopback endpoint and
behaves, as far as a program can see, like the real plugin. It never talks to AWS.
"""
