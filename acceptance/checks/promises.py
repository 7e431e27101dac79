"""The promises of the README, as a person sees them kept."""

from __future__ import annotations

import json
import re

from acceptance.alert_queue import alert_about
from acceptance.event_queue import rule_name
from acceptance.finding import Checks, Finding, confirmed, decided, not_seen, refuted
from acceptance.leftovers import leftovers
from acceptance.platform_settings import FAILING_JOB, JOB, METRICS
from acceptance.scene import Scene

PROMISES = Checks("promise")
_DEFINITION_AND_ATTEMPT = r"-[0-9a-f]{8}-[12]"


@PROMISES.after("preview", "preview-launches-nothing", "A preview launches nothing.")
def _preview_launches_nothing(scene: Scene) -> Finding:
    seen = scene.facts["preview"]
    return decided(seen["jobs"] == 0, f"training jobs after the preview: {seen['jobs']}")


@PROMISES.after(
    "preview",
    "preview-shows-the-ceiling",
    "With the switch off, the preview shows the job with the most that it can cost.",
)
def _preview_shows_the_ceiling(scene: Scene) -> Finding:
    lines = scene.facts["preview"]["text"].splitlines()
    shown = [line for line in lines if re.search(r"cost_ceiling_usd\s*: *[0-9.]*[1-9]", line)]
    return decided(bool(shown), shown[0] if shown else "no line of the preview names a ceiling")


@PROMISES.after(
    "preview", "policies-accept-the-stack", "The policies accept a stack within its quotas."
)
def _policies_accept(scene: Scene) -> Finding:
    text = scene.facts["preview"]["text"]
    return decided(
        "[mandatory]" not in text, "the preview ran under the policies, with exit code 0"
    )


@PROMISES.after("up", "launched-once", "An update launches a job once.")
def launched_once(scene: Scene) -> Finding:
    """Every training job of the lineage is one that a step launched, and none of them twice."""
    names = [each["TrainingJobName"] for each in scene.jobs()]
    pattern = re.compile(re.escape(scene.lineage()) + _DEFINITION_AND_ATTEMPT)
    launches = 2 if "paused" in scene.facts else 1
    right = len({*names}) == launches and all(map(pattern.fullmatch, names))
    return decided(right, f"training jobs of the lineage: {', '.join(names)}")


@PROMISES.after(
    "failure",
    "edit-touches-no-run",
    "A change of the platform, and of another job, touches no job that runs.",
)
def _edit_touches_no_run(scene: Scene) -> Finding:
    edit = scene.facts["edit"]
    same = edit["before"] == edit["after"] and edit["live"]
    return decided(same, f"before: {edit['before']}; after: {edit['after']}, live: {edit['live']}")


@PROMISES.after(
    "failure", "failed-job-has-a-reason", "A job that fails says why: its script's exit code."
)
def _failed_job_has_a_reason(scene: Scene) -> Finding:
    failed = scene.facts["failed"]
    return decided(
        failed["status"] == "Failed" and "this job was made to fail" in failed["reason"],
        f"{failed['name']}: {failed['status']}, {failed['reason'][:200]}",
    )


@PROMISES.after("pause", "alert-arrives", "Subscribers get a message about a job that fails.")
def alert_arrives(scene: Scene) -> Finding:
    """A message about the failed job is in the queue that is subscribed to the topic."""
    name, kept = scene.facts["failed"]["name"], scene.facts.get("alert")
    # A message is read once; an acceptance that goes on has it from before.
    alert = kept if name in json.dumps(kept) else alert_about(scene, name)
    if alert is None:
        return refuted(f"no message in {scene.patience.message:.0f} s")
    scene.facts["alert"] = alert
    return confirmed(json.dumps(alert["content"])[:300])


@PROMISES.after("pause", "pause-stops", "A pause stops the job.")
def _pause_stops(scene: Scene) -> Finding:
    seen = scene.facts["paused"]
    return decided(seen["status"] == "Stopped", f"{seen['name']}: {seen['status']}")


@PROMISES.after(
    "pause", "pause-loses-no-step", "A pause keeps the checkpoint, with every step that was logged."
)
def pause_loses_no_step(scene: Scene) -> Finding:
    """The checkpoint in the bucket is that of the last step that the paused job logged."""
    lines = scene.log_lines(scene.facts["paused"]["name"])
    logged = max((int(found[1]) for line in lines if (found := _step_in(line))), default=0)
    kept = scene.checkpoint()
    return decided(0 < logged <= kept, f"last step that was logged: {logged}; checkpoint: {kept}")


@PROMISES.after(
    "resume", "resume-continues", "The resumed job goes on after the step of the checkpoint."
)
def _resume_continues(scene: Scene) -> Finding:
    kept, name = scene.facts["paused"]["checkpoint"], scene.outputs["training_job_name"]
    lines = scene.log_lines(name)
    resumed = {int(found[1]) for line in lines if (found := re.search(r"resumed=(\d+)", line))}
    if not resumed:
        return not_seen(f"the log of {name} has no line about it yet")
    right = resumed == {kept} and kept > 0
    return decided(right, f"{name} resumed at {sorted(resumed)}; the checkpoint was {kept}")


