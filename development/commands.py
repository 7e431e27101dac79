"""What each command does, step by step; each function returns the command's exit code.

`stack` is the name of a stack of the platform, as in Pulumi.<stack>.yaml.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import EndpointConnectionError
from rich.console import Console
from rich.text import Text

from development import stacks
from development.engine import DOWNSTREAM, Engine, is_default_provider
from development.engine_display import EngineDisplay, Typed
from development.engine_locks import is_locked, locks_of, release_dead_locks
from development.jobs import (
    OwnJobs,
    WaitNotices,
    as_they_are,
    failed_to_be_relaunched,
    lineages_of,
    lineages_with_runs,
    live_kinds,
    newest_of_each,
    newest_streams,
    recurring_in,
    refuse_pause_of_grids,
    runs_of,
    stop_live,
    stopped_and_paused,
    stopped_by_a_pause,
)
from development.leftovers import end_processes_of
from development.local_cloud import find_current, start
from development.local_mlflow import end_servers
from development.log_lines import Follower, NewLines, read_lines
from development.readers import run_reader
from development.stack_file import NAMESPACE, StackFile
from development.stacks import DEFAULT, make
from development.terminal import (
    Failure,
    console,
    log_line,
    print_after_failure,
    print_jobs,
    print_line,
    print_next,
    print_outputs,
    print_plain_outputs,
    print_remedy,
    print_results,
    print_tunings,
)
from development.tuned_jobs import trials_that_wait, tunings_of
from localcloud.server import daemon
from toolchain.environment import aws_exports, client_environment
from toolchain.layout import Layout

_WAIT_SECONDS = 1.0
_STOPPED = "The local cloud doesn't run. `make up` starts it, with what it had."


def up(layout: Layout, stack: str = DEFAULT) -> int:
    """Brings a stack up with the launch switch on, and no job paused but by its settings.

    Raises:
        CommandError: there is no file of such a stack.

    """
    stacks.must_have_file(layout, stack)
    server = find_current(layout) or start(layout)
    console.print(f"Local cloud at {server.url}, process {server.pid}")
    release_dead_locks(layout, print_line, stack)
    engine = stacks.platform(layout, stack, server)
    if not engine.exists():
        engine.create()
    _write_settings(engine)
    with _display("up", engine) as display:
        with display.running("Updating"):
            code = (
                _refresh_if_stale(engine, server, display)
                or _refresh_if_relaunched(engine, display)
                or _bring_up(engine, display)
            )
        outputs = engine.outputs()
        paused = _paused_meanwhile(engine, display) if code else []
        if code == 0:
            display.print_success()
            outputs = _as_they_are(engine, outputs)
            print_outputs(display.log, outputs)
            print_results(console, outputs)
            _say_which_wait_for_a_run(engine)
            _say_which_stay_paused(engine)
        elif not paused:
            display.print_failure()
        if code and display.failure is Failure.INTERRUPTED:
            _show_jobs(engine)
        _say_what_still_runs(engine)
        is_early = code and display.failure in (Failure.PREVIEW, Failure.INTERRUPTED)
        reports = [] if is_early else _report_what_has_ended(engine, display.log)
        _say_where_the_rest_is(layout, display, reports)
        if paused:
            console.print(f"Stopped by `make pause`: {', '.join(paused)}.", soft_wrap=True)
            _say_what_goes_on(engine, paused)
        elif code:
            print_after_failure(console, make, stack, display.failure)
        elif stack == DEFAULT:
            print_next(console, _jobs_in(outputs))
    return code


def pause(layout: Layout, job: str | None, stack: str = DEFAULT) -> int:
    """Stops a stack's running jobs, or one of them, and marks them as paused."""
    stacks.must_be_known(layout, stack)
    server = daemon.find(layout.cloud)
    engine = stacks.platform(layout, stack, server)
    settings = StackFile.read(engine.settings_file) if engine.exists() else None
    lineages = lineages_of(settings, job) if settings else []
    if server is None or settings is None:
        console.print("No job runs, so there is nothing to pause.")
        return 0
    sagemaker = _client("sagemaker", engine, settings)
    paused = [job] if job else settings.job_names()
    if not _may_run(engine, settings, lineages):
        console.print("No job runs, so there is nothing to pause.")
        if already := stopped_and_paused(sagemaker, settings, paused):
            console.print(f"Paused already: {', '.join(already)}.", soft_wrap=True)
            _say_what_goes_on(engine, already)
        return 0
    refuse_pause_of_grids(sagemaker, lineages)
    settings.pause(paused)
    settings.write()  # where another `make up` reads why its jobs have ended
    _stop_under_another_engine(engine, settings, paused)
    release_dead_locks(layout, print_line, stack)
    settings.write()  # again, as yet another `make up` may have begun and ended meanwhile
    with _display("pause", engine) as display:
        with display.running("Updating"):
            code = _bring_up(engine, display)
        if code == 0:
            _print_jobs(sagemaker, lineages)
            _say_what_goes_on(engine, paused)
        else:
            display.print_failure()
            print_remedy(console, make("pause", stack), display.failure)
        _say_where_the_rest_is(layout, display)
    return code


