// Background work: begin it, show how far it is, let it be cancelled, give its answer.

import { Refused, ask, find, make, say, tell, titles } from "./tools.js";

const PAUSE_MS = 600;
const JOBS = titles.jobs ?? "/start/jobs";
let busy = false;

const slotOf = (kind) => [...document.querySelectorAll(".work")].find((slot) => slot.dataset.kinds.split(" ").includes(kind));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Tell what went wrong at the top of the page, and nothing when all is well. */
export function trouble(error = null) {
  if (error !== null && !(error instanceof Refused)) throw error;
  tell(find("trouble"), error?.message);
  if (error !== null) find("trouble").scrollIntoView({ block: "center" });
}

function lock(locked) {
  busy = locked;
  for (const button of document.querySelectorAll("main button:not(.cancel), main select.download, #choose")) button.disabled = locked;
}

/** Whether some work is going on. */
export const isBusy = () => busy;

/** Begin a job and wait for its answer; null when it failed or was cancelled, which has been told then. */
export async function run(kind, request) {
  trouble();
  try {
    const { job } = await ask(JOBS, { kind, ...request });
    return await follow(job, kind);
  } catch (error) {
    trouble(error);
    return null;
  }
}

/** Show a job until it is over and return its answer, null when there is none. */
export async function follow(job, kind) {
  const slot = slotOf(kind);
  const line = make("p", { className: "step", role: "status" });
  const bar = make("progress", { "aria-label": say("start_work_waiting") });
  const cancel = make("button", { type: "button", className: "cancel" }, say("start_work_cancel"));
  cancel.addEventListener("click", () => ask(`${JOBS}/${job}/cancel`, {}).catch(trouble));
  slot.replaceChildren(make("div", { className: "working" }, line, bar, cancel));
  lock(true);
  try {
    return conclude(slot, await watch(job, line, bar, cancel));
  } finally {
    lock(false);
  }
}

async function watch(job, line, bar, cancel) {
  for (;;) {
    try {
      const state = await ask(`${JOBS}/${job}`);
      show(state, line, bar, cancel);
      if (state.over) return state;
    } catch (error) {
      // The network may be gone for a moment; what the server itself refuses is final.
      if (error instanceof Refused) throw error;
      line.textContent = say("start_work_lost");
    }
    await pause(PAUSE_MS);
  }
}

function show(state, line, bar, cancel) {
  const text = state.state === "saving" ? say("start_work_saving") : state.step || say("start_work_waiting");
  if (line.textContent !== text) line.textContent = text;
  bar.setAttribute("aria-label", text);
  if (state.total > 0) {
    bar.max = state.total;
    bar.value = state.done;
  } else {
    bar.removeAttribute("value");
  }
  cancel.disabled = state.state !== "running";
}

function conclude(slot, state) {
  slot.replaceChildren();
  if (state.state === "done") return { ...state.answer, job: state.job };
  if (state.state === "cancelled") slot.append(make("p", { className: "warning", role: "status" }, say("start_work_cancelled")));
  else slot.append(make("p", { className: "fault", role: "alert" }, state.answer.error), findings(state.answer.findings, { quiet: true }));
  return null;
}

/** Show findings by kind, the gravest first; those of more than a few lines are folded. */
export function findings(groups, { quiet = false } = {}) {
  const box = make("div", { className: "findings" });
  const counts = { error: 0, warning: 0, info: 0 };
  for (const group of groups) counts[group.severity] += group.count;
  if (!quiet) box.append(make("h3", {}, say("start_findings")), make("p", {}, groups.length ? say("start_findings_counts", counts) : say("start_findings_none")));
  for (const group of groups) {
    const word = say(`start_severity_${group.severity}`);
    const list = make("ul", {}, ...group.texts.map((text) => make("li", {}, text)));
    if (group.count > group.texts.length) list.append(make("li", { className: "soft" }, say("start_findings_more", { count: group.count - group.texts.length })));
    const mark = make("span", { className: `mark ${group.severity}` }, word);
    if (group.count === 1) box.append(make("p", { className: "finding" }, mark, " ", group.texts[0]));
    else box.append(make("details", { open: group.severity === "error" && group.count <= 5 }, make("summary", {}, mark, ` ${group.count} × `, group.texts[0]), list));
  }
  return box;
}