@PROMISES.after(
    "resume", "resume-launches-once", "A pause and a resumption are two jobs, not more."
)
def _resume_launches_once(scene: Scene) -> Finding:
    return launched_once(scene)


@PROMISES.after("resume", "model-exists", "A completed job has a model, where the outputs say.")
def _model_exists(scene: Scene) -> Finding:
    job = scene.outputs["training_jobs"][JOB]
    steps, kept = scene.model_steps(job["model_uri"]), scene.facts["paused"]["checkpoint"]
    right = job["status"] == "Completed" and steps > kept
    return decided(right, f"status {job['status']}, a model of {steps} steps")


@PROMISES.after(
    "resume", "outputs-have-results", "The outputs have the job's metrics and its cost."
)
def _outputs_have_results(scene: Scene) -> Finding:
    job = scene.outputs["training_jobs"][JOB]
    metrics, cost = job.get("metrics", {}), job.get("cost_usd")
    return decided(
        {*METRICS} <= {*metrics} and isinstance(cost, (int, float)),
        f"metrics {sorted(metrics)}, cost {cost} USD",
    )


@PROMISES.after(
    "resume", "spot-saves", "The job ran on managed spot, and less is billed than it took."
)
def _spot_saves(scene: Scene) -> Finding:
    job = scene.jobs()[-1]
    took, billed = job.get("TrainingTimeInSeconds"), job.get("BillableTimeInSeconds")
    if not job.get("EnableManagedSpotTraining"):
        return refuted("the job did not run on managed spot")
    if took is None or billed is None:
        return not_seen("the job has no times")
    return decided(billed < took, f"training {took} s, billable {billed} s")


@PROMISES.after("refresh", "refresh-keeps-all", "A refresh finds every resource.")
def _refresh_keeps_all(scene: Scene) -> Finding:
    changes = scene.facts["refresh"]["changes"]
    return decided("delete" not in changes, f"changes of the refresh: {changes or 'none'}")


@PROMISES.after(
    "unchanged", "unchanged-changes-nothing", "An update without a change changes nothing."
)
def unchanged_changes_nothing(scene: Scene) -> Finding:
    """The CLI counted no change, and no job was launched."""
    seen = scene.facts["unchanged"]
    right = seen["code"] == 0 and not seen["changes"] and seen["launched"] == 0
    return decided(
        right, f"changes: {seen['changes'] or 'none'}, jobs launched: {seen['launched']}"
    )


@PROMISES.after("policies", "policies-refuse", "The policies refuse a job above its team's quota.")
def policies_refuse(scene: Scene) -> Finding:
    """The preview failed, and the message names the quota."""
    seen = scene.facts["policies"]
    right = seen["code"] != 0 and "quota-instances-per-job" in seen["text"]
    return decided(right, f"exit code of the preview: {seen['code']}")


@PROMISES.after("tracking", "tracking-reads-the-log", "The reader's points are those of the log.")
def _tracking_reads_the_log(scene: Scene) -> Finding:
    differs = []
    for name, points in scene.facts["points"].items():
        lines = scene.log_lines(name)
        logged = [int(found[1]) for line in lines if (found := _step_in(line))]
        if sorted(step for step, _ in points) != sorted(logged):
            differs.append(name)
    counted = {name: len(points) for name, points in scene.facts["points"].items()}
    return decided(bool(counted) and not differs, f"points of each job: {counted}")


@PROMISES.after(
    "downstream", "downstream-registers", "Another stack registers the completed model."
)
def _downstream_registers(scene: Scene) -> Finding:
    entry = json.loads(scene.facts["entry"]["value"])
    job = scene.outputs["training_jobs"][JOB]
    return decided(entry["model_uri"] == job["model_uri"], f"entry {scene.facts['entry']['name']}")


@PROMISES.after(
    "destroy", "destroy-leaves-nothing", "Destroy leaves nothing, except the jobs' records."
)
def destroy_leaves_nothing(scene: Scene) -> Finding:
    """Nothing is found by the stack's name, except the queues that the acceptance made."""
    own = ("queue ", f"event rule {rule_name(scene)}")
    left = [each for each in leftovers(scene) if not each.what.startswith(own)]
    said = "; ".join(f"{each.what} ({each.command})" for each in left)
    return decided(not left, f"left over: {said or 'nothing'}")


@PROMISES.after("destroy", "records-stay", "The jobs' records stay, and none of the jobs is live.")
def _records_stay(scene: Scene) -> Finding:
    jobs = [*scene.jobs(), *scene.jobs(FAILING_JOB)]
    ends = {each["TrainingJobName"]: each["TrainingJobStatus"] for each in jobs}
    return decided(len(ends) >= 3 and "InProgress" not in ends.values(), f"{ends}")


def _step_in(line: str) -> re.Match[str] | None:
    return re.search(r"^step=(\d+)", line)
