// Asks the local cloud every two seconds what its jobs do, and shows it.

import { curve, legend, progress, strip, timeline } from "./charts.js";
import { clock, duration, element, number, size } from "./elements.js";

const INTERVAL = 2000;
const byId = (id) => document.getElementById(id);

async function ask(path, query = {}) {
  const answer = await fetch(`${path}?${new URLSearchParams(query)}`);
  const document = await answer.json();
  if (!answer.ok) throw new Error(document.message);
  return document;
}

// The selection is in the address, so that a page can be loaded again, or opened from a link.
function chosen({ jobs, tunings }) {
  const [kind, ...rest] = decodeURIComponent(location.hash.slice(1)).split("=");
  if (rest.length) return { kind, value: rest.join("=") };
  const tuning = tunings.find((each) => each.arn === jobs[0]?.tuning);
  if (tuning) return { kind: "tuning", value: tuning.arn };
  return jobs.length ? { kind: "job", value: jobs[0].arn } : null;
}

function choose(kind, value) {
  location.hash = encodeURIComponent(`${kind}=${value}`);
}

function pill(status) {
  return element("span", { class: `pill ${status}` }, status);
}

function entry(current, kind, value, ...children) {
  const here = current && current.kind === kind && current.value === value;
  return element("li", {}, element("button",
    { type: "button", "aria-current": here ? "true" : "false", onclick: () => choose(kind, value) }, ...children));
}

function jobEntry(current, job) {
  const interrupted = job.interruptions ? ` · ⚡ ${job.interruptions}` : "";
  return entry(current, "job", job.arn,
    element("span", { class: "name" }, job.name),
    element("span", { class: "facts" },
      element("span", {}, `${job.instances}${job.spot ? " spot" : ""}${interrupted}`), pill(job.secondary)),
    strip(job));
}

function tuningEntry(current, tuning) {
  const best = tuning.best === null ? "" : ` · best ${number(tuning.best)}`;
  return entry(current, "tuning", tuning.arn,
    element("span", { class: "name" }, tuning.name),
    element("span", { class: "facts" },
      element("span", {}, `${tuning.launched} of ${tuning.most} trials${best}`), pill(tuning.status)));
}

function bucketEntry(current, bucket) {
  return entry(current, "bucket", bucket.name,
    element("span", { class: "name" }, bucket.name),
    element("span", { class: "facts" }, element("span", {}, `${bucket.objects} object${bucket.objects === 1 ? "" : "s"}`), element("span", {}, size(bucket.bytes))));
}

