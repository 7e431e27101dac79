// The timeline of a job's statuses and the curves of its metrics, as SVG.

import { clock, duration, element, graphic, number } from "./elements.js";

const WIDTH = 1000;
const BAR = { top: 22, height: 30, labels: 20 };
const CURVE = { width: 420, height: 150, left: 46, right: 10, top: 10, bottom: 20 };

function spans(job) {
  const end = last(job);
  return job.transitions.map((row) => ({ ...row, end: row.end ?? end }));
}

function last(job) {
  const row = job.transitions[job.transitions.length - 1];
  return row.end ?? job.now;
}

// A bar that shows, in the width of a list's entry, where the time went.
export function strip(job) {
  return graphic("svg", { viewBox: `0 0 ${WIDTH} 6`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...bars(job, 0, 6));
}

function bars(job, top, height) {
  const start = job.created;
  const scale = WIDTH / Math.max(last(job) - start, 1e-3);
  return spans(job).map((row) => graphic("rect", {
    class: row.status,
    x: (row.start - start) * scale,
    y: top,
    width: Math.max((row.end - row.start) * scale, 2),
    height,
  }, graphic("title", {}, `${row.status} for ${duration(row.end - row.start)}: ${row.message}`)));
}

export function timeline(job) {
  const height = BAR.top + BAR.height + BAR.labels;
  const start = job.created;
  const total = Math.max(last(job) - start, 1e-3);
  const marks = ticks(0, total, 6).map((tick) => {
    const x = Math.min((tick / total) * WIDTH, WIDTH - 1);
    const anchor = tick === 0 ? "start" : x > WIDTH - 40 ? "end" : "middle";
    return [
      graphic("line", { class: "axis", x1: x, x2: x, y1: BAR.top - 4, y2: BAR.top + BAR.height + 4 }),
      graphic("text", { x, y: height - 2, "text-anchor": anchor }, duration(tick)),
    ];
  });
  const interrupted = spans(job).filter((row) => row.status === "Interrupted").map((row) => {
    const x = Math.min(Math.max(((row.start - start) / total) * WIDTH, 4), WIDTH - 4);
    return graphic("text", { x, y: BAR.top - 7, "text-anchor": "middle" }, "⚡");
  });
  return graphic("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", class: "timeline",
    "aria-label": spans(job).map((row) => `${row.status} ${duration(row.end - row.start)}`).join(", ") },
    ...marks.flat(), ...bars(job, BAR.top, BAR.height), ...interrupted);
}

// How long the job was in each status, in the order in which it came there first.
export function legend(job) {
  const totals = new Map();
  for (const row of spans(job)) totals.set(row.status, (totals.get(row.status) ?? 0) + row.end - row.start);
  return element("ul", { class: "legend" }, ...[...totals].map(([status, seconds]) =>
    element("li", {},
      graphic("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" },
        graphic("rect", { class: status, width: 10, height: 10, rx: 2 })),
      seconds > 0 ? `${status} ${duration(seconds)}` : status)));
}

export function curve(metric, job) {
  const { width, height, left, right, top, bottom } = CURVE;
  const times = metric.points.map((point) => point[0]);
  const values = metric.points.map((point) => point[1]);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const marks = ticks(Math.min(...values), Math.max(...values), 4);
  const low = Math.min(marks[0], ...values);
  const high = Math.max(marks[marks.length - 1], ...values);
  const x = (time) => left + ((time - from) / Math.max(to - from, 1e-3)) * (width - left - right);
  const y = (value) => height - bottom - ((value - low) / Math.max(high - low, 1e-12)) * (height - top - bottom);
  const line = metric.points.map(([time, value]) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`);
  const base = height - bottom;
  const cuts = job.transitions
    .filter((row) => row.status === "Interrupted" && row.start > from && row.start < to)
    .map((row) => graphic("line", { class: "cut", x1: x(row.start), x2: x(row.start), y1: top, y2: base },
      graphic("title", {}, `Interrupted at ${clock(row.start)}`)));
  return element("figure", {},
    element("figcaption", {}, element("span", {}, metric.name), element("b", {}, number(values[values.length - 1]))),
    graphic("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `${metric.name} from ${number(values[0])} to ${number(values[values.length - 1])}` },
      ...marks.map((mark) => graphic("line", { class: "axis", x1: left, x2: width - right, y1: y(mark), y2: y(mark) })),
      ...marks.map((mark) => graphic("text", { x: left - 6, y: y(mark) + 4, "text-anchor": "end" }, number(mark))),
      graphic("text", { x: left, y: height - 4 }, clock(from)),
      graphic("text", { x: width - right, y: height - 4, "text-anchor": "end" }, clock(to)),
      ...cuts,
      graphic("polygon", { class: "area", points: `${x(from)},${base} ${line.join(" ")} ${x(to)},${base}` }),
      graphic("polyline", { class: "curve", points: line.join(" ") }),
      graphic("circle", { class: "end", cx: x(times[times.length - 1]), cy: y(values[values.length - 1]), r: 3 })));
}

// The objective of each trial that counts, and as a line the best one so far.
export function progress(tuning) {
  const { height, left, right, top, bottom } = CURVE;
  const rows = tuning.trials.filter((trial) => trial.counts);
  const values = rows.map((trial) => trial.value);
  const marks = ticks(Math.min(...values), Math.max(...values), 4);
  const low = Math.min(marks[0], ...values);
  const high = Math.max(marks[marks.length - 1], ...values);
  const most = Math.max(...tuning.trials.map((trial) => trial.number), 2);
  const x = (count) => left + ((count - 1) / (most - 1)) * (WIDTH - left - right - 6);
  const y = (value) => height - bottom - ((value - low) / Math.max(high - low, 1e-12)) * (height - top - bottom);
  let best = values[0];
  const steps = rows.flatMap((trial) => {
    const before = best;
    best = tuning.minimises ? Math.min(best, trial.value) : Math.max(best, trial.value);
    return [`${x(trial.number).toFixed(1)},${y(before).toFixed(1)}`, `${x(trial.number).toFixed(1)},${y(best).toFixed(1)}`];
  });
  return graphic("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", class: "timeline",
    "aria-label": `${tuning.objective} of ${rows.length} trials, the best ${number(tuning.best)}` },
    ...marks.map((mark) => graphic("line", { class: "axis", x1: left, x2: WIDTH - right, y1: y(mark), y2: y(mark) })),
    ...marks.map((mark) => graphic("text", { x: left - 6, y: y(mark) + 4, "text-anchor": "end" }, number(mark))),
    graphic("text", { x: left, y: height - 4 }, "trial 1"),
    graphic("text", { x: WIDTH - right, y: height - 4, "text-anchor": "end" }, `trial ${most}`),
    graphic("polyline", { class: "curve", points: [...steps, `${x(most).toFixed(1)},${y(best).toFixed(1)}`].join(" ") }),
    ...rows.map((trial) => graphic("circle", { class: trial.best ? "end best" : "end", cx: x(trial.number), cy: y(trial.value), r: trial.best ? 5 : 3 },
      graphic("title", {}, `Trial ${trial.number}: ${number(trial.value)}`))));
}

// Round numbers from about the lowest to the highest value.
function ticks(low, high, count) {
  if (high - low < 1e-12) return [low];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-6; tick += step) found.push(Number(tick.toPrecision(12)));
  return found;
}
