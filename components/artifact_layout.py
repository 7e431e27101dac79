"""Which prefix of the artifact bucket holds what. Lifecycle rules and permissions use the same.

checkpoints/<lineage>/                  what SageMaker syncs while a job trains
output/<lineage>/                       models and other output
source/<lineage>/<hash>/                source archives, each with the launcher
inputs/<lineage>/<channel>/<hash>/      inputs that were uploaded from a local folder
"""

from __future__ import annotations

from dataclasses import dataclass

CHECKPOINTS = "checkpoints/"
OUTPUT = "output/"
SOURCE = "source/"
INPUTS = "inputs/"

TRIALS_TABLE = "trials.json"
"""The name of the table of a tuning job's trials: output/<lineage>/<tuning job>/trials.json."""

REPORT_PAGE = "report.html"
"""The name of the report of a lineage: output/<lineage>/<newest job>/report.html."""

METRICS_FILE = "metrics.jsonl"
"""The name of the points of a job's metrics: output/<lineage>/<job>/metrics.jsonl. The reader that
shows them elsewhere keeps them there."""

_LAUNCHER_DIGITS = 8


@dataclass(frozen=True)
class ArtifactLayout:
    """The keys of one lineage."""

    lineage: str

    @property
    def checkpoints(self) -> str:
        """The prefix of the checkpoints."""
        return f"{CHECKPOINTS}{self.lineage}/"

    @property
    def output(self) -> str:
        """The prefix of the output, to which SageMaker itself adds `/<job>/`."""
        return f"{OUTPUT}{self.lineage}"

    def source(self, source_hash: str, launcher_hash: str) -> str:
        """The prefix of a source archive and its launcher."""
        return f"{SOURCE}{self.lineage}/{source_hash}-{launcher_hash[:_LAUNCHER_DIGITS]}/"

    def inputs(self, channel: str, content_hash: str) -> str:
        """The prefix of the files that were uploaded for a channel."""
        return f"{INPUTS}{self.lineage}/{channel}/{content_hash}/"


def below_lineage(key: str) -> str:
    """What follows the kind and the lineage in a key."""
    return key.split("/", 2)[2]


def object_uri(bucket: str, key: str) -> str:
    """The `s3://` URI of a key or a prefix."""
    return f"s3://{bucket}/{key}"


def objects_arn(bucket_arn: str, kind: str, below: str = "*") -> str:
    """The ARN pattern of the objects of a kind, in all lineages; `below` follows the kind."""
    return f"{bucket_arn}/{kind}{below}"
