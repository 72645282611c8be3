// The start page of a planner: what the server knows, shown anew after every step.

import * as files from "./files.js";
import * as plans from "./plans.js";
import { ask, find, say, tell } from "./tools.js";
import { follow, trouble } from "./work.js";

async function refresh() {
  const state = await ask("/start/state");
  tell(find("ground"), state.ground === null ? say("start_ground_none") : say("start_ground", state.ground));
  const adopted = state.plans.find((plan) => plan.adopted);
  const note = find("adopted");
  tell(note, state.ground === null ? "" : adopted ? say("start_adopted", { plan: adopted.name }) : say("start_no_adopted"));
  note.className = adopted ? "told" : "warning";
  plans.show(state);
  return state;
}

async function begin() {
  files.prepare(refresh);
  plans.prepare(refresh);
  const state = await refresh();
  files.showTray(state.files);
  if (state.job !== null) await resume(state.job);
  else if (state.files.length) await files.look();
}

/** Go on showing a job that was at work when the page was opened. */
async function resume(id) {
  const { kind } = await ask(`/start/jobs/${id}`);
  const answer = await follow(id, kind);
  if (kind === "plan") await plans.showPlan(answer);
  else await refresh();
}

begin().then(() => document.documentElement.classList.add("ready"), trouble);
