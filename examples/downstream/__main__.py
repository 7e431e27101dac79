"""A registry entry for the model of a job, tuned or not, and a role that can read that model."""

import boto3
import pulumi
import pulumi_aws as aws

from best_run import Best, best_run
from model_documents import consumer_policy, consumer_trust, registry_entry
from platform_outputs import ModelOutputs, PlatformOutputs, TrainingJobOutputs


def best_of_last(newest: TrainingJobOutputs, wanted: Best) -> ModelOutputs:
    """The best of the last runs of the job, as SageMaker knows them."""
    sagemaker = boto3.client("sagemaker", region_name=pulumi.Config("aws").require("region"))
    try:
        found = best_run(sagemaker, newest.arn, wanted)
    except ValueError as error:
        raise pulumi.RunError(str(error)) from error
    if found.arn != newest.arn:
        pulumi.log.info(f"{newest.name} is not the best of the last {wanted.of}: {found.name} is")
    return ModelOutputs(found.name, found.arn, found.model_uri, found.metrics)


config = pulumi.Config()
stack, job_name = config.require("platformStack"), config.require("job")
try:
    trust = consumer_trust(config.require_object("consumers"))
    wanted = config.get_object("best")
    best = Best.read(wanted) if wanted else None
except ValueError as error:
    raise pulumi.RunError(str(error)) from error

platform = PlatformOutputs(stack)
if best is None:
    model = platform.model(job_name)
else:
    model = platform.job(job_name).apply(lambda newest: best_of_last(newest, best))
key_arn = platform.artifact_key_arn
kind = "best" if best else "newest"

entry = aws.ssm.Parameter(
    "entry",
    name=f"/models/{pulumi.get_stack()}/{job_name}",
    description=f"The {kind} model of the job {job_name} of {stack}",
    type="String",
    value=model.apply(lambda model: registry_entry(stack, model)),
)
consumer = aws.iam.Role(
    "consumer",
    description=f"Reads the {kind} model of the job {job_name} of {stack}",
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
