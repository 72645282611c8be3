// The page of member households: a list that works by itself, and a map beside it.

import { Refused, ask, find, make, say, tell } from "../start/tools.js";
import { MembersMap, canDraw } from "./map.js";

const told = JSON.parse(find("told").textContent);
const AT_ONCE = 60;
const FIGURES = ["households", "members", "centre"];

let content = null;
let map = null;
let shown = { grids: AT_ONCE, buildings: AT_ONCE };
let chosen = "";
let opener = null;

const gridName = (grid) => grid.name || grid.code || grid.grid_id;
const details = (each) => say("members_details", { members: each.members, centre: each.centre });
const count = (each) => say("members_count", { households: each.households });
const word = () => find("search").value.trim().toLowerCase();
const fits = (...texts) => texts.some((text) => text && text.toLowerCase().includes(word()));

function row(title, small, number, act, key) {
  const button = make("button", { type: "button", className: "row", "data-key": key }, make("span", {}, title, make("small", { textContent: small })), make("b", { textContent: number }));
  button.addEventListener("click", () => act(button));
  return make("li", {}, button);
}

function fill(id, items, make_row) {
  const list = find(id);
  list.replaceChildren(...items.slice(0, shown[id]).map(make_row));
  if (!items.length) list.append(make("li", { className: "nothing", textContent: say("members_found_nothing") }));
  const rest = items.length - shown[id];
  if (rest > 0) {
    const more = make("button", { type: "button", className: "more", textContent: say("members_more", { count: Math.min(rest, AT_ONCE) }) });
    more.addEventListener("click", () => {
      const first = shown[id];
      shown = { ...shown, [id]: first + AT_ONCE };
      list_all();
      find(id).querySelectorAll(".row")[first]?.focus();
    });
    list.append(make("li", {}, more));
  }
}

function list_all() {
  const { inside } = content;
  const grids = inside.grids.filter((grid) => fits(gridName(grid), grid.code, grid.grid_id, grid.community, ...grid.workers, ...grid.organisations.map((each) => each.name)));
  const named = new Set(inside.grids.filter((grid) => fits(gridName(grid), grid.code, grid.grid_id)).map((grid) => grid.grid_id));
  const of_grid = (building) => (chosen ? building.grids.includes(chosen) : true);
  const buildings = inside.buildings.filter((each) => of_grid(each) && (fits(each.label, each.building_id) || each.grids.some((grid) => named.has(grid))));
  const above = inside.organisations.filter((each) => fits(each.name));
  find("grids-part").hidden = !inside.grids.length;
  find("above-part").hidden = !above.length;
  fill("grids", grids, grid_row);
  fill("buildings", buildings, (each) => row(each.label, details(each), count(each), (button) => open(each.building_id, button), each.building_id));
  find("above").replaceChildren(...above.map((each) => make("li", { textContent: `${each.name} · ${say(`members_level_${each.level}`)}` })));
}

const workers = (grid) => say("members_workers", { names: grid.workers.join(say("members_between")) });

function grid_row(grid) {
  const parts = [grid.community, details(grid)];
  if (grid.organisations.length) parts.push(say("members_organisations", { count: grid.organisations.length }));
  if (grid.workers.length) parts.push(workers(grid));
  const item = row(gridName(grid), parts.join(" · "), count(grid), () => choose(grid.grid_id), grid.grid_id);
  const button = item.querySelector("button");
  button.setAttribute("aria-expanded", String(chosen === grid.grid_id));
  if (chosen === grid.grid_id) {
    button.setAttribute("aria-current", "true");
    const organisations = grid.organisations.map((each) => `${each.name} · ${say(`members_level_${each.level}`)}`);
    const posts = grid.posts.map((each) => `${each.name} · ${say(each.claimed ? "members_post_claimed" : "members_post_open")}`);
    const lines = [grid.workers.length ? workers(grid) : say("members_no_worker"), ...organisations, ...posts];
    item.append(make("ul", { className: "plain" }, ...lines.map((textContent) => make("li", { textContent }))));
  }
  return item;
}

