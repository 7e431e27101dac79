"""Each command of the documents is run by a test, or is of a kind that none can run, and why."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.document_commands import (
    CHECKOUT,
    DOCUMENTS,
    KINDS,
    PROGRAMS,
    Command,
    Kind,
    commands_of,
    is_section,
    kind_of,
    lines_of,
)

COMMANDS = [each for document in DOCUMENTS for each in commands_of(document)]
IN_BLOCKS = [each for each in COMMANDS if each.block is not None]
IN_SENTENCES = [each for each in COMMANDS if each.block is None]


@cache
def claims() -> dict[str, set[str]]:
    """What each test says that it runs, by the marks `runs`."""
    found: dict[str, set[str]] = {}
    for file in (CHECKOUT / "tests").rglob("test_*.py"):
        text = file.read_text()
        if "mark.runs(" not in text:
            continue
        tree = ast.parse(text)
        constants = {
            each.targets[0].id: each.value.value
            for each in tree.body
            if isinstance(each, ast.Assign)
            and isinstance(each.targets[0], ast.Name)
            and isinstance(each.value, ast.Constant)
        }
        for function in (each for each in tree.body if isinstance(each, ast.FunctionDef)):
            for mark in function.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.runs":
                    name = f"{file.relative_to(CHECKOUT)}::{function.name}"
                    found[name] = {
                        str(constants[each.id] if isinstance(each, ast.Name) else each.value)
                        for each in mark.args
                        if isinstance(each, ast.Name | ast.Constant)
                    }
    return found


def without_stack(text: str) -> str:
    """A target without its stack: it does the same with another."""
    return re.sub(r" (STACK|JOB)=\S+", "", text)


@cache
def run_texts() -> frozenset[str]:
    """The commands that some test runs, wherever they are written."""
    claimed = {each for made in claims().values() for each in made}
    texts = {each.text for each in IN_BLOCKS if each.section in claimed and not kind_of(each)}
    named = {each for each in claimed if not is_section(each)}
    return frozenset(without_stack(each) for each in texts | named)


def is_run(text: str) -> bool:
    """Whether a test runs a command that a sentence names, which may leave out its options."""
    named = without_stack(text)
    return any(each == named or each.startswith(f"{named} ") for each in run_texts())


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_each_command_is_run_by_a_test_or_is_of_a_kind_that_none_can_run(document: Path) -> None:
    claimed = {each for made in claims().values() for each in made}
    missing = [
        str(each)
        for each in COMMANDS
        if each.document == str(document)
        and kind_of(each) is None
        and (each.section not in claimed if each.block is not None else not is_run(each.text))
    ]
    assert missing == [], "mark a test with `runs`, or see KINDS in tests/document_commands.py"


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_a_page_puts_the_projects_python_on_path_before_its_first_command_of_it(document: Path):
    commands = [each for each in COMMANDS if each.document == str(document)]
    blocks = (n for n, each in enumerate(commands) if each.block is not None)
    first = next((n for n in blocks if commands[n].text.startswith("python -m ")), None)
    before = [each.text for each in commands[:first]]
    assert first is None or "export PATH=$PWD/.venv/bin:$PATH" in before


def test_each_claim_is_of_a_section_or_a_command_that_a_document_has() -> None:
    sections = {each.section for each in IN_BLOCKS}
    texts = {each.text for each in IN_SENTENCES}
    assert claims()
    for test, claimed in claims().items():
        assert claimed - sections - texts == set(), test


def test_a_test_that_claims_commands_takes_them_from_the_document() -> None:
    for test, claimed in claims().items():
        path, _, name = test.partition("::")
        source = (CHECKOUT / path).read_text()
        arguments = re.search(rf"^def {name}\(([^)]*)\)", source, re.MULTILINE)
        assert arguments is not None
        if "walk: Walk" in arguments[1]:
            continue
        helpers = re.findall(r"^from tests\.(\w+) import", source, re.MULTILINE)
        sources = [source, *((CHECKOUT / f"tests/{each}.py").read_text() for each in helpers)]
        read = re.sub(r"[\w./-]+\.md#", "", "".join(sources))
        for section in claimed:
            assert Path(section.partition("#")[0]).name in read, test


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.pattern)
def test_each_kind_has_commands_and_tests_that_look_at_them_instead(kind: Kind) -> None:
    assert [each for each in COMMANDS if kind_of(each) is kind]
    assert kind.instead
    for test in kind.instead:
        path, _, name = test.partition("::")
        assert re.search(rf"^def {name}\(", (CHECKOUT / path).read_text(), re.MULTILINE), test


def not_run(pattern: str) -> Iterator[Command]:
    """The commands of the kind that fits a text."""
    return (each for each in COMMANDS if kind_of(each) and re.match(pattern, each.text))


def test_a_command_that_is_not_run_has_a_form() -> None:
    """Bash parses it, and it begins with a program."""
    for command in (each for each in COMMANDS if kind_of(each)):
        text = re.sub(r"<[^>]*>", "x", command.text).replace("…", "x")
        subprocess.run(["bash", "-nc", text], check=True)
        first = shlex.split(text)[0]
        assert re.fullmatch(rf"(?:{PROGRAMS}|kill)|\.\S+/(?:pip|python|wandb|run)", first), command


def test_what_is_to_be_installed_is_there() -> None:
    installed = [each for each in not_run(r"\S+/pip install") if each.text]
    assert len(installed) > 3
    for command in installed:
        words = shlex.split(command.text)
        files = [words[place + 1] for place, word in enumerate(words) if word == "-r"]
        assert files
        assert [each for each in files if not (CHECKOUT / each).is_file()] == []


def options_of(module: str, *command: str) -> set[str]:
    """The options that a module's help names."""
    words = [sys.executable, "-m", module, *command, "--help"]
    done = subprocess.run(
        words, cwd=CHECKOUT, env={"COLUMNS": "200"}, capture_output=True, text=True, check=True
    )
    return set(re.findall(r"--[a-z][a-z-]+", done.stdout))


