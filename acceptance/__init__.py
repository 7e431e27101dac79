"""The acceptance of the platform on an account: it runs all of it once, and reports what it saw.

It knows AWS's APIs and the Pulumi CLI, and not which cloud answers.
"""
