"""The launcher as a whole: what a script can rely on while it runs."""

from __future__ import annotations

import pytest

from tests.components.training_job.code_channel.container import WAIT_SECONDS, Container


def test_output_appears_while_the_script_still_runs(container: Container) -> None:
    container.pack({"train.py": "import time; print('step=1'); time.sleep(60)"})
    process = container.start("--entry-point", "train.py")
    assert process.stdout is not None
    assert [process.stdout.readline(), process.stdout.readline()][1] == "step=1\n"
    process.terminate()
    process.communicate(timeout=WAIT_SECONDS)


@pytest.mark.parametrize("distribution", ["none", "jax"])
def test_a_module_of_the_source_is_run_with_its_arguments(
    container: Container, distribution: str
) -> None:
    shows = "import os, sys; print(sys.argv[1:], __package__, os.environ['SM_MODULE_NAME'])"
    container.pack({"trainer/__init__.py": "", "trainer/main.py": shows})
    container.configure("hyperparameters", {"epochs": "3"})
    options = ("--distribution", distribution, "--module", "trainer.main", "--", "--fast")
    done = container.run(*options)
    assert done.stdout.splitlines()[-1] == "['--epochs', '3', '--fast'] trainer trainer.main"


def test_a_module_that_is_nowhere_is_named(container: Container) -> None:
    container.pack({"train.py": ""})
    assert container.run("--module", "nowhere.at_all").returncode == 1
    assert "No module named" in container.failure
    assert container.failure.startswith("-m nowhere.at_all: ")


USES_CHECKPOINTS = """
import os
from training_checkpoints import Checkpoints
checkpoints = Checkpoints(os.environ["SM_CHECKPOINT_DIR"])
checkpoints.save(7, lambda file: file.write(b"state"))
"""


def test_a_script_can_import_the_launchers_checkpoints(container: Container) -> None:
    assert container.run_script(USES_CHECKPOINTS).returncode == 0
    [saved] = (container.base / "checkpoints").iterdir()
    assert saved.name.startswith("step-000000007.rank-0.sha256-")


@pytest.mark.parametrize("whose", ["the script's", "the image's"])
def test_a_module_of_the_same_name_that_the_script_or_the_image_has_is_imported_instead(
    container: Container, whose: str
) -> None:
    scripts = {"train.py": "import training_checkpoints; print(training_checkpoints.WHOSE)"}
    module = f"WHOSE = {whose!r}"
    if whose == "the script's":
        scripts["training_checkpoints.py"] = module
    else:
        (container.base / "training_checkpoints.py").write_text(module)
        container.environment["PYTHONPATH"] = str(container.base)
    container.pack(scripts)
    done = container.run("--entry-point", "train.py")
    assert done.stdout.splitlines()[-1:] == [whose], done.stderr


def test_nothing_else_of_the_launcher_can_be_imported_by_accident(container: Container) -> None:
    assert container.run_script("import launching").returncode == 1
    assert "No module named 'launching'" in container.failure


def test_it_starts_where_python_adds_no_folder_of_its_own_to_the_modules(
    container: Container,
) -> None:
    container.environment["PYTHONSAFEPATH"] = "1"
    assert container.run_script("").returncode == 0
