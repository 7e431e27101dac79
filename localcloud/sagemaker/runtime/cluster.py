"""The instances of one running job, and what they share: network and checkpoint prefix."""

from __future__ import annotations

import secrets
import signal
import time
from pathlib import Path
from urllib.parse import urlsplit

from localcloud.sagemaker.data.locations import Location
from localcloud.sagemaker.jobs.instances import instance_types
from localcloud.sagemaker.monitoring.log_streams import LogStream
from localcloud.sagemaker.runtime import layout
from localcloud.sagemaker.runtime.agent import Agent
from localcloud.sagemaker.runtime.agent_work import Checkpoints, HostWork, PipeChannel
from localcloud.sagemaker.runtime.blueprint import Blueprint
from localcloud.sagemaker.runtime.control import Control
from localcloud.sagemaker.runtime.host_use import HostUse
from localcloud.sagemaker.runtime.instance import Instance
from localcloud.sagemaker.runtime.layout import Host, input_mode
from localcloud.sagemaker.runtime.volumes import Volume
from localcloud.sagemaker.sandbox import network
from localcloud.sagemaker.sandbox.choice import make_folders
from localcloud.sagemaker.sandbox.file_tree import RESOLVER
from localcloud.sagemaker.sandbox.job_network import JobNetwork

_KILL_SECONDS = 10.0


