"""Starts the policy pack's server, which the engine asks about every resource."""

from pulumi_policy import PolicyPack

from training_policies.decoded_once import decode_once
from training_policies.pack import NAME, engine_policies

decode_once()
PolicyPack(NAME, engine_policies())
