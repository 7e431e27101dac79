"""Any number of training jobs and nothing around them, or as many resources that launch nothing.

Each kind imports only what it needs, so that the engine's minimum does not include the import of a
job's settings.
"""

import gc

import pulumi

gc.disable()  # as the platform's program does

config = pulumi.Config()
kind, count = config.require("kind"), config.require_int("count")
if kind == "idle":
    from bench.idle import Idle

    for number in range(count):
        Idle(f"idle-{number}", number)
else:
    from bench.job import inputs, settings
    from bench.recorded import Recorded, Sent
    from components.training_job.resource import TrainingJob, TrainingJobCompletion

    account = {name: config.require(name) for name in ("role", "key", "subnet", "group")}
    all_inputs = {
        f"job-{number}": inputs(f"bench-dev-job-{number}", account) for number in range(count)
    }
    if kind in ("recorded", "sent"):
        record = Recorded if kind == "recorded" else Sent
        for name, each in all_inputs.items():
            record(name, each)
    else:
        jobs = {name: TrainingJob(name, each) for name, each in all_inputs.items()}
        if config.get_bool("wait"):
            TrainingJobCompletion("completion", jobs, [settings() for _ in jobs], "us-east-1")
