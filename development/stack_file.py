"""A copy of the stack's settings file, so that the commands change nothing in the checkout.

The edits change YAML's nodes, not values. What is not edited keeps its text, because the engine's
YAML reads texts such as `on` and `12:30` differently from Python's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import yaml

from development.terminal import CommandError
from toolchain.environment import REGION

NAMESPACE = "sagemaker-training"
_SALT = "encryptionsalt"
_ENCRYPTION = ("secretsprovider", "encryptedkey", _SALT)
"""How the stack's secrets are encrypted in its own backend, maybe with a key in a real account."""
_OF_AN_ACCOUNT = ("profile", "assumeRoles", "allowedAccountIds", "forbiddenAccountIds", "endpoints")
"""The `aws:` settings that the program reads and that lead to a real account, or say which it is.

The program refuses every other one that could lead there, as it reads none of them.
"""
_LEFT_OUT = tuple(f"{start}:{name}" for name in _OF_AN_ACCOUNT for start in ("aws", "aws:config"))
"""Their keys, in the two forms that the engine knows."""


@dataclass(frozen=True)
class StackFile:
    """A stack's settings file, in which the commands set the launch switch and pause jobs."""

    path: Path
    _root: yaml.MappingNode
    left_out: tuple[str, ...] = ()
    """The settings of the original that a copy for the local cloud does not have."""

    @classmethod
    def read(cls, path: Path) -> StackFile:
        """Reads a file.

        Raises:
            CommandError: it is missing, or not a YAML mapping.

        """
        try:
            root = yaml.compose(path.read_text(), Loader=yaml.SafeLoader)
        except OSError as error:
            raise CommandError(f"{path} can't be read: {error.strerror}.") from error
        except yaml.YAMLError as error:
            raise CommandError(f"{path} is not valid YAML: {_where(error)}.") from error
        if root is None:
            root = yaml.MappingNode("tag:yaml.org,2002:map", [])
        if not isinstance(root, yaml.MappingNode):
            message = f"{path}: a mapping is expected, as in `config: …`"
            raise CommandError(message)
        return cls(path, root)

    def for_local_cloud(self, path: Path) -> StackFile:
        """The file's content for another path, without what belongs to a real account.

        It has the salt that the engine wrote into an earlier copy, which is needed for decryption.
        """
        salt = _find(StackFile.read(path)._root, _SALT) if path.exists() else None
        root = _without(self._root, _ENCRYPTION)
        if salt is not None:
            _set(root, _SALT, salt)
        config = _find(root, "config")
        if not isinstance(config, yaml.MappingNode):
            return StackFile(path, root)
        left_out = tuple(str(key.value) for key, _ in config.value if key.value in _LEFT_OUT)
        _set(root, "config", _without(config, left_out))
        return StackFile(path, root, left_out)

    def set_launch(self, launch: bool) -> None:
        """Turns the launch switch on or off."""
        _set(self._config(), f"{NAMESPACE}:enableTrainingJob", _boolean(launch))

    def pause(self, names: Iterable[str]) -> None:
        """Pauses jobs."""
        jobs = self._jobs()
        for name in names:
            _set(jobs[name], "paused", _boolean(True))

    def paused_jobs(self) -> list[str]:
        """The names of the jobs that are paused."""
        jobs = self._jobs().items()
        return [name for name, job in jobs if _text_of(_find(job, "paused"), "false") == "true"]

    def job_names(self) -> list[str]:
        """The names of the jobs in the settings."""
        return list(self._jobs())

    def region(self) -> str:
        """The AWS region of the stack."""
        return _text_of(_find(self._config(), "aws:region"), REGION)

    def name_prefix(self) -> str:
        """What the names of the stack's jobs begin with."""
        return f"{self._text('team', '')}-{self._text('environment', 'dev')}"

    def lineage(self, job: str) -> str:
        """The name of a job's lineage, with which the names of its runs begin."""
        settings, own = self._jobs()[job], f"{self.name_prefix()}-{job}"
        fresh = _text_of(_find(settings, "fresh"), "")
        return _text_of(_find(settings, "resumeFrom"), "") or (f"{own}-{fresh}" if fresh else own)

    def is_tuned(self, job: str) -> bool:
        """Whether a job's hyperparameters are tuned."""
        return _find(self._jobs()[job], "tuning") is not None

    def recurs(self, job: str) -> bool:
        """Whether a job is recurring: its runs add their names to its lineage."""
        return _text_of(_find(self._jobs()[job], "recurring"), "false") == "true"

    def relaunches(self, job: str) -> bool:
        """Whether a job is relaunched when it has failed."""
        return _text_of(_find(self._jobs()[job], "relaunch"), "never") == "onFailure"

    def waits(self) -> bool:
        """Whether the stack waits for its jobs."""
        return self._text("waitForCompletion", "false") == "true"

    def run(self) -> str:
        """The name of the run of the recurring jobs; "" without one."""
        return self._text("run", "")

    def write(self) -> None:
        """Writes the file."""
        _use_block_style(self._root)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(yaml.serialize(self._root, Dumper=yaml.SafeDumper, width=10_000))

    def _config(self) -> yaml.MappingNode:
        config = _find(self._root, "config")
        if isinstance(config, yaml.MappingNode):
            return config
        config = yaml.MappingNode("tag:yaml.org,2002:map", [])
        _set(self._root, "config", config)
        return config

    def _jobs(self) -> dict[str, yaml.MappingNode]:
        """The jobs that can be edited; the program reports malformed ones."""
        jobs = _find(self._config(), f"{NAMESPACE}:jobs")
        pairs = jobs.value if isinstance(jobs, yaml.MappingNode) else []
        return {key.value: job for key, job in pairs if isinstance(job, yaml.MappingNode)}

    def _text(self, key: str, default: str) -> str:
        return _text_of(_find(self._config(), f"{NAMESPACE}:{key}"), default)


def _text_of(node: yaml.Node | None, default: str) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else default


def _use_block_style(node: yaml.Node) -> None:
    """Writes one key or item per line, because in braces texts such as 12:30 need quotes."""
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = False
        children = chain.from_iterable(node.value) if _is_mapping(node) else node.value
        for child in children:
            _use_block_style(child)


def _is_mapping(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode)


def _boolean(value: bool) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:bool", "true" if value else "false")


def _where(error: yaml.YAMLError) -> str:
    """What a parser found and where, without the text around it."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return str(error)
    mark = error.problem_mark
    return f"{error.problem}, in line {mark.line + 1}, column {mark.column + 1}"


def _find(mapping: yaml.MappingNode, key: str) -> yaml.Node | None:
    return next((value for name, value in mapping.value if name.value == key), None)


def _without(mapping: yaml.MappingNode, keys: Iterable[str]) -> yaml.MappingNode:
    """A copy of a mapping without some of its keys."""
    left = [(name, value) for name, value in mapping.value if name.value not in keys]
    return yaml.MappingNode(mapping.tag, left, flow_style=mapping.flow_style)


def _set(mapping: yaml.MappingNode, key: str, value: yaml.Node) -> None:
    others = [(name, old) for name, old in mapping.value if name.value != key]
    mapping.value = [*others, (yaml.ScalarNode("tag:yaml.org,2002:str", key), value)]
