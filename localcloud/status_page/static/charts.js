// The timeline of a job's statuses and the curves of its metrics, as SVG.
//
// A picture is as wide as its place: widths are in percent, texts and heights in pixels. So a text has
// the same size in a wide and in a narrow window.

import { clock, duration, element, graphic, number } from "./elements.js";

const BAR = { top: 22, height: 30, labels: 20, narrowest: 0.2 };
const CURVE = { height: 150, top: 10, bottom: 22, wide: 1000 };
const DIGIT = 7; // pixels of a character at most

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
  return graphic("svg", { "aria-hidden": "true" }, ...bars(job, 0, 6));
}

function bars(job, top, height) {
  const place = placed(job);
  return spans(job).map((row) => graphic("rect", {
    class: row.status,
    x: percent(Math.min(place(row.start), 100 - BAR.narrowest)),
    y: top,
    width: percent(Math.max(place(row.end) - place(row.start), BAR.narrowest)),
    height,
  }, graphic("title", {}, `${row.status} for ${duration(row.end - row.start)}: ${row.message}`)));
}

// Where a time is between the beginning and the end of a job, in percent.
function placed(job) {
  const total = Math.max(last(job) - job.created, 1e-3);
  return (time) => ((time - job.created) / total) * 100;
}

const percent = (share) => `${share.toFixed(3)}%`;

// A label that stays in the picture at either end.
function label(x, y, text) {
  const anchor = x < 8 ? "start" : x > 92 ? "end" : "middle";
  return graphic("text", { x: percent(x), y, "text-anchor": anchor }, text);
}

export function timeline(job) {
  const height = BAR.top + BAR.height + BAR.labels;
  const total = Math.max(last(job) - job.created, 1e-3);
  const marks = ticks(0, total, 4).filter((tick) => tick <= total).map((tick) => {
    const x = (tick / total) * 100;
    return [
      graphic("line", { class: "axis", x1: percent(x), x2: percent(x), y1: BAR.top - 4, y2: BAR.top + BAR.height + 4 }),
      label(x, height - 2, duration(tick)),
    ];
  });
  const place = placed(job);
  const interrupted = spans(job).filter((row) => row.status === "Interrupted").map((row) =>
    graphic("text", { class: "interruption", x: percent(Math.min(Math.max(place(row.start), 1), 99)), y: BAR.top - 7, "text-anchor": "middle" }, "⚡"));
  return graphic("svg", { width: "100%", height, role: "img", class: "timeline",
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
  const { height, top, bottom, wide } = CURVE;
  const times = metric.points.map((point) => point[0]);
  const values = metric.points.map((point) => point[1]);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const marks = ticks(Math.min(...values), Math.max(...values), 4);
  const low = Math.min(marks[0], ...values);
  const high = Math.max(marks[marks.length - 1], ...values);
  const base = height - bottom;
  const x = (time) => ((time - from) / Math.max(to - from, 1e-3)) * 100;
  const y = (value) => high > low ? base - ((value - low) / (high - low)) * (base - top) : (base + top) / 2;
  const line = metric.points.map(([time, value]) => `${(x(time) / 100 * wide).toFixed(1)},${y(value).toFixed(1)}`);
  const cuts = job.transitions
    .filter((row) => row.status === "Interrupted" && row.start > from && row.start < to)
    .map((row) => graphic("line", { class: "cut", x1: percent(x(row.start)), x2: percent(x(row.start)), y1: top, y2: base },
      graphic("title", {}, `Interrupted at ${clock(row.start)}`)));
  return element("figure", {},
    element("figcaption", {}, element("span", {}, metric.name), element("b", {}, number(values[values.length - 1]))),
    element("div", { class: "plot" },
      valueLabels(marks, y),
      graphic("svg", { class: "chart", width: "100%", height, role: "img",
        "aria-label": `${metric.name} from ${number(values[0])} to ${number(values[values.length - 1])}` },
        ...marks.map((mark) => graphic("line", { class: "axis", x1: 0, x2: "100%", y1: y(mark), y2: y(mark) })),
        graphic("text", { x: 0, y: height - 4 }, clock(from)),
        graphic("text", { x: "100%", y: height - 4, "text-anchor": "end" }, clock(to)),
        ...cuts,
        graphic("svg", { width: "100%", height, viewBox: `0 0 ${wide} ${height}`, preserveAspectRatio: "none" },
          graphic("polygon", { class: "area", points: `0,${base} ${line.join(" ")} ${wide},${base}` }),
          graphic("polyline", { class: "curve", points: line.join(" ") })),
        graphic("circle", { class: "end", cx: percent(x(times[times.length - 1])), cy: y(values[values.length - 1]), r: 3 }))));
}

function valueLabels(marks, y) {
  const texts = marks.map(number);
  const width = DIGIT * Math.max(...texts.map((text) => text.length)) + 8;
  return graphic("svg", { class: "chart", width, height: CURVE.height, "aria-hidden": "true" },
    ...texts.map((text, index) => graphic("text", { x: width - 6, y: y(marks[index]) + 4, "text-anchor": "end" }, text)));
}

// The objective of each trial that counts, and as a line the best one so far.
export function progress(tuning) {
  const { height, top, bottom, wide } = CURVE;
  const rows = tuning.trials.filter((trial) => trial.counts);
  const values = rows.map((trial) => trial.value);
  const marks = ticks(Math.min(...values), Math.max(...values), 4);
  const low = Math.min(marks[0], ...values);
  const high = Math.max(marks[marks.length - 1], ...values);
  const most = Math.max(...tuning.trials.map((trial) => trial.number), 2);
  const base = height - bottom;
  const x = (count) => ((count - 1) / (most - 1)) * 100;
  const y = (value) => high > low ? base - ((value - low) / (high - low)) * (base - top) : (base + top) / 2;
  const corner = (count, value) => `${(x(count) / 100 * wide).toFixed(1)},${y(value).toFixed(1)}`;
  let best = values[0];
  const steps = rows.flatMap((trial) => {
    const before = best;
    best = tuning.minimises ? Math.min(best, trial.value) : Math.max(best, trial.value);
    return [corner(trial.number, before), corner(trial.number, best)];
  });
  return element("div", { class: "plot" }, valueLabels(marks, y),
    graphic("svg", { class: "chart", width: "100%", height, role: "img",
      "aria-label": `${tuning.objective} of ${rows.length} trials, the best ${number(tuning.best)}` },
      ...marks.map((mark) => graphic("line", { class: "axis", x1: 0, x2: "100%", y1: y(mark), y2: y(mark) })),
      graphic("text", { x: 0, y: height - 4 }, "trial 1"),
      graphic("text", { x: "100%", y: height - 4, "text-anchor": "end" }, `trial ${most}`),
      graphic("svg", { width: "100%", height, viewBox: `0 0 ${wide} ${height}`, preserveAspectRatio: "none" },
        graphic("polyline", { class: "curve", points: [...steps, corner(most, best)].join(" ") })),
      ...rows.map((trial) => graphic("circle", { class: trial.best ? "end best" : "end", cx: percent(x(trial.number)), cy: y(trial.value), r: trial.best ? 5 : 3 },
        graphic("title", {}, `Trial ${trial.number}: ${number(trial.value)}`)))));
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