class Cluster:
    """All instances of one job."""

    def __init__(self, blueprint: Blueprint, folder: Path, agent: Agent) -> None:
        self._agent = agent
        sandbox = blueprint.settings.sandbox
        self._blueprint = blueprint
        resources = blueprint.job.request["ResourceConfig"]
        if sandbox.networks:
            place = network.NETWORK, network.INTERFACE
        else:
            private = blueprint.isolated and sandbox.faithful
            place = "127.0.0" if private else _free_network(), "lo"
        self.hosts = layout.make_hosts(resources, *place, named=sandbox.faithful)
        # Here, because it is made while the job's input is downloaded.
        self._network = _start_network(blueprint, len(self.hosts))
        self._instances = [
            Instance(host, folder / f"algo-{host.number}", sandbox) for host in self.hosts
        ]
        self._uses: list[HostUse] = []
        self._pipes: dict[int, tuple[PipeChannel, ...]] = {}
        self._closed = False

    def prepare(self, control: Control) -> None:
        """Creates each instance's files, and downloads its input and the checkpoints.

        Raises EndedError as soon as the job has to end.
        """
        for instance in self._instances:
            make_folders(instance.folder)
            if cache := self._blueprint.cache_folder(instance.host):
                cache.mkdir(parents=True, exist_ok=True)
            (instance.folder / "hosts").write_text(layout.hosts_file(self.hosts))
            if self._blueprint.settings.sandbox.networks:
                (instance.folder / RESOLVER).write_text(network.resolver())
            documents = layout.configuration(self._blueprint.job, self.hosts, instance.host)
            layout.write_configuration(instance.ml, documents)
            self._supply(instance, control)
            if checkpoints := self._checkpoints(instance):
                self._agent.call("restore", checkpoints, check=control.check)

    def _checkpoints(self, instance: Instance) -> Checkpoints | None:
        config = self._blueprint.job.request.get("CheckpointConfig")
        if config is None:
            return None
        return Checkpoints(
            Location.parse(config["S3Uri"]),
            self._blueprint.checkpoint_folder(instance.folder),
            self._blueprint.settings.checkpoint_interval,
            instance.folder / "checkpoints-in-s3",
        )

    def _supply(self, instance: Instance, control: Control) -> None:
        """Downloads the instance's channels, other than those with pipes."""
        pipes = []
        for channel in layout.channels_of(self._blueprint.job.request, instance.host):
            source = channel["DataSource"]["S3DataSource"]
            groups = source.get("InstanceGroupNames") or [host.group for host in self.hosts]
            receivers = [host for host in self.hosts if host.group in groups]
            folder = instance.ml / "input" / "data" / channel["ChannelName"]
            share = receivers.index(instance.host), len(receivers)
            if input_mode(self._blueprint.job.request, channel) == "Pipe":
                pipes.append(PipeChannel(folder, channel, share))
            else:
                self._agent.call("download", source, folder, share, check=control.check)
        self._pipes[instance.host.number] = tuple(pipes)

    def start(self, control: Control) -> None:
        """Starts every instance's entry point; exits go to `control`."""
        name, logs = self._blueprint.job.name, self._blueprint.access.logs
        streams = {host.number: LogStream(logs, name, host.number) for host in self.hosts}
        work = [self._work(each, streams[each.host.number].prefix) for each in self._instances]
        self._agent.run(tuple(work), streams)
        for instance in self._instances:
            host, folder = instance.host, instance.folder
            namespaces = self._network.namespaces(host.number) if self._network else None
            specification = self._blueprint.specification(host, folder, namespaces)
            instance.start(specification, control.exited)
        self._uses = [
            HostUse(instance_types()[instance.host.instance_type], instance.process, volume)
            for instance, volume in zip(self._instances, self.volumes(), strict=True)
        ]

    def _work(self, instance: Instance, prefix: str) -> HostWork:
        return HostWork(
            instance.host.number,
            prefix,
            instance.output,
            instance.memory,
            self._checkpoints(instance),
            self._pipes[instance.host.number],
        )

    def stop(self, control: Control) -> None:
        """Sends SIGTERM, after the grace period SIGKILL, and uploads the last checkpoints."""
        deadline = time.monotonic() + self._blueprint.settings.grace
        for instance in self._instances:
            instance.signal(signal.SIGTERM)
        while self._running() and control.next_exit(deadline - time.monotonic()):
            pass
        self.kill()
        while self._running() and control.next_exit(_KILL_SECONDS):
            pass
        self.flush(deadline - time.monotonic())

    def _running(self) -> bool:
        return any(instance.running() for instance in self._instances)

    def flush(self, seconds: float) -> None:
        """Uploads the last checkpoints of instances that have ended, within `seconds`."""
        self._agent.flush(time.monotonic() + seconds)

    def finish_output(self) -> None:
        """Waits until the output of instances that have ended is sent, within a limit."""
        ended = [each.host.number for each in self._instances if not each.running()]
        self._agent.call("finish_output", ended)

    def kill(self) -> None:
        """Kills the processes of every instance."""
        for instance in self._instances:
            instance.kill()

    def close(self) -> None:
        """Ends what still runs, and the job's network; the instances' files are kept."""
        if self._closed:
            return
        self._closed = True
        for instance in self._instances:
            instance.end()
        self._agent.end()
        for instance in self._instances:
            instance.close()
        if self._network is not None:
            self._network.close()
            self._network = None

    def volumes(self) -> list[Volume]:
        """The volume of each instance: all its files, also those that a warm pool keeps."""
        size = self._blueprint.job.request["ResourceConfig"].get("VolumeSizeInGB", 0) << 30
        return [
            Volume(instance.host.name, (instance.folder, *([cache] if cache else [])), size)
            for instance in self._instances
            for cache in (self._blueprint.cache_folder(instance.host),)
        ]

    def measure(self) -> dict[str, dict[str, float]]:
        """How much each host has used of its instance since the last call, in percent."""
        return {f"algo-{number}": use.read() for number, use in enumerate(self._uses, start=1)}

    def folders(self, name: str) -> list[Path]:
        """The folder `name` of /opt/ml on each instance."""
        return [instance.ml / name for instance in self._instances]

    def failure_file(self, host: Host) -> Path:
        """Where a host's script says why it failed."""
        return self._instances[host.number - 1].ml / "output" / "failure"


def _start_network(blueprint: Blueprint, hosts: int) -> JobNetwork | None:
    """Begins to make the networks of a job's hosts; None if they share this machine's."""
    sandbox = blueprint.settings.sandbox
    if sandbox.networks:
        endpoint = urlsplit(blueprint.settings.url).port or 0
        return JobNetwork(hosts, 0 if blueprint.isolated else endpoint)
    return JobNetwork(0) if blueprint.isolated and sandbox.faithful else None


def _free_network() -> str:
    """The first three numbers of loopback addresses that other jobs probably don't use.

    For jobs that share this machine's network: with their own addresses they can listen on the
    same port.
    """
    return f"127.{64 + secrets.randbelow(64)}.{secrets.randbelow(256)}"