function choose(grid_id) {
  chosen = chosen === grid_id ? "" : grid_id;
  list_all();
  find("grids").querySelector(`[data-key="${CSS.escape(grid_id)}"]`)?.focus();
  find("export-grid").value = chosen;
  map?.choose(content.inside.grids.find((each) => each.grid_id === chosen) ?? null);
}

async function open(building_id, button = null) {
  opener = button;
  try {
    const answer = await ask(told.building + building_id.split("/").map(encodeURIComponent).join("/"));
    find("card-title").textContent = answer.label;
    find("card-rows").replaceChildren(...answer.households.map(door));
    find("card").hidden = false;
    find("card").scrollTop = 0;
    find("card-title").focus({ preventScroll: true });
    tell(find("trouble"), "");
    map?.show(content.inside.buildings.find((each) => each.building_id === building_id));
  } catch (error) {
    refused(error);
  }
}

function door(household) {
  const title = make("span", { textContent: [household.door || say("members_no_door"), household.name].filter(Boolean).join(" · ") });
  if (household.centre) title.append(make("span", { className: "tag", textContent: say("members_centre") }));
  const facts = [say("members_people", { members: household.members }), say(`members_kind_${household.kind}`), household.organisation];
  return make("li", {}, title, make("small", { textContent: facts.filter(Boolean).join(" · ") }));
}

function close() {
  find("card").hidden = true;
  find("card-rows").replaceChildren();
  map?.show(null);
  opener?.focus();
}

function elsewhere(rows) {
  find("elsewhere-part").hidden = !rows.length;
  find("elsewhere").replaceChildren(
    ...rows.map((each) => {
      const name = each.of === "all" ? say("members_sum_all") : each.of === "street_office" ? say("members_sum", { name: each.name }) : each.name;
      return make("tr", { className: each.of === "community" ? "" : "sum" }, make("th", { scope: "row", textContent: name }), ...FIGURES.map((figure) => cell(each[figure])));
    }),
  );
}

function cell(value) {
  const made = make("td", { className: "number" });
  if (value === null) made.append(make("span", { "aria-hidden": "true", textContent: "—" }), make("span", { className: "said", textContent: say("members_withheld") }));
  else made.textContent = String(value);
  return made;
}

function refused(error) {
  if (!(error instanceof Refused)) throw error;
  tell(find("trouble"), error.message);
}

async function begin() {
  try {
    content = await ask(told.data);
  } catch (error) {
    find("state").textContent = "";
    refused(error);
    return;
  }
  elsewhere(content.elsewhere);
  find("state").textContent = "";
  if (content.inside) await territory();
  document.documentElement.classList.add("ready");
}

async function territory() {
  const { inside } = content;
  find("inside").hidden = false;
  find("export-part").hidden = !inside.sums.households;
  find("sums").textContent = inside.sums.households ? `${count(inside.sums)} · ${details(inside.sums)}` : say("members_none");
  tell(find("unplaced"), inside.unplaced ? say("members_unplaced", { count: inside.unplaced }) : "");
  tell(find("ungridded"), inside.ungridded ? say("members_ungridded", { count: inside.ungridded }) : "");
  find("export-grid").append(...inside.grids.map((grid) => make("option", { value: grid.grid_id, textContent: gridName(grid) })));
  list_all();
  find("search").addEventListener("input", () => {
    shown = { grids: AT_ONCE, buildings: AT_ONCE };
    list_all();
  });
  find("card-close").addEventListener("click", close);
  find("card").addEventListener("keydown", (event) => event.key === "Escape" && close());
  if (!canDraw()) {
    find("no-map").hidden = false;
    return;
  }
  const ground = await ask(told.ground);
  map = new MembersMap(find("map"), inside, ground.layers, told, { open, choose, gridName, title: say("members_map"), basemapWords: (code) => say(`basemap_on_page_${code}`) });
  find("legend").hidden = false;
  await map.drawn();
}

begin();
