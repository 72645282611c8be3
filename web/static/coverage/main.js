// The staff's map of coverage: what is chosen stands in `view`, everything shown follows from it, and the address keeps it.

import { Refused, find, make, say, tell } from "../start/tools.js";
import { limitOf } from "./colours.js";
import * as data from "./data.js";
import { CoverageMap, canDraw, prepare } from "./map.js";
import * as panel from "./panel.js";

const { told } = data;
const SETTLE_MS = 180;
const SOON_MS = 500;
const TABS = ["gaps", "community", "grid", "venues", "sites"];
const GAPS_MORE = 50;

const view = { category: told.categories[0].code, walk: "default", minutes: 10, tab: "gaps", by: "community", building: -1, venue: -1, gaps: GAPS_MORE, sites: 3, basemap: true, camera: null };
const kept = { figures: null, venues: [], homes: new Uint8Array(), sites: null, layers: {} };
let drawing = null;

const complain = (error) => {
  if (error.name === "AbortError") return;
  if (!(error instanceof Refused)) throw error;
  tell(find("trouble"), error.message);
};

// --- the address ---------------------------------------------------------------------------------------------------------------------------------

function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const among = (name, values) => values.includes(asked.get(name)) && (view[name] = asked.get(name));
  among("category", told.categories.map((each) => each.code));
  among("walk", told.walks.map((each) => each.code));
  among("tab", TABS);
  view.basemap = asked.get("basemap") !== "off";
  view.by = view.tab === "grid" ? "grid" : "community";
  for (const [name, least, most] of [["minutes", 3, 30], ["building", 0, 1e9], ["venue", 0, 1e9]]) {
    const value = Number(asked.get(name) ?? NaN);
    if (Number.isInteger(value) && value >= least && value <= most) view[name] = value;
  }
  const [zoom, lat, lng] = (asked.get("map") ?? "").split("/").map(Number);
  if ([zoom, lat, lng].every(Number.isFinite) && Math.abs(lat) <= 85 && Math.abs(lng) <= 180 && zoom >= 0 && zoom <= 24) view.camera = { zoom, center: [lng, lat] };
}

function writeAddress() {
  const parts = [`category=${view.category}`, `walk=${view.walk}`, `minutes=${view.minutes}`, `tab=${view.tab}`];
  if (view.building >= 0) parts.push(`building=${view.building}`);
  if (view.venue >= 0) parts.push(`venue=${view.venue}`);
  if (!view.basemap) parts.push("basemap=off");
  if (drawing) parts.push(`map=${drawing.camera()}`);
  history.replaceState(null, "", `#${parts.join("&")}`);
  find("xlsx").href = `${told.address}shown.xlsx${data.query(view)}`;
}

// --- what is shown -------------------------------------------------------------------------------------------------------------------------------

const serving = () => kept.venues.filter((each) => each.categories.includes(view.category));

function showLimit() {
  const way = told.walks.find((each) => each.code === view.walk);
  const metres = Math.round(limitOf(view, told.walks) / 100);
  find("minutes-box").hidden = way.flat_cm !== null;
  find("minutes").value = view.minutes;
  find("minutes").setAttribute("aria-valuetext", say("staff_unit_minutes", { value: view.minutes }));
  find("minutes-now").value = say("staff_unit_minutes", { value: view.minutes });
  find("walk").value = view.walk;
  find("limit").textContent = way.flat_cm === null ? say("staff_limit", { minutes: view.minutes, metres, speed: way.speed }) : say("staff_limit_flat", { metres });
  panel.showLegend(view, kept.figures?.bands, kept.homes);
  drawing?.setLimit(limitOf(view, told.walks));
}

function showTab() {
  find("views").replaceChildren(
    ...TABS.map((tab) => make("button", { type: "button", id: `tab-${tab}`, "aria-pressed": String(tab === view.tab), textContent: say(`staff_view_${tab}`), onclick: () => acts.tab(tab) })),
  );
  const content = () => {
    if (view.tab === "venues") return panel.venuesView(view, serving(), acts);
    if (view.tab === "sites") return panel.sitesView(view, kept.sites, acts);
    if (!kept.figures) return [];
    return view.tab === "gaps" ? panel.gapsView(view, kept.figures, acts) : panel.areasView(view, kept.figures, acts);
  };
  const focused = document.activeElement?.closest("#views")?.contains(document.activeElement) ? `tab-${view.tab}` : null;
  find("view").replaceChildren(...content());
  if (focused) find(focused).focus();
}

let settle = 0;
let asking = new AbortController();