def status(layout: Layout, stack: str = DEFAULT) -> int:
    """Shows the local cloud, a stack and its jobs, and which other stacks are up."""
    stacks.must_be_known(layout, stack)
    server = daemon.find(layout.cloud)
    engine = stacks.platform(layout, stack, server)
    where = f"{server.url}, process {server.pid}" if server else "not running"
    console.print(f"Local cloud  {where}")
    if server:
        console.print(f"Status page  {server.url}/localcloud/")
    others = (each for each in stacks.created(layout, server) if each != engine)
    shown = (engine, *filter(_has_anything, others))
    width = max(len(each.title) for each in shown)
    for each in shown:
        count = sum(not is_default_provider(resource) for resource in each.resources())
        size = f"{count} resources" if count else "not up"
        console.print(f"Stack {each.title:<{width}}    {size}", soft_wrap=True)
    for lock in locks_of(layout.state):
        dead = " (dead)" if lock.is_dead() else ""
        console.print(f"Locked       {lock.stack}, by {lock}{dead}", soft_wrap=True)
    if server is None or not engine.resources():
        console.print(f"`{make('up', stack)}` {'brings up the stack' if server else 'starts it'}.")
    if server and engine.settings_file.exists():
        print_plain_outputs(console, engine.outputs())
        settings = StackFile.read(engine.settings_file)
        if _print_jobs(_client("sagemaker", engine, settings), lineages_of(settings, None)):
            console.print(
                f"`{make('logs', stack)}` prints what each newest job wrote, "
                f"`{make('report', stack)}` how the jobs ran and what to do.",
                soft_wrap=True,
            )
    return 0


def logs(layout: Layout, job: str | None, follow: bool, stack: str = DEFAULT) -> int:
    """Prints the log lines of each job's newest run, or of one; with `follow`, new ones too.

    Those of a tuning job are the lines of its trials.
    """
    stacks.must_be_known(layout, stack)
    server = daemon.find(layout.cloud)
    engine = stacks.platform(layout, stack, server)
    if server is None or not engine.settings_file.exists():
        missing = "The local cloud doesn't run" if server is None else f"{stack} is not up"
        console.print(
            f"{missing}, so there are no logs. `{make('up', stack)}` starts it.", soft_wrap=True
        )
        return 1
    settings = StackFile.read(engine.settings_file)
    sagemaker = _client("sagemaker", engine, settings)
    client = _client("logs", engine, settings)
    lineages = lineages_of(settings, job)
    new_lines = _new_lines(sagemaker, client, settings, lineages)
    streams = [found for each in lineages if (found := newest_streams(sagemaker, each))]
    for each in streams:
        for line in read_lines(client, each):
            console.print(log_line(line), soft_wrap=True)
    if not streams:
        console.print("No training job was launched yet.")
    if follow:
        console.print("[dim]Waiting for more; Ctrl-C ends it.[/dim]")
        _follow_until_interrupted(new_lines, WaitNotices(sagemaker, lineages))
    return 0


