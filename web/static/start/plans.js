// Plans: make one, list them, adopt one, download.

import { find, make, say } from "./tools.js";
import { findings, run } from "./work.js";

const ENDINGS = [[".gpkg", "GeoPackage"], [".zip", "Shapefile (zip)"], [".geojson", "GeoJSON"], [".csv", "CSV"]];
let changed = () => {};

/** Make the last two steps work; `refresh` shows the workspace anew. */
export function prepare(refresh) {
  changed = refresh;
  const rules = find("plan-rules");
  const fill = () => {
    find("plan-minimum").value = rules.selectedOptions[0].dataset.minimum;
    find("plan-maximum").value = rules.selectedOptions[0].dataset.maximum;
  };
  rules.addEventListener("change", fill);
  fill();
  find("plan-form").addEventListener("submit", (event) => {
    event.preventDefault();
    divide();
  });
}

async function divide() {
  find("plan-result").hidden = true;
  showPlan(
    await run("plan", {
      name: find("plan-name").value.trim(),
      profile: find("plan-rules").value,
      bounds: [Number(find("plan-minimum").value), Number(find("plan-maximum").value)],
      effort: find("plan-effort").value,
      start: find("plan-start").value || null,
    }),
  );
}

/** Show what came of a plan. */
export async function showPlan(answer) {
  if (answer === null) return;
  const said = say("start_planned", { plan: answer.plan, ...answer.figures });
  find("plan-result").replaceChildren(make("p", { className: "told", role: "status" }, said), findings(answer.findings));
  find("plan-result").hidden = false;
  await changed();
}

/** Show the plans of the workspace. */
export function show(state) {
  find("plan-needs").hidden = state.ground !== null;
  find("plan-form").hidden = state.ground === null;
  const names = state.plans.map((plan) => plan.name);
  find("plan-start").replaceChildren(make("option", { value: "" }, say("start_plan_start_none")), ...names.map((name) => make("option", { value: name }, name)));
  find("plans").replaceChildren(state.plans.length ? table(state.plans) : make("p", { className: "soft" }, say("start_plans_none")));
}

function table(plans) {
  const columns = ["name", "grids", "in_bounds", "bounds", "author", "made_at", "state", "do"];
  const head = make("tr", {}, ...columns.map((column) => make("th", { scope: "col", className: column }, say(`start_plans_${column}`))));
  return make("table", { className: "plans" }, make("thead", {}, head), make("tbody", {}, ...plans.map(row)));
}

function row(plan) {
  const state = [];
  if (plan.adopted) state.push(make("span", { className: "mark good" }, say("start_plans_is_adopted")));
  if (plan.stale) state.push(make("span", { className: "mark warning" }, say("start_plans_is_stale")));
  const cell = (name, ...content) => make("td", { className: name, "data-title": say(`start_plans_${name}`) }, ...content);
  return make(
    "tr",
    {},
    make("th", { scope: "row", className: "name" }, plan.name),
    cell("grids", String(plan.grids)),
    cell("in_bounds", String(plan.in_bounds)),
    cell("bounds", plan.bounds.replace(":", "–")),
    cell("author", plan.author || "—"),
    cell("made_at", plan.made_at.slice(0, 16).replace("T", " ")),
    cell("state", ...state),
    cell("do", ...actions(plan)),
  );
}

function actions(plan) {
  const adopt = make("button", { type: "button", "aria-label": say("start_adopt_of", { plan: plan.name }) }, say("start_adopt"));
  adopt.addEventListener("click", () => take(plan.name));
  const formats = [...ENDINGS, [".html", say("start_download_html")]];
  const options = [["", say("start_download_as")], ...formats].map(([ending, text]) => make("option", { value: ending }, text));
  const download = make("select", { className: "download", "aria-label": say("start_download_of", { plan: plan.name }) }, ...options);
  download.addEventListener("change", () => fetchFile(plan.name, download));
  return [plan.adopted ? null : adopt, download];
}

async function take(name) {
  const answer = await run("adopt", { plan: name });
  if (answer === null) return;
  await changed();
  result(make("p", { className: "told", role: "status" }, say("start_adopt_done", { plan: name })), answer.findings.length ? findings(answer.findings, { quiet: true }) : null);
}

async function fetchFile(plan, select) {
  const ending = select.value;
  select.value = "";
  if (!ending) return;
  const answer = await run("export", { plan, ending });
  if (answer === null) return;
  const link = make("a", { className: "button", href: `/start/jobs/${answer.job}/file`, download: answer.file }, say("start_download"));
  result(make("p", { className: "told", role: "status" }, say("start_download_done", { file: answer.file }), " ", link), answer.findings.length ? findings(answer.findings, { quiet: true }) : null);
  link.click();
}

function result(...content) {
  find("plans-result").replaceChildren(...content.filter((each) => each !== null));
  find("plans-result").hidden = false;
}