/** Ask for the figures of what is shown, once the hand rests. */
function refresh() {
  writeAddress();
  clearTimeout(settle);
  settle = setTimeout(async () => {
    asking.abort();
    asking = new AbortController();
    try {
      kept.figures = await data.json(`figures.json${data.query(view, { count: view.gaps })}`, asking.signal);
      tell(find("trouble"), "");
      panel.showCategories(view, kept.figures.categories, acts.category);
      panel.showLegend(view, kept.figures.bands, kept.homes);
      if (kept.figures.areas.by === "community") drawing?.setShares(kept.figures.areas.rows);
      // Venues and proposed places do not come from the figures, and stay below the hand that clicks.
      if (!["venues", "sites"].includes(view.tab)) showTab();
      document.documentElement.classList.add("figures");
    } catch (error) {
      complain(error);
    }
  }, SETTLE_MS);
}

async function showWalks() {
  const category = view.category;
  const [walks, homes] = [await data.walksTo(category), kept.homes];
  if (category === view.category && drawing) drawing.setWalks(walks, homes);
}

async function showCard(goes) {
  const card = find("card");
  const returning = document.activeElement;
  if (view.building < 0 && view.venue < 0) {
    card.hidden = true;
    drawing?.setChosen(null);
    drawing?.setCircles([]);
    drawing?.setVenues(serving(), -1);
    return;
  }
  if (view.building >= 0) {
    const each = await data.json(`buildings/${view.building}.json${data.query(view)}`);
    if (each.position !== view.building) return;
    const walk = each.walks.find((one) => one.category === view.category);
    card.replaceChildren(...panel.buildingCard(view, each, acts));
    card.hidden = false;
    drawing?.setCircles([]);
    drawing?.setVenues(serving(), -1);
    drawing?.setChosen(each, kept.venues.find((one) => one.position === walk.venue_position));
    if (goes) drawing?.show([each.lon, each.lat, each.lon, each.lat]);
  } else {
    const each = kept.venues.find((one) => one.position === view.venue);
    const { features } = each ? await data.json(`venues/${view.venue}/circles.json${data.query(view)}`) : { features: [] };
    if (!each || each.position !== view.venue) return;
    card.replaceChildren(...panel.venueCard(each, features, acts));
    card.hidden = false;
    drawing?.setChosen(null);
    drawing?.setCircles(features);
    drawing?.setVenues(serving(), each.position);
    if (goes) drawing?.show(features.length ? boundsOf(features[0]) : [each.lon, each.lat, each.lon, each.lat]);
  }
  if (goes) {
    card.focus({ preventScroll: true });
    acts.returning = returning;
  }
}

function boundsOf(feature) {
  const places = feature.geometry.coordinates.flat(feature.geometry.type === "Polygon" ? 1 : 2);
  const [east, north] = [Math.max(...places.map((each) => each[0])), Math.max(...places.map((each) => each[1]))];
  return [Math.min(...places.map((each) => each[0])), Math.min(...places.map((each) => each[1])), east, north];
}

// --- what people do ------------------------------------------------------------------------------------------------------------------------------

const acts = {
  returning: null,

  category(code) {
    Object.assign(view, { category: code, gaps: GAPS_MORE });
    acts.forgetSites();
    drawing?.setVenues(serving(), view.venue);
    showWalks().catch(complain);
    showCard(false).catch(complain);
    showTab();
    refresh();
  },

  limit(minutes, walk) {
    Object.assign(view, { minutes, walk, gaps: GAPS_MORE });
    acts.forgetSites();
    showLimit();
    refresh();
  },

  tab(tab) {
    const by = tab === "grid" ? "grid" : "community";
    const changed = by !== view.by;
    Object.assign(view, { tab, by });
    drawing?.setGrids(tab === "grid");
    if (changed) kept.figures = null;
    showTab();
    // The same figures again would take the list away below the hand that clicks.
    if (changed) refresh();
    else writeAddress();
  },

  building(position, goes = false) {
    Object.assign(view, { building: position, venue: -1 });
    writeAddress();
    showCard(goes).catch(complain);
    if (position < 0 && acts.returning) {
      acts.returning.focus();
      acts.returning = null;
    }
  },

  venue(position, goes = false) {
    Object.assign(view, { building: -1, venue: position });
    writeAddress();
    showCard(goes).catch(complain);
  },

  async area(by, each) {
    const { found } = await data.json(`search.json?${new URLSearchParams({ q: each.id })}`);
    const place = found.find((one) => one.table === (by === "grid" ? "grids" : "communities") && one.position === each.position);
    if (place) drawing?.show(place.bounds, { closest: 18, card: false });
  },

  found(each) {
    if (each.table === "buildings") acts.building(each.position, true);
    else if (each.table === "venues") acts.venue(each.position, true);
    else drawing?.show(each.bounds, { closest: 18, card: false });
  },

  setBasemap(on) {
    view.basemap = on;
    writeAddress();
  },

  moreGaps() {
    view.gaps += GAPS_MORE;
    refresh();
  },

  async sites(count) {
    view.sites = count;
    kept.sites = "working";
    showTab();
    try {
      const asked = data.query(view, { sites: count });
      const found = await data.json(`sites.json${asked}`);
      if (kept.sites !== "working" || data.query(view, { sites: view.sites }) !== asked) return;
      kept.sites = found;
      drawing?.setSites(found.sites);
      if (found.sites.length) drawing?.show(found.sites.reduce(([w, s, e, n], { lon, lat }) => [Math.min(w, lon), Math.min(s, lat), Math.max(e, lon), Math.max(n, lat)], [180, 90, -180, -90]), { closest: 15, card: false });
    } catch (error) {
      kept.sites = null;
      complain(error);
    }
    showTab();
  },

  forgetSites() {
    kept.sites = null;
    drawing?.setSites([]);
  },

  moved() {
    find("hint").hidden = !drawing.isFar;
    writeAddress();
  },
};

