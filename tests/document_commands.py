"""The commands of the documents, and a terminal in which tests run them as a reader does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path.relative_to(CHECKOUT)
    for pattern in (
        "README.md",
        "docs/*.md",
        "localcloud/*.md",
        "policies/*.md",
        "examples/**/*.md",
    )
    for path in CHECKOUT.glob(pattern)
)
"""Those that say to a reader what to do; the decisions in docs/adr give reasons."""
LANGUAGES = {"", "bash", "console", "sh", "shell"}
"""The languages of a block of commands; what is printed is in blocks of `text`."""
PROGRAMS = "make|pulumi|python3?|aws|git|gh|docker|terraform|pip|uv|wandb|unset|export|nsenter"
SECONDS = 300.0

_FENCE = re.compile(r" *```(\w*)$")
_HEADING = re.compile(r"#+ (.+)$")
_INLINE = re.compile(rf"`((?:(?:{PROGRAMS}|kill) [^`\n]+)|\.ci/run)`")
_COMMENT = re.compile(r"(?:^|\s+)# .*$")
_CONTINUED = re.compile(r"\\\n\s*")
_PLACEHOLDER = re.compile(r"<([A-Za-z][\w ]*)>")
_ENDED = "the-command-has-ended"


@dataclass(frozen=True)
class Command:
    """One command that a document gives: a line of a block, or a text in a sentence."""

    document: str
    heading: str
    text: str
    block: int | None = None
    """The number of its block below the heading; none for a command in a sentence."""

    @property
    def section(self) -> str:
        """The place by which a test names it."""
        return f"{self.document}#{self.heading}"

    def __str__(self) -> str:
        return f"{self.section}: {self.text}"


def commands_of(document: Path | str) -> list[Command]:
    """The commands of a document, in its order."""
    found: list[Command] = []
    heading, number = "", 0
    language, block = "", None
    for line in (CHECKOUT / document).read_text().splitlines():
        if fence := _FENCE.match(line):
            if block is None:
                language, block = fence[1], list[str]()
                continue
            if language in LANGUAGES:
                lines = lines_of("\n".join(block))
                found += [Command(str(document), heading, each, number) for each in lines]
                number += 1
            block = None
        elif block is not None:
            block.append(line)
        elif title := _HEADING.match(line):
            heading, number = title[1], 0
        else:
            found += [Command(str(document), heading, each) for each in _INLINE.findall(line)]
    return found


def lines_of(block: str) -> list[str]:
    """The commands of a block: its lines without comments, continued lines together."""
    lines = (_COMMENT.sub("", line).strip() for line in _CONTINUED.sub("", block).splitlines())
    return [line for line in lines if line]


@dataclass(frozen=True)
class Kind:
    """Commands that no test runs as they are: why, and which tests look at them instead."""

    pattern: str
    reason: str
    instead: tuple[str, ...]


_FORM = "tests/test_document_commands.py::test_a_command_that_is_not_run_has_a_form"
_AWS = (
    "tests/test_aws_commands_of_documents.py::"
    "test_a_command_has_an_operation_and_options_of_the_api"
)
_ENGINE = (
    "tests/integration/test_documents.py::"
    "test_the_engines_commands_in_the_documents_have_options_that_it_knows"
)
_TARGETS = (
    "tests/integration/test_documents.py::test_every_make_target_that_a_document_names_exists"
)

KINDS = (
    Kind(
        r"(docker|gh|terraform|pip|wandb) .+|aws ecr get-login-password .+",
        "a program or a service of others, which is not at hand",
        (_FORM,),
    ),
    Kind(
        r"aws ecr describe-images --registry-id 763104351884 .+"
        r"|aws service-quotas list-requested-service-quota-change-history .+|aws cloudtrail .+",
        "the local cloud has no images of AWS's own, no history of quotas and no trail",
        (_AWS,),
    ),
    Kind(
        r"python3 -m venv .+|\S+/pip install .+",
        "it installs packages from an index",
        (
            "tests/toolchain/test_python_packages.py::"
            "test_every_requirement_is_pinned_and_constrained_to_the_same_version",
            "tests/test_document_commands.py::test_what_is_to_be_installed_is_there",
        ),
    ),
    Kind(
        r"\S*python -m tracking sync.*|make mlflow|make track.*|export WANDB_API_KEY=.*",
        "it needs a client of MLflow or Weights & Biases, of 1 GB",
        (
            "tests/test_document_commands.py::test_the_reader_has_the_options_of_its_commands",
            "tests/clients/mlflow/test_mlflow.py::"
            "test_a_lineage_with_an_interruption_a_pause_and_a_failure_is_one_curve_and_three_attempts",
            "tests/development/test_tracking_commands.py::"
            "test_the_reader_is_run_with_the_stacks_lineages_region_and_cloud",
        ),
    ),
    Kind(
        r"make (acceptance.*|upgrade.*|setup|check|test|test-deep|test-clients)|\.ci/run"
        r"|python -m acceptance",
        "it runs these tests, installs, or asks for a real account",
        (
            _TARGETS,
            "tests/toolchain/test_upgrade.py::test_new_versions_stay_only_if_the_targets_pass",
            "tests/integration/acceptance/test_acceptance.py::"
            "test_an_acceptance_goes_on_after_kill_and_reports_each_planted_fault",
        ),
    ),
    Kind(
        r"python -m bench\..+",
        "it measures for minutes",
        ("tests/test_document_commands.py::test_a_measurement_has_its_options",),
    ),
    Kind(
        r"\S+ -m tests\.integration\.stored_states\.record",
        "it writes the state of a version, in a minute",
        (
            "tests/integration/stored_states/test_stored_states.py::test_a_stored_state_is_refreshed_updated_and_destroyed",
        ),
    ),
    Kind(
        r"(make up|make status|make down) STACK=research-tuning",
        "its trials take a minute, and another test runs what the target does",
        (
            "tests/integration/test_commands.py::"
            "test_the_tuned_example_beats_the_untuned_job_though_the_local_cloud_is_killed",
            _TARGETS,
        ),
    ),
    Kind(
        r"pulumi new.*",
        "it fetches the program from its repository; from a folder, another test does it",
        (
            "tests/integration/test_new_project.py::"
            "test_the_answers_are_a_stack_that_previews_at_once",
        ),
    ),
    Kind(
        r"pulumi (login.*|import|cancel|stack tag ls|preview --json|state delete.*)",
        "named in a sentence about the engine, without all that the engine asks for",
        (_ENGINE,),
    ),
    Kind(r"kill -9|unset .+|python -m <module>", "not a command of this project", (_FORM,)),
)


def kind_of(command: Command) -> Kind | None:
    """The kind of a command that no test runs, if it is of one."""
    return next((each for each in KINDS if re.fullmatch(each.pattern, command.text)), None)


class Terminal:
    """A shell that gets one command after the other, as a person types them.

    Variables, functions and the folder stay from one command to the next. `make` leaves out the
    set-up, which a copy of the checkout has from the checkout itself.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, env=dict(environment), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        self.run("trap : INT")  # Ctrl-C ends the command, and not the shell
        self.run('make() { command make --old-file=commands "$@"; }')

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def run(self, command: str, *, code: int | None = 0) -> str:
        """What a command printed; it must end with this code, or with none of its own choice."""
        self.start(command)
        text, ended = self.wait()
        assert code is None or ended == code, f"{command} ended with {ended}:\n{text}"
        return text

    def start(self, command: str) -> None:
        """Begins a command, for which `wait` waits."""
        assert self._shell.stdin
        self._shell.stdin.write(
            f"{{ {command}\n}} </dev/null\nended=$?; echo; echo {_ENDED} $ended\n"
        )
        self._shell.stdin.flush()

    def until(self, text: str) -> str:
        """What the running command printed until a text came."""
        return self._read(text)[0]

    def wait(self) -> tuple[str, int]:
        """What the running command printed, and the code with which it ended."""
        text, last = self._read(_ENDED)
        return text.removesuffix("\n"), int(last.split()[1])

    def interrupt(self) -> None:
        """Ctrl-C."""
        os.killpg(self._shell.pid, signal.SIGINT)

    def end(self) -> None:
        """Closes the window, which ends what runs in it."""
        self._kill()
        self._shell.communicate()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._shell.pid, signal.SIGKILL)

    def _read(self, until: str) -> tuple[str, str]:
        """The lines before one with a text, and that line."""
        assert self._shell.stdout
        timer = threading.Timer(SECONDS, self._kill)
        timer.start()
        read: list[str] = []
        try:
            for line in self._shell.stdout:
                if until in line:
                    return "".join(read), line
                read.append(line)
        finally:
            timer.cancel()
        raise AssertionError(f"{until!r} did not come:\n{''.join(read)}")


