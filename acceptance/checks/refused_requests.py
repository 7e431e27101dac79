"""Controls of docs/security.md that show when somebody asks for what must be refused."""

from __future__ import annotations

from acceptance.finding import Checks, Finding, confirmed, not_seen, refuted
from acceptance.refusals import ACCEPTED, CONTROL
from acceptance.scene import Scene

REFUSED_REQUESTS = Checks("control")
_DENIALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "403"}
_STEP = "refusals"


@REFUSED_REQUESTS.after(
    _STEP, "denies-plain-http", "A list of the bucket over plain HTTP is denied."
)
def denies_plain_http(scene: Scene) -> Finding:
    """S3 was asked without TLS."""
    if "plain-http" not in scene.facts["refusals"]:
        return not_seen("this endpoint has no TLS, so every request is without it")
    return _denied(scene, "plain-http")


@REFUSED_REQUESTS.after(_STEP, "denies-other-key", "An upload with another key is denied.")
def denies_other_key(scene: Scene) -> Finding:
    """An object was sent with a key that does not exist, which S3 looks for after the policy."""
    return _denied(scene, "other-key")


@REFUSED_REQUESTS.after(_STEP, "denies-other-encryption", "An upload with AES256 is denied.")
def denies_other_encryption(scene: Scene) -> Finding:
    """An object was sent with S3's own encryption."""
    return _denied(scene, "other-encryption")


@REFUSED_REQUESTS.after(_STEP, "denies-key-of-a-client", "An upload with a client's key is denied.")
def denies_key_of_a_client(scene: Scene) -> Finding:
    """An object was sent with a key of this program."""
    return _denied(scene, "key-of-a-client")


@REFUSED_REQUESTS.after(
    _STEP, "denies-the-caller", "No administrator can assume the execution role."
)
def denies_the_caller(scene: Scene) -> Finding:
    """Who runs the acceptance has tried."""
    return _denied(scene, "assumed")


@REFUSED_REQUESTS.after(
    _STEP, "denies-a-stranger", "Another role gets nothing from bucket, key, topic and role."
)
def denies_a_stranger(scene: Scene) -> Finding:
    """A role without a policy has tried each."""
    return _denied(scene, "stranger-bucket", "stranger-key", "stranger-topic", "stranger-role")


def _denied(scene: Scene, *names: str) -> Finding:
    """Whether each of these requests was denied, as far as anything is denied here."""
    answers: dict[str, str] = scene.facts["refusals"]
    missing = [name for name in names if name not in answers]
    if missing:
        return not_seen(f"no role could be made to send it: {', '.join(missing)}")
    shown = ", ".join(f"{name}: {answers[name]}" for name in names)
    if all(answers[name] in _DENIALS for name in names):
        return confirmed(shown)
    if answers.get(CONTROL, ACCEPTED) == ACCEPTED:
        return not_seen("it was not seen that a role without a policy is refused anything here")
    return refuted(shown)