def report(layout: Layout, job: str | None, stack: str = DEFAULT) -> int:
    """Writes the reports of a stack's jobs, or of one, and prints where they are."""
    stacks.must_be_known(layout, stack)
    server = daemon.find(layout.cloud)
    engine = stacks.platform(layout, stack, server)
    if server is None or not engine.settings_file.exists():
        missing = "The local cloud doesn't run" if server is None else f"{stack} is not up"
        console.print(
            f"{missing}, so there is nothing to report. `{make('up', stack)}` starts it.",
            soft_wrap=True,
        )
        return 1
    settings = StackFile.read(engine.settings_file)
    lineages = lineages_with_runs(_client("sagemaker", engine, settings), settings, job)
    if not _write_reports(engine, settings, lineages):
        console.print("No training job was launched yet.")
    return 0


def predict(layout: Layout) -> int:
    """Classifies the held-out images with the model of the job `digits`."""
    server = daemon.find(layout.cloud)
    outputs = stacks.platform(layout, DEFAULT, server).outputs()
    job = _jobs_in(outputs).get("digits", {})
    if job.get("status") != "Completed":
        console.print("No model was trained yet. `make up` trains one.")
        return 1
    if server is None:
        console.print(_STOPPED)
        return 1
    script = layout.checkout / "examples" / "digits" / "predict.py"
    environment = client_environment(layout, endpoint_url=server.url)
    return run_reader([layout.python, script, job["model_uri"]], env=environment).returncode


def downstream(layout: Layout) -> int:
    """Brings up the stack that registers the model which `up` has trained."""
    server = daemon.find(layout.cloud)
    if not stacks.platform(layout, DEFAULT, server).outputs():
        console.print("There is no platform to build on yet. `make up` builds it.")
        return 1
    if server is None:
        console.print(_STOPPED)
        return 1
    release_dead_locks(layout, print_line, DEFAULT)
    engine = stacks.downstream(layout, server)
    if not engine.exists():
        engine.create()
    StackFile.read(engine.original_settings).for_local_cloud(engine.settings_file).write()
    with _display("downstream", engine) as display:
        with display.running("Updating"):
            code = _refresh_if_stale(engine, server, display) or engine.up(display)
        if code == 0:
            display.print_success()
            print_outputs(console, engine.outputs())
        else:
            display.print_failure()
            print_remedy(console, "make downstream", display.failure)
        _say_where_the_rest_is(layout, display)
    return code


def down(layout: Layout, stack: str | None = None) -> int:
    """Destroys a stack, or all of them, dependent ones first.

    The local cloud is stopped with the last of them.
    """
    if stack is not None:
        stacks.must_be_known(layout, stack)
    release_dead_locks(layout, print_line, stack)
    end_processes_of(layout.pulumi_home)
    server = find_current(layout)
    chosen = _chosen(layout, server, stack)
    if chosen and server is None and not daemon.has_data(layout.cloud):
        console.print("The local cloud is gone, so nothing of its stacks exists any more.")
        for engine in chosen:
            engine.forget()
        return 0
    code, destroyed = 0, any(map(_has_anything, chosen))
    if destroyed:
        server = server or start(layout)
        chosen = list(filter(_has_anything, _chosen(layout, server, stack)))
        code = next(filter(None, (_destroy(engine, server) for engine in chosen)), 0)
    if code:
        console.print("The local cloud still runs. `make clean` removes it with all its data.")
        return code
    named = f"The stack {stack}" if stack else "Every stack"
    console.print(f"{named} is destroyed." if destroyed else "There was nothing to destroy.")
    left = [engine.title for engine in stacks.created(layout, server) if _has_anything(engine)]
    if left:
        console.print(f"The local cloud still runs, for {', '.join(left)}.")
    else:
        if daemon.stop(layout.cloud):
            console.print("The local cloud is stopped.")
        end_servers(layout.mlflow)
    return 0


# --- stacks ---------------------------------------------------------------------------------


def _chosen(layout: Layout, server: daemon.Server | None, stack: str | None) -> list[Engine]:
    """The stacks of a name that were created, dependent ones first; without a name, all."""
    return [each for each in stacks.created(layout, server) if stack in (None, each.stack)]