def test_the_reader_has_the_options_of_its_commands() -> None:
    known, commands = options_of("tracking", "sync"), list(not_run(r"\S*python -m tracking sync"))
    assert len(commands) > 2
    for command in commands:
        assert set(re.findall(r"--[a-z][a-z-]+", command.text)) <= known, command


def test_a_measurement_has_its_options() -> None:
    commands = {each.text for each in not_run(r"python -m bench\.")}
    assert len(commands) > 3
    for command in commands:
        module, *words = command.split()[2:]
        found = importlib.util.find_spec(module)
        assert found is not None
        options = {word for word in words if word.startswith("--")}
        assert not options or options <= options_of(module), command


@pytest.mark.parametrize(
    ("block", "lines"),
    [
        ("make up      # builds\n\nmake down\n", ["make up", "make down"]),
        ("gh api \\\n  -f one\n", ["gh api -f one"]),
        ("cp a b # c\nawk '#d'\n", ["cp a b", "awk '#d'"]),
    ],
)
def test_the_lines_of_a_block_are_its_commands(block: str, lines: list[str]) -> None:
    assert lines_of(block) == lines


@pytest.mark.parametrize(
    ("document", "command", "left_out"),
    [
        ("docs/acceptance.md", ("acceptance",), {"--help", "--folder"}),
        ("docs/local-cloud.md", ("localcloud", "serve"), {"--help", "--data"}),
    ],
)
def test_the_table_of_a_commands_options_has_them_all(
    document: str, command: tuple[str, ...], left_out: set[str]
) -> None:
    rows = re.findall(r"^\| (`--[^|]*) \|", (CHECKOUT / document).read_text(), re.MULTILINE)
    assert set(re.findall(r"--[a-z][a-z-]+", "".join(rows))) == options_of(*command) - left_out