function facts(pairs) {
  return element("dl", {}, ...pairs.filter(([, value]) => value).map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

function panel(title, ...children) {
  return element("section", { class: "panel" }, title ? element("h2", {}, title) : null, ...children);
}

function objectTable(objects) {
  if (!objects.length) return element("p", { class: "hint" }, "Nothing is there.");
  return element("table", {},
    element("thead", {}, element("tr", {}, element("th", {}, "Object"),
      element("th", { class: "number" }, "Size"), element("th", { class: "number" }, "Modified"))),
    element("tbody", {}, ...objects.map((each) => element("tr", {}, element("td", {}, each.key),
      element("td", { class: "number" }, size(each.bytes)), element("td", { class: "number" }, clock(each.modified))))));
}

function logPanel(job) {
  const log = element("div", { class: "log", id: "log", tabindex: "0" }, ...job.log.map((line) => element("div", {},
    element("span", {}, clock(line.time)), element("span", {}, line.host), element("code", {}, line.message))));
  const shown = job.log.length < job.lines ? `Log, the last ${job.log.length} of ${job.lines} lines` : "Log";
  return panel(shown, job.log.length ? log : element("p", { class: "hint" }, "Nothing was written."));
}

function showJob(job) {
  const request = job.description;
  // A metric with one value is a result, and has no curve.
  const results = job.metrics.filter((metric) => metric.points.length === 1);
  const curves = job.metrics.filter((metric) => metric.points.length > 1);
  return [
    panel(null,
      element("div", { class: "title" }, element("h3", {}, job.name), pill(job.status),
        job.status === job.secondary ? null : pill(job.secondary)),
      job.reason ? element("p", { class: "reason" }, job.reason) : null,
      facts([
        ["Instances", `${job.instances}${job.spot ? ", spot" : ""}`],
        ["Created", clock(job.created)],
        ["Training time", duration(job.training)],
        ["Billable time", duration(job.billable)],
        ["Interruptions", String(job.interruptions)],
        ["Region", job.region],
        ["Tuning job", job.tuning && element("button", { type: "button", class: "link",
          onclick: () => choose("tuning", job.tuning) }, job.tuning.split("/").pop())],
        ["Maximum runtime", duration(request.StoppingCondition.MaxRuntimeInSeconds)],
        ["Maximum wait", request.StoppingCondition.MaxWaitTimeInSeconds && duration(request.StoppingCondition.MaxWaitTimeInSeconds)],
        ...results.map((metric) => [metric.name, number(metric.points[0][1])]),
      ])),
    panel("Timeline", timeline(job), legend(job)),
    curves.length ? panel("Metrics", element("div", { class: "charts" }, ...curves.map((metric) => curve(metric, job)))) : null,
    logPanel(job),
    request.CheckpointConfig ? panel("Checkpoints", objectTable(job.objects.checkpoints)) : null,
    panel("Output", objectTable(job.objects.output)),
  ].filter(Boolean);
}

function trialTable(tuning) {
  const names = [...new Set(tuning.trials.flatMap((trial) => Object.keys(trial.parameters)))];
  const link = (trial) => element("button", { type: "button", class: "link", title: trial.name,
    onclick: () => choose("job", trial.arn) }, String(trial.number));
  return element("div", { class: "trials" }, element("table", {},
    element("thead", {}, element("tr", {}, element("th", {}, "Trial"), ...names.map((name) => element("th", {}, name)),
      element("th", { class: "number" }, tuning.objective), element("th", {}, "Status"), element("th", { class: "number" }, "Time"))),
    element("tbody", {}, ...tuning.trials.map((trial) => element("tr", { class: trial.best ? "best" : "" },
      element("td", {}, link(trial)),
      ...names.map((name) => element("td", { class: "value" }, shown(trial.parameters[name]))),
      element("td", { class: "number" }, trial.value === null ? "–" : number(trial.value) + (trial.best ? " ★" : "")),
      element("td", {}, pill(trial.status)),
      element("td", { class: "number" }, duration(trial.seconds)))))));
}

// A value as it was chosen, without the last digits of a number.
function shown(text) {
  return /^-?\d*\.?\d+(e[-+]?\d+)?$/i.test(text ?? "") ? number(Number(text)) : text ?? "–";
}

function showTuning(tuning) {
  return [
    panel(null,
      element("div", { class: "title" }, element("h3", {}, tuning.name), pill(tuning.status)),
      tuning.reason ? element("p", { class: "reason" }, tuning.reason) : null,
      facts([
        ["Objective", `${tuning.minimises ? "minimize" : "maximize"} ${tuning.objective}`],
        ["Best so far", tuning.best === null ? "–" : number(tuning.best)],
        ["Trials", `${tuning.launched} of ${tuning.most}, ${tuning.running} running`],
        ["Strategy", tuning.strategy],
        ["Created", clock(tuning.created)],
        ["Time", duration((tuning.ended ?? tuning.now) - tuning.created)],
        ["Region", tuning.region],
        ["Trials of earlier jobs", tuning.warmStart && String(tuning.warmStart)],
      ])),
    tuning.best === null ? null : panel(`${tuning.objective} by trial`, progress(tuning)),
    panel("Trials", tuning.trials.length ? trialTable(tuning) : element("p", { class: "hint" }, "No trial has begun yet.")),
  ].filter(Boolean);
}

function showBucket(listing) {
  return [panel(null, element("div", { class: "title" }, element("h3", {}, listing.bucket)),
    facts([["Objects", String(listing.count)]])), panel("Objects, the newest first", objectTable(listing.objects))];
}

async function content(current) {
  if (!current) return [element("p", { class: "hint" }, "No training job was created yet.")];
  if (current.kind === "bucket") return showBucket(await ask("status/objects", { bucket: current.value }));
  if (current.kind === "tuning") return showTuning(await ask("status/tuning", { arn: current.value }));
  return showJob(await ask("status/job", { arn: current.value }));
}

// Redraws only what has changed, and keeps a log scrolled to its end there.
function put(node, children) {
  const copy = element(node.localName, {}, ...children);
  if (copy.innerHTML === node.innerHTML) return;
  const before = byId("log");
  const place = before && before.scrollTop + before.clientHeight < before.scrollHeight - 4 ? before.scrollTop : null;
  node.replaceChildren(...copy.childNodes);
  const log = byId("log");
  if (log && log !== before) log.scrollTop = place ?? log.scrollHeight;
}

async function show() {
  const connection = byId("connection");
  try {
    const status = await ask("status");
    const current = chosen(status);
    const running = status.jobs.filter((job) => ["InProgress", "Stopping"].includes(job.status)).length;
    byId("summary").textContent = `${location.host} · ${status.jobs.length} jobs, ${running} running`;
    byId("tunings-title").hidden = !status.tunings.length;
    put(byId("tunings"), status.tunings.map((tuning) => tuningEntry(current, tuning)));
    // A trial is in the table of its tuning job.
    const tunings = new Set(status.tunings.map((tuning) => tuning.arn));
    const jobs = status.jobs.filter((job) => !tunings.has(job.tuning));
    byId("jobs-title").hidden = !jobs.length && status.tunings.length;
    put(byId("jobs"), jobs.map((job) => jobEntry(current, job)));
    put(byId("buckets"), status.buckets.map((bucket) => bucketEntry(current, bucket)));
    put(byId("main"), await content(current).catch((error) => [element("p", { class: "hint" }, error.message)]));
    connection.textContent = "";
    connection.className = "";
    document.body.dataset.shown = "true";
  } catch {
    connection.textContent = "The local cloud doesn't answer.";
    connection.className = "lost";
  }
}

let timer = 0;
async function keepShowing() {
  clearTimeout(timer);
  await show();
  clearTimeout(timer);
  timer = setTimeout(keepShowing, INTERVAL);
}

addEventListener("hashchange", keepShowing);
keepShowing();
