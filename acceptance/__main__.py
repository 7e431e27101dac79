"""`python -m acceptance`: tries the whole platform on the account of the credentials, once.

It shows what it will do and the most that it can cost, asks, cleans up whatever happens, and writes
a report of what was confirmed, refuted and not seen. docs/acceptance.md says more.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from acceptance import costs, pulumi_cli
from acceptance.diary import Diary, unfinished
from acceptance.identity import Caller, OtherAccountError, caller_of, refuse_another
from acceptance.report import write_report
from acceptance.running import Watcher, clean_up_until_interrupted, run
from acceptance.scene import Patience, Scene
from acceptance.steps import steps_of

ROOT = pulumi_cli.CHECKOUT / ".local" / "acceptance"
INSTANCE_TYPE = "ml.m5.large"
EXTRAS = tuple(costs.OPTIONS)
_IMAGE = (
    "763104351884.dkr.ecr.{region}.amazonaws.com/"
    "pytorch-training:2.5.1-cpu-py311-ubuntu22.04-sagemaker"
)
"""An AWS Deep Learning Container. Regions that must be turned on have other registries."""
_REFUSED = 2


class RefusedError(Exception):
    """Nothing was begun, for this reason."""


def main(
    arguments: Sequence[str], patience: Patience | None = None, watch: Watcher = lambda *_: None
) -> int:
    """Runs an acceptance, or goes on with one, and returns the exit code.

    0: everything was done and nothing was refuted or left; 1: not so; 2: nothing was begun.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.resume or options.clean_up:
            diary = _continued(options)
        else:
            diary = _begun(options, caller_of(options.region))
    except (RefusedError, OtherAccountError, costs.UnknownPriceError, ValueError) as error:
        return _refuse(str(error))
    except (ClientError, BotoCoreError) as error:
        return _refuse(f"AWS did not say who you are: {error}")
    except pulumi_cli.CliError as error:
        return _refuse(str(error))
    scene = Scene(diary, patience or Patience())
    try:
        if options.clean_up or diary.cleaning:
            complete = clean_up_until_interrupted(scene)
        else:
            complete = run(scene, lambda: caller_of(diary.region), watch)
    finally:
        path = write_report(scene, _about(scene))
    verdicts = [each["verdict"] for each in diary.findings]
    refuted = verdicts.count("refuted")
    scene.say(
        f"{verdicts.count('confirmed')} confirmed, {refuted} refuted, "
        f"{verdicts.count('not seen')} not seen. The report: {path}"
    )
    return 0 if complete and (options.clean_up or not refuted) else 1


def _begun(options: argparse.Namespace, caller: Caller) -> Diary:
    """The diary of a new acceptance, which the person has agreed to.

    Raises:
        RefusedError: the person has not agreed, or an earlier acceptance is not cleaned up.
        CliError: there is no CLI.
        UnknownPriceError: the instance type has no known price.

    """
    root = Path(options.folder)
    if left := unfinished(root):
        message = (
            f"An earlier acceptance in {left[0]} is not cleaned up. "
            "Go on with it by --resume, or clean it up by --clean-up."
        )
        raise RefusedError(message)
    pulumi_cli.executable()
    items = costs.most(options.instance_type, options.extras)
    image = options.image or _IMAGE.format(region=caller.region)
    _show(options, caller, items, image)
    _agree(options, caller, costs.total(items))
    folder = root / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder.mkdir(parents=True, mode=0o700)
    diary = Diary(
        folder=folder,
        account=caller.account,
        region=caller.region,
        image=image,
        instance_type=options.instance_type,
        extras=sorted(set(options.extras)),
        backend=options.backend or f"file://{folder / 'backend'}",
        max_usd=costs.total(items),
    )
    diary.write()
    return diary


def _continued(options: argparse.Namespace) -> Diary:
    """The diary of the oldest acceptance that is not cleaned up.

    Raises:
        RefusedError: there is none.
        OtherAccountError: it is one of another account or region.

    """
    left = unfinished(Path(options.folder))
    if not left:
        message = "There is no acceptance that was interrupted."
        raise RefusedError(message)
    diary = Diary.read(left[0])
    refuse_another(diary, caller_of(options.region or diary.region))
    return diary


def _show(options: argparse.Namespace, caller: Caller, items: list[costs.Item], image: str) -> None:
    print(f"Account {caller.account}, region {caller.region}, as {caller.arn}.")
    print(f"Pulumi {pulumi_cli.version()} in {pulumi_cli.executable()}.")
    print(f"Image {image}.")
    print("It makes a stack of its own, with a state of its own, and touches no other. The steps:")
    for step in steps_of(options.extras):
        print(f"  {step.name:<12}{step.what}")
    print("The most that it can cost:")
    for item in items:
        print(f"  {item.usd:7.4f} USD  {item.what}")
    print(f"  {costs.total(items):7.2f}   USD  together")


def _agree(options: argparse.Namespace, caller: Caller, usd: float) -> None:
    """Asks the person, or looks at the options by which the person has agreed before.

    Raises:
        RefusedError: the person has not agreed.

    """
    if options.account and options.account != caller.account:
        message = f"The credentials are of account {caller.account}, and not {options.account}."
        raise RefusedError(message)
    if options.max_usd is not None and usd > options.max_usd:
        message = f"It can cost {usd:.2f} USD, and --max-usd allows {options.max_usd:.2f}."
        raise RefusedError(message)
    if options.yes:
        if not (options.account and options.region and options.max_usd is not None):
            message = "--yes needs --account, --region and --max-usd: what was agreed to."
            raise RefusedError(message)
        return
    try:
        typed = input(f"To spend up to {usd:.2f} USD there, type the account's number: ")
    except EOFError:
        typed = ""
    if typed.strip() != caller.account:
        message = "That is not the account's number. Nothing was begun."
        raise RefusedError(message)


def _about(scene: Scene) -> dict[str, str]:
    return {
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "region": scene.diary.region,
        "Pulumi CLI": pulumi_cli.version(),
        "pulumi": version_of("pulumi"),
        "pulumi-aws": version_of("pulumi-aws"),
        "image": scene.diary.image,
        "instances": scene.diary.instance_type,
        "at most": f"{scene.diary.max_usd:.2f} USD",
    }


def _refuse(message: str) -> int:
    print(message, file=sys.stderr)
    return _REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m acceptance", description=__doc__)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--max-usd", type=float, help="refuse what can cost more")
    parser.add_argument("--account", help="the account that it must be")
    parser.add_argument("--region", help="the region; by default the profile's")
    parser.add_argument("--image", help="a training image with Python 3.8 or newer")
    parser.add_argument("--instance-type", default=INSTANCE_TYPE)
    parser.add_argument("--backend", help="a Pulumi backend; by default a folder of its own")
    parser.add_argument("--folder", default=str(ROOT), help="where states and reports are kept")
    parser.add_argument(
        "--with", dest="extras", action="append", default=[], choices=EXTRAS, help="further steps"
    )
    parser.add_argument("--resume", action="store_true", help="go on with one that was killed")
    parser.add_argument("--clean-up", action="store_true", help="only delete what one has left")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