def _write_settings(engine: Engine) -> None:
    settings = StackFile.read(engine.original_settings).for_local_cloud(engine.settings_file)
    settings.set_launch(True)
    settings.write()
    if settings.left_out:
        left_out = ", ".join(settings.left_out)
        console.print(
            f"Left out, as the local cloud is no real account: {left_out}", soft_wrap=True
        )


def _bring_up(engine: Engine, display: EngineDisplay) -> int:
    """Brings a stack up, and shows its jobs' log lines too."""
    settings = StackFile.read(engine.settings_file)
    sagemaker, logs = (_client(each, engine, settings) for each in ("sagemaker", "logs"))
    lines = _new_lines(sagemaker, logs, settings, lineages_of(settings, None))
    with Follower(lines, display.job_line):
        return engine.up(display)


def _display(command: str, engine: Engine) -> EngineDisplay:
    """What a command shows of a stack, with its log file."""
    name = f"{command}-{engine.title.replace(' ', '-')}.log"
    layout = engine.layout
    typed = Typed(
        before_aws=aws_exports(layout, engine.endpoint_url),
        update="make downstream" if engine.project is DOWNSTREAM else make("up", engine.stack),
        pause=make("pause", engine.stack) if command == "up" else "",
    )
    return EngineDisplay(console, layout.logs / name, engine.title, typed)


def _say_where_the_rest_is(
    layout: Layout, display: EngineDisplay, reports: Sequence[Path] = ()
) -> None:
    """Prints in one line where the reports of the jobs are, and all output of the command."""
    written = ""
    if len(reports) == 1:
        written = f"Report: {_shown(layout, reports[0])}  "
    elif reports:
        written = f"{len(reports)} reports: {_shown(layout, reports[0].parent)}  "
    all_of_it = (f"All of it: {_shown(layout, display.file)}", "dim")
    console.print(Text.assemble(written, all_of_it), soft_wrap=True)


def _shown(layout: Layout, path: Path) -> Path:
    """A path as a person in the checkout would write it."""
    return path.relative_to(layout.checkout) if path.is_relative_to(layout.checkout) else path


def _refresh_if_stale(engine: Engine, server: daemon.Server, display: EngineDisplay) -> int:
    """Refreshes the state if it may differ from the local cloud; returns the exit code."""
    if engine.was_interrupted():
        console.print("The last run was interrupted, so the state is refreshed first.")
    elif server.lost and engine.resources() and engine.last_written() < server.started:
        console.print(f"The local cloud was started again. {server.lost}", soft_wrap=True)
        console.print("So the state is refreshed first.")
    else:
        return 0
    before = _names(engine)
    code = engine.refresh(display)
    if missing := before - _names(engine):
        console.print(f"Missing: {', '.join(sorted(missing))}.", soft_wrap=True)
    return code


def _refresh_if_relaunched(engine: Engine, display: EngineDisplay) -> int:
    """Refreshes the state if a failed job is to be relaunched; returns the exit code.

    The program relaunches it when its failure is recorded.
    """
    settings = StackFile.read(engine.settings_file)
    failed = failed_to_be_relaunched(_client("sagemaker", engine, settings), settings)
    if not failed or not engine.resources():
        return 0
    console.print(
        f"Failed, with relaunch: onFailure: {', '.join(failed)}. So the state is refreshed first.",
        soft_wrap=True,
    )
    return engine.refresh(display)


def _names(engine: Engine) -> set[str]:
    return {resource["urn"].rpartition("::")[2] for resource in engine.resources()}


def _has_anything(engine: Engine) -> bool:
    return bool(engine.resources()) or engine.was_interrupted()


def _destroy(engine: Engine, server: daemon.Server) -> int:
    """Destroys a stack, and returns the engine's exit code."""
    with _display("down", engine) as display:
        with display.running("Destroying"):
            code = _refresh_if_stale(engine, server, display) or engine.destroy(display)
        if code == 0:
            display.print_success()
        else:
            display.print_failure()
            _say_where_the_rest_is(engine.layout, display)
    return code


# --- jobs -----------------------------------------------------------------------------------


def _may_run(engine: Engine, settings: StackFile, lineages: list[str]) -> bool:
    """Whether jobs run, or an engine runs that may launch some."""
    sagemaker = _client("sagemaker", engine, settings)
    return is_locked(engine.layout, engine.stack) or bool(live_kinds(sagemaker, lineages))


