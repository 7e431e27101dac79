"""A registry entry for the model of a job, tuned or not, and a role that can read that model."""

import pulumi
import pulumi_aws as aws

from model_documents import consumer_policy, consumer_trust, registry_entry
from platform_outputs import PlatformOutputs

config = pulumi.Config()
stack, job_name = config.require("platformStack"), config.require("job")
try:
    trust = consumer_trust(config.require_object("consumers"))
except ValueError as error:
    raise pulumi.RunError(str(error)) from error

platform = PlatformOutputs(stack)
model = platform.model(job_name)
key_arn = platform.artifact_key_arn

entry = aws.ssm.Parameter(
    "entry",
    name=f"/models/{pulumi.get_stack()}/{job_name}",
    description=f"The newest model of the job {job_name} of {stack}",
    type="String",
    value=model.apply(lambda model: registry_entry(stack, model)),
)
consumer = aws.iam.Role(
    "consumer",
    description=f"Reads the newest model of the job {job_name} of {stack}",
    assume_role_policy=trust,
)
aws.iam.RolePolicy(
    "consumer-reads-model",
    role=consumer.name,
    policy=pulumi.Output.all(model, key_arn).apply(
        lambda both: consumer_policy(both[0].model_uri, both[1])
    ),
)

pulumi.export("registry_entry_name", entry.name)
pulumi.export("consumer_role_arn", consumer.arn)
pulumi.export("model_uri", model.model_uri)