class Walk:
    """A reader's way through sections: each of their commands is run, in the page's order.

    `claims` are those of a test's mark `runs`.
    """

    def __init__(self, claims: Sequence[str]) -> None:
        self._sections = {each: claimed(each) for each in claims if is_section(each)}
        self._sentences = [each for each in claims if not is_section(each)]

    def section(
        self,
        terminal: Terminal,
        section: str,
        *expected: tuple[str, str],
        values: Mapping[str, str] | None = None,
        code: int | None = 0,
    ) -> list[str]:
        """Runs the next commands of a section; returns what each printed.

        `expected` has the beginning of each command and a part of what it prints, `values` what a
        reader writes in place of `<such a text>`.
        """
        printed = []
        for beginning, part in expected:
            text = terminal.run(self.next(section, beginning, values), code=code)
            assert part in text, f"{beginning} did not print {part!r}:\n{text}"
            printed.append(text)
        return printed

    def next(self, section: str, beginning: str, values: Mapping[str, str] | None = None) -> str:
        """The next command of a section, which is run now, or in another terminal."""
        command = self._sections[section].pop(0)
        assert command.text.startswith(beginning), f"{command} does not begin with {beginning!r}"
        return filled(command.text, values or {})

    def sentence(
        self, terminal: Terminal, command: str, part: str, values: Mapping[str, str] | None = None
    ) -> str:
        """Runs a command that a sentence names, and returns what it printed."""
        text = terminal.run(self.spoken(command, values))
        assert part in text, f"{command} did not print {part!r}:\n{text}"
        return text

    def spoken(self, command: str, values: Mapping[str, str] | None = None) -> str:
        """A command that a sentence names, which is run now, or in another terminal."""
        self._sentences.remove(command)
        return filled(command, values or {})

    def must_be_complete(self) -> None:
        """Fails if a command that the test claims was not run."""
        assert [str(each) for left in self._sections.values() for each in left] == []
        assert self._sentences == []


def claimed(section: str) -> list[Command]:
    """The commands of the blocks of a section, but for those that no test can run."""
    document, _, heading = section.partition("#")
    commands = [each for each in commands_of(document) if each.heading == heading]
    return [each for each in commands if each.block is not None and not kind_of(each)]


def is_section(claim: str) -> bool:
    """Whether a test says that it runs the commands of a section, and not one of a sentence."""
    return bool(re.match(r"[\w./-]+\.md#", claim))


def filled(text: str, values: Mapping[str, str]) -> str:
    """A command with the values of its places, such as `<account>`."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)
