// What stands beside the map and says the same in words and numbers.

import { find, make, say } from "../start/tools.js";
import { BANDS, EMPTY, OUTSIDE, bandNames, bandOf, limitOf } from "./colours.js";
import { told } from "./data.js";

const SVG = "http://www.w3.org/2000/svg";

/** A number as people write it; 1 stays a number, for texts that have a form for it. */
const written = new Intl.NumberFormat("en-US");
export const amount = (value) => (value === 1 ? 1 : written.format(value));

function drawn(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const bar = (part, more = {}) =>
  drawn("svg", { viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true", ...more }, drawn("rect", { width: 100, height: 4, fill: "#ecd9c6" }), drawn("rect", { width: 100 * part, height: 4, fill: "#2b8073" }));

const percent = (part) => (part === null ? "—" : `${(100 * part).toFixed(1)} %`);
const named = (each) => [each.compound_id, each.name || each.building_id].filter(Boolean).join(" · ");

/** The categories to choose from, each with the share of households covered. */
export function showCategories(view, sums, choose) {
  const box = find("categories");
  if (!box.childElementCount) {
    for (const { code, name } of told.categories) {
      const input = make("input", { type: "radio", name: "category", value: code, checked: code === view.category });
      input.addEventListener("change", () => choose(code));
      box.append(make("label", {}, input, make("span", { textContent: name }), make("b", { className: "part" }), bar(0)));
    }
  }
  [...box.children].forEach((label, i) => {
    const each = sums?.[i];
    const part = each && each.households ? each.covered / each.households : null;
    label.querySelector(".part").textContent = sums ? percent(part) : "";
    label.querySelector("svg").replaceWith(bar(part ?? 0));
    label.querySelector("input").checked = told.categories[i].code === view.category;
  });
}

function swatch(colour, hatched = false) {
  const box = drawn("svg", { viewBox: "0 0 28 20", "aria-hidden": "true" }, drawn("rect", { x: 1, y: 1, width: 26, height: 18, rx: 4, fill: colour, stroke: "#8f897e", "stroke-width": 0.7 }));
  if (hatched) for (const x of [4, 11, 18]) box.append(drawn("line", { x1: x, y1: 18, x2: x + 7, y2: 2, stroke: "#ffffff", "stroke-width": 1.8 }));
  return box;
}

/** What the colours mean, and the households of each. */
export function showLegend(view, bands, homes) {
  const rows = bandNames(view, told.walks).map((name, i) => [swatch(BANDS[i], i === 4), name, bands ? amount(bands[i]) : ""]);
  if (homes.includes(1)) rows.push([swatch(EMPTY), say("staff_band_empty"), ""]);
  if (homes.includes(0)) rows.push([swatch(OUTSIDE), say("staff_band_outside"), ""]);
  find("legend").replaceChildren(...rows.flatMap(([box, name, sum]) => [make("dt", {}, box, make("span", { textContent: name })), make("dd", { textContent: String(sum) })]));
}

export function said(walk) {
  if (walk.metres === null) return say(`reason_${walk.reason}`);
  return say("staff_walk_to", { minutes: walk.minutes, metres: amount(Math.round(walk.metres)), venue: walk.venue ?? walk.nearest_venue ?? "" });
}

function row(properties, ...children) {
  return make("li", {}, make("button", { type: "button", className: "row", ...properties }, ...children));
}

const rows = (children) => {
  const list = make("ul", { className: "rows" });
  list.append(...children);
  return list;
};
const note = (text) => make("p", { className: "soft", textContent: text });
const words = (title, about) => make("span", {}, make("span", { textContent: title }), make("small", { textContent: about }));

export function gapsView(view, figures, acts) {
  const { gaps, reasons } = figures;
  if (!gaps.count) return [note(say("staff_gaps_none"))];
  const households = Object.values(reasons).reduce((sum, each) => sum + each, 0);
  const why = make("ul", { className: "why", "aria-label": say("staff_reasons") });
  for (const [code, sum] of Object.entries(reasons)) {
    if (sum) why.append(make("li", { textContent: say("staff_reason_sum", { reason: say(`reason_${code}`), households: say("staff_households", { count: amount(sum) }) }) }));
  }
  const list = rows(gaps.rows.map((each) => row({ onclick: () => acts.building(each.position, true) }, words(named(each), said(each)), make("b", { textContent: say("staff_households", { count: amount(each.households) }) }))));
  const left = gaps.count - gaps.rows.length;
  const more = left > 0 && gaps.rows.length < 1000 ? [make("button", { type: "button", className: "more", textContent: say("staff_gaps_more", { count: Math.min(left, 50) }), onclick: acts.moreGaps })] : [];
  return [note(say("staff_gaps_sum", { buildings: amount(gaps.count), households: amount(households) })), why, list, ...more];
}

export function areasView(view, figures, acts) {
  const { areas } = figures;
  if (areas.by === "grid" && areas.plan === null) return [note(say("staff_no_plan_long"))];
  const list = rows(
    areas.rows.map((each) => {
      const about = each.households ? say("staff_area", { covered: amount(each.covered), households: amount(each.households) }) : say("staff_area_empty");
      return row({ onclick: () => acts.area(areas.by, each) }, words([each.name, each.id].filter(Boolean).join(" · "), about), make("b", { textContent: percent(each.share) }), bar(each.share ?? 0, { class: "bar" }));
    }),
  );
  const cut = areas.count > areas.rows.length ? [note(say("staff_areas_more", { count: areas.count, shown: areas.rows.length }))] : [];
  return [note(areas.by === "grid" ? `${say("staff_plan", { plan: areas.plan })} · ${say("staff_areas_help")}` : say("staff_areas_help")), list, ...cut];
}

export function venuesView(view, venues, acts) {
  if (!venues.length) return [note(say("staff_venues_none"))];
  return [rows(venues.map((each) => row({ onclick: () => acts.venue(each.position, true), "aria-current": String(each.position === view.venue) }, words(each.name, [each.address, each.hours, each.public ? "" : say("staff_venue_closed")].filter(Boolean).join(" · ")))))];
}

export function sitesView(view, sites, acts) {
  const number = make("select", { id: "site-count" });
  for (const count of [1, 2, 3, 4, 5, 6, 8, 10]) number.append(make("option", { value: String(count), textContent: String(count), selected: count === view.sites }));
  const ask = make("form", { className: "ask" }, make("div", {}, make("label", { for: "site-count", textContent: say("staff_sites_number") }), number), make("button", { className: "main", textContent: say("staff_sites_run") }));
  ask.addEventListener("submit", (event) => {
    event.preventDefault();
    acts.sites(Number(number.value));
  });
  const result = make("div", { role: "status", id: "sites" });
  if (sites === "working") result.append(note(say("staff_sites_working")));
  else if (sites && !sites.sites.length) result.append(note(say("staff_sites_none")));
  else if (sites) {
    result.append(
      make("p", { textContent: say("staff_sites_result", { before: amount(sites.before), after: amount(sites.covered), households: amount(sites.households) }) }),
      rows(sites.sites.map((each, i) => row({ onclick: () => acts.building(each.position, true) }, words(`${i + 1}. ${named(each)}`, each.community ?? ""), make("b", { textContent: say("staff_sites_adds", { count: amount(each.adds) }) })))),
      note(say(sites.proof === "optimal" ? "staff_sites_proved" : "staff_sites_proof")),
    );
  }
  return [note(say("staff_sites_help")), ask, result];
}

export function foundView(found, acts) {
  const count = say("staff_search_found", { count: found.length });
  if (!found.length) return [note(say("staff_search_none"))];
  return [note(count), rows(found.map((each) => row({ onclick: () => acts.found(each) }, make("span", {}, make("span", { className: "tag", textContent: say(`staff_found_${each.table}`) }), make("span", { textContent: each.name }), make("small", { textContent: [each.about, each.id].filter(Boolean).join(" · ") })))))];
}

const closing = (acts) => make("button", { type: "button", className: "close", "aria-label": say("staff_close"), textContent: "×", onclick: () => acts.building(-1) });

export function buildingCard(view, each, acts) {
  const list = make("dl", {});
  each.walks.forEach((walk, i) => {
    const cm = walk.metres === null ? null : Math.round(walk.metres * 100);
    const dot = drawn("svg", { viewBox: "0 0 14 14", "aria-hidden": "true" }, drawn("circle", { cx: 7, cy: 7, r: 6, fill: BANDS[bandOf(cm, limitOf(view, told.walks))] }));
    const text = walk.reason === "too_far" ? `${said(walk)} · ${say("reason_too_far")}` : said(walk);
    list.append(make("dt", {}, dot, make("b", { textContent: told.categories[i].name })), make("dd", { textContent: text }));
  });
  const count = !each.inside ? say("staff_households_outside") : each.households === null ? say("staff_households_unknown") : say("staff_households", { count: amount(each.households) });
  const about = [each.compound_id, each.community, each.building_id].filter(Boolean).join(" · ");
  return [closing(acts), make("h2", { textContent: each.name || each.building_id }), make("p", { className: "amount", textContent: count }), note(about), list];
}

export function venueCard(each, features, acts) {
  const names = each.categories.map((code) => told.categories.find((category) => category.code === code).name).join(told.language === "zh" ? "、" : ", ");
  const flat = features.length === 1;
  const rings = [...features].reverse().map(({ properties }) => (flat ? say("staff_unit_metres", { value: Math.round(properties.metres) }) : say("staff_unit_minutes", { value: properties.minutes })));
  const circle = !each.public ? say("staff_venue_closed") : features.length ? say("staff_venue_rings", { rings: rings.join(" / ") }) : say("staff_venue_no_door");
  return [closing(acts), make("h2", { textContent: each.name }), make("p", { textContent: names }), ...[each.address, each.hours].filter(Boolean).map((text) => make("p", { textContent: text })), note(circle)];
}