def _stop_under_another_engine(engine: Engine, settings: StackFile, jobs: list[str]) -> None:
    """Makes an engine that waits for jobs release its lock, by stopping the jobs."""
    lineages = [settings.lineage(job) for job in jobs]
    if is_locked(engine.layout, engine.stack):
        is_all = set(jobs) == set(settings.job_names())
        ends = "then ends" if is_all else "ends when its other jobs have ended, too"
        console.print(
            f"Another `make up` waits for its jobs. This stops {', '.join(jobs)}; the other "
            f"`make up` {ends}.",
            soft_wrap=True,
        )
    while is_locked(engine.layout, engine.stack):
        for name in stop_live(_client("sagemaker", engine, settings), lineages):
            console.print(
                f"Stopping {name}, which has two minutes to save a checkpoint", soft_wrap=True
            )
        time.sleep(_WAIT_SECONDS)


def _as_they_are(engine: Engine, outputs: dict[str, Any]) -> dict[str, Any]:
    """The stack's outputs, with how its jobs are now."""
    sagemaker = _client("sagemaker", engine, StackFile.read(engine.settings_file))
    return as_they_are(sagemaker, outputs)


def _show_jobs(engine: Engine) -> None:
    """Prints how the jobs are that the engine may have waited for."""
    if daemon.find(engine.layout.cloud) is not None:
        settings = StackFile.read(engine.settings_file)
        _print_jobs(_client("sagemaker", engine, settings), lineages_of(settings, None))


def _say_what_still_runs(engine: Engine) -> None:
    """Prints that jobs still run after the command."""
    if daemon.find(engine.layout.cloud) is None:
        return
    settings = StackFile.read(engine.settings_file)
    kinds = live_kinds(_client("sagemaker", engine, settings), lineages_of(settings, None))
    if kinds:
        watch, up, pause = (make(each, engine.stack) for each in ("watch", "up", "pause"))
        waits = f"`{up}` waits for it, " if settings.waits() else ""
        kept = {"training job": "its checkpoints", "tuning job": "its trials that have ended"}
        console.print(
            f"A {kinds[0]} still runs. `{watch}` shows it, {waits}`{pause}` stops it and keeps "
            f"{kept[kinds[0]]}.",
            soft_wrap=True,
        )


def _say_which_wait_for_a_run(engine: Engine) -> None:
    """Prints which recurring jobs were not launched, as no run is named."""
    settings = StackFile.read(engine.settings_file)
    waiting = [name for name in settings.job_names() if settings.recurs(name)]
    if waiting and not settings.run():
        console.print(
            f"{', '.join(waiting)}: recurring, so not launched without a run. To launch one, set "
            f"{NAMESPACE}:run in {engine.original_settings.name}, for example to 2026-w48.",
            soft_wrap=True,
        )


def _say_which_stay_paused(engine: Engine) -> None:
    """Prints which jobs `make up` leaves paused."""
    if paused := _paused_by_the_file(engine):
        console.print(
            f"{', '.join(paused)}: paused, as {engine.original_settings.name} has `paused: true`.",
            soft_wrap=True,
        )


def _report_what_has_ended(engine: Engine, log: Console) -> list[Path]:
    """Writes the reports of the lineages that have jobs and none that runs; returns the files."""
    if daemon.find(engine.layout.cloud) is None:
        return []
    settings = StackFile.read(engine.settings_file)
    sagemaker = _client("sagemaker", engine, settings)
    lineages = lineages_with_runs(sagemaker, settings, None)
    ended = [each for each in lineages if not live_kinds(sagemaker, [each])]
    return _write_reports(engine, settings, ended, log)


