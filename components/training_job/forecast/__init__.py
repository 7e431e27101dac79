"""How long a job will take and what it will cost: what the pull request's report says before.

The pack's programs run without this program, which they judge. So `policies/run_forecast` has its
own copy of the modules, and a test keeps both equal.
"""