// --- the beginning -------------------------------------------------------------------------------------------------------------------------------

function listen() {
  for (const each of told.walks) find("walk").append(make("option", { value: each.code, textContent: each.name }));
  find("minutes").addEventListener("input", (event) => acts.limit(Number(event.target.value), view.walk));
  find("walk").addEventListener("change", (event) => acts.limit(view.minutes, event.target.value));
  find("print").addEventListener("click", () => window.print());
  find("whole").addEventListener("click", () => drawing?.whole());
  find("link").addEventListener("click", async () => {
    await navigator.clipboard?.writeText(location.href);
    tell(find("link"), say("staff_link_done"));
    setTimeout(() => tell(find("link"), say("staff_link")), 2000);
  });
  let typed = 0;
  const seek = async () => {
    const text = find("search").value.trim();
    const { found } = text ? await data.json(`search.json?${new URLSearchParams({ q: text })}`) : {};
    if (find("search").value.trim() === text) find("search-found").replaceChildren(...(text ? panel.foundView(found, acts) : []));
  };
  find("search").addEventListener("input", () => {
    clearTimeout(typed);
    typed = setTimeout(() => seek().catch(complain), SETTLE_MS);
  });
  find("search-form").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => event.key === "Escape" && !find("card").hidden && acts.building(-1));
  window.addEventListener("beforeprint", () => drawing?.toPaper());
  window.addEventListener("afterprint", () => drawing?.fromPaper());
}

/** Make the map, with what is `known` of buildings and venues if that comes soon; return that. */
async function draw(known) {
  if (!canDraw()) {
    find("no-map").hidden = false;
    find("whole").hidden = true;
    return null;
  }
  const seen = await Promise.race([known, new Promise((over) => setTimeout(over, SOON_MS, null))]);
  drawing = new CoverageMap(find("map"), told.layers, limitOf(view, told.walks), view, seen, acts);
  drawing.shown.then(() => document.documentElement.classList.add("seen"));
  await drawing.ready;
  return seen;
}

async function known() {
  const [walks, homes, { venues, communities }] = await Promise.all([data.walksTo(view.category), data.homes(), data.json("venues.json")]);
  Object.assign(kept, { homes, venues });
  return { walks, homes, venues: serving(), communities };
}

async function start() {
  prepare();
  readAddress();
  listen();
  find("about").textContent = [told.name, told.plan === null ? say("staff_no_plan") : say("staff_plan", { plan: told.plan })].join(" · ");
  panel.showCategories(view, null, acts.category);
  showLimit();
  showTab();
  const all = known();
  refresh();
  const seen = await draw(all);
  drawing?.setGrids(view.tab === "grid");
  const { communities } = await all;
  panel.showLegend(view, kept.figures?.bands, kept.homes);
  if (drawing && !seen) {
    drawing.setNames(communities);
    drawing.setVenues(serving(), view.venue);
  }
  await showWalks();
  drawing?.coloured().then(() => document.documentElement.classList.add("drawn"));
  if (kept.figures?.areas.by === "community") drawing?.setShares(kept.figures.areas.rows);
  if (drawing) acts.moved();
  if (view.building >= 0 || view.venue >= 0) {
    await showCard(false).catch((error) => {
      Object.assign(view, { building: -1, venue: -1 });
      complain(error);
    });
  }
  showTab();
  document.documentElement.classList.add("ready");
}

start().catch(complain);