def _write_reports(
    engine: Engine, settings: StackFile, lineages: list[str], summary: Console = console
) -> list[Path]:
    """Writes the reports of those lineages that have a job, and a summary; returns the files."""
    # Imported here: they import Pulumi, and other commands should not wait for that.
    from components.training_job.reader.run_attempts import Clients
    from tracking.reports import FOLDER, write_report
    from tracking.stack_outputs import complete_tunings_in

    sagemaker, logs, s3 = (_client(each, engine, settings) for each in ("sagemaker", "logs", "s3"))
    clients, folder = Clients(sagemaker, logs, s3), engine.layout.local / FOLDER.name
    files = {each: folder / f"{each}.html" for each in lineages}
    complete = complete_tunings_in(engine.outputs())
    return [
        file for each, file in files.items() if write_report(summary, clients, each, file, complete)
    ]


def _print_jobs(sagemaker: Any, lineages: list[str]) -> bool:
    """Prints the runs of the lineages: training jobs, and tuning jobs with their trials.

    Returns whether the newest one of a lineage has failed.
    """
    jobs, tunings = list(_described(sagemaker, lineages)), list(tunings_of(sagemaker, lineages))
    newest = newest_of_each(jobs)
    if jobs or not tunings:
        print_jobs(console, jobs, newest)
    print_tunings(console, tunings)
    for notice in trials_that_wait(sagemaker, tunings):
        console.print(Text(notice), soft_wrap=True)
    statuses = [
        *(job["TrainingJobStatus"] for job in newest),
        *(tuning.status for tuning, _ in tunings),
    ]
    return "Failed" in statuses


def _jobs_in(outputs: dict[str, Any]) -> dict[str, Any]:
    """What a stack says of its jobs, tuned or not, by their names in the settings."""
    return {**outputs.get("training_jobs", {}), **outputs.get("tuning_jobs", {})}


def _paused_meanwhile(engine: Engine, display: EngineDisplay) -> list[str]:
    """The jobs that `make pause` stopped while `make up` waited, if nothing else has failed."""
    if display.failure is not Failure.JOB or daemon.find(engine.layout.cloud) is None:
        return []
    settings = StackFile.read(engine.settings_file)
    lasting = _paused_by_the_file(engine)
    stopped = stopped_by_a_pause(_client("sagemaker", engine, settings), settings)
    return [job for job in stopped if job not in lasting]


def _paused_by_the_file(engine: Engine) -> list[str]:
    """The jobs that the stack's own file pauses, not only its copy."""
    file = engine.original_settings
    return StackFile.read(file).paused_jobs() if file.exists() else []


def _say_what_goes_on(engine: Engine, paused: Sequence[str]) -> None:
    """Prints with which command paused jobs go on, and from where; and which stay paused."""
    settings, lasting = StackFile.read(engine.settings_file), _paused_by_the_file(engine)
    tuned = {settings.is_tuned(each) for each in paused if each not in lasting}
    how = {False: "from the newest checkpoint", True: "with the trials that are left"}
    where = " or ".join(words for kind, words in how.items() if kind in tuned)
    if where:
        console.print(f"`{make('up', engine.stack)}` goes on: {where}.")
    _say_which_stay_paused(engine)


def _described(sagemaker: Any, lineages: list[str]) -> Iterator[dict[str, Any]]:
    for summary in runs_of(sagemaker, lineages):
        yield sagemaker.describe_training_job(TrainingJobName=summary["TrainingJobName"])


def _new_lines(sagemaker: Any, logs: Any, settings: StackFile, lineages: list[str]) -> NewLines:
    """The log lines from now on of the lineages' jobs, also of those not launched yet."""
    return NewLines(logs, _now_ms(), OwnJobs(sagemaker, lineages, recurring_in(settings)))


def _follow_until_interrupted(lines: NewLines, waits: WaitNotices) -> None:
    try:
        while True:
            for notice in waits.poll(datetime.now(UTC)):
                console.print(Text(notice, "dim"), soft_wrap=True)
            for line in lines.poll():
                console.print(log_line(line), soft_wrap=True)
            time.sleep(_WAIT_SECONDS)
    except KeyboardInterrupt:
        return
    except EndpointConnectionError:
        console.print("The local cloud was stopped.")


def _client(service: str, engine: Engine, settings: StackFile) -> Any:
    """A client of the local cloud, in the region of a stack."""
    return boto3.client(service, endpoint_url=engine.endpoint_url, region_name=settings.region())


def _now_ms() -> int:
    return int(time.time() * 1000)
