"use strict";
// Brings the page to life: the list at once, the map when its library has been read.
{
  const { unpack, readLink, writeLink, shownVenues, PublicPanel, Card } = gridmapPage;

  const model = unpack(JSON.parse(document.getElementById("gridmap-content").textContent));
  const asked = readLink(location.hash, location.search, model);
  model.way = asked.way;
  const view = {
    model,
    texts: model.texts,
    used: model.used,
    language: asked.language || model.language,
    on: asked.on || new Set(model.used),
    query: "",
    here: null,
    hereFrom: "",
    street: null,
    chosen: -1,
    basemap: asked.basemap,
    embed: asked.embed,
    camera: asked.camera,
    hasMap: true,
    shown: [],
  };
  const acts = {};
  const panel = new PublicPanel(document.getElementById("gridmap-panel"), view, acts);
  const card = new Card(document.getElementById("gridmap-card"), panel, acts);
  let map = null;

  const say = (text) => {
    document.getElementById("gridmap-said").textContent = text;
  };

  const remember = () => {
    const link = writeLink(view, map && map.camera());
    if (link !== location.hash) history.replaceState(null, "", link);
  };

  acts.setBasemap = (on) => {
    view.basemap = on;
    remember();
  };

  const update = () => {
    panel.length = 60;
    view.shown = shownVenues(view);
    panel.showList();
    if (map) map.showVenues();
  };

  const updateAndRemember = () => {
    update();
    remember();
  };

  const name = () => {
    document.documentElement.lang = view.language === "zh" ? "zh-CN" : "en";
    document.title = panel.title();
    document.getElementById("gridmap-told").replaceChildren(...panel.facts().flatMap((text) => [gridmapPage.make("span", { text }), " "]));
    const list = document.getElementById("gridmap-to-list");
    list.textContent = panel.say(document.documentElement.classList.contains("list-only") ? "public_to_map" : "public_to_list");
    document.getElementById("gridmap-frame").setAttribute("aria-label", panel.say("public_frame_label"));
    const noMap = document.getElementById("gridmap-no-map");
    noMap.hidden = view.hasMap;
    noMap.textContent = view.hasMap ? "" : panel.say("public_no_map");
    if (map) map.name();
  };

  acts.speak = (language) => {
    view.language = language;
    panel.render();
    update();
    name();
    if (view.here) tellHere();
    if (view.chosen >= 0) card.show(model.venues[view.chosen]);
    panel.root.querySelector('.languages [aria-pressed="true"]').focus();
    remember();
  };

  acts.search = (query) => {
    view.query = query;
    update();
    say(panel.heading.textContent);
  };

  acts.toggle = (number, on) => {
    if (on) view.on.add(number);
    else view.on.delete(number);
    updateAndRemember();
  };

  acts.toggleAll = (on) => {
    view.on = on ? new Set(model.used) : new Set();
    panel.checkBoxes();
    updateAndRemember();
  };

  // Opens the card of a venue; -1 closes it and gives the keyboard back to where it was.
  acts.choose = (position, from) => {
    const before = view.chosen;
    view.chosen = position;
    if (position < 0) {
      card.hide();
      const item = document.getElementById(`gridmap-venue-${before}`);
      if (item) item.focus({ preventScroll: true });
    } else {
      card.show(model.venues[position]);
      if (from === "list") card.focus();
      else say(model.venues[position].name);
    }
    panel.markChosen();
    if (map) map.showChosen(from);
    remember();
  };

  // Another way of walking: other circles, and another answer to what is in reach.
  acts.walk = (way) => {
    model.way = way;
    panel.render();
    update();
    if (view.here) tellHere();
    if (view.chosen >= 0) card.show(model.venues[view.chosen]);
    panel.markChosen();
    if (map) map.showChosen("walk");
    panel.root.querySelector('.ways [aria-pressed="true"]').focus();
    remember();
  };

  const BESIDE_M = 30;
  const FROM = { map: "public_here_from_map", position: "public_here_from_position", venue: "public_here_from_venue" };

  const tellHere = () => {
    const { street } = view;
    const far = street && street.metres > BESIDE_M ? panel.say("public_here_street", { metres: String(Math.round(street.metres / 10) * 10) }) : "";
    panel.hereState.textContent = panel.say(FROM[view.hereFrom]) + far + (street ? "" : panel.say("public_here_no_street"));
    say(panel.say("public_count_here", { count: view.shown.length, minutes: String(model.limit.minutes) }));
  };

  acts.setHere = (place, from) => {
    view.here = place;
    view.hereFrom = from;
    view.street = gridmapPage.onStreet(model, place);
    update();
    tellHere();
    if (view.chosen >= 0) acts.choose(-1);
    if (map) map.showHere(from);
    panel.heading.scrollIntoView({ block: "start" });
    panel.heading.focus({ preventScroll: true });
  };

  acts.clearHere = () => {
    view.here = null;
    panel.hereState.textContent = "";
    update();
    if (map) map.showHere("");
    document.getElementById("gridmap-locate").focus();
  };

  acts.pick = () => map.ask();

  // The browser is asked for the position here and nowhere else, after a press of the button; it stays on this page.
  acts.locate = () => {
    const failed = (code) => {
      panel.hereState.textContent = panel.say(code);
    };
    if (!navigator.geolocation || !window.isSecureContext) return failed("public_locate_impossible");
    panel.hereState.textContent = panel.say("public_locating");
    const found = ({ coords }) => {
      const [west, south, east, north] = model.bounds;
      const { longitude, latitude } = coords;
      if (longitude < west || longitude > east || latitude < south || latitude > north) return failed("public_locate_outside");
      return acts.setHere([longitude, latitude], "position");
    };
    return navigator.geolocation.getCurrentPosition(found, (error) => failed(error.code === 1 ? "public_locate_refused" : "public_locate_impossible"), {
      enableHighAccuracy: true,
      timeout: 15000,
    });
  };

  const pageAddress = (embed) => {
    const base = model.address || location.href.split("#")[0];
    return base.split("#")[0] + writeLink({ ...view, embed }, map && map.camera());
  };

  const quoted = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

  acts.copy = (what, done) => {
    const text = what !== "embed" ? pageAddress(false) : `<iframe src="${quoted(pageAddress(true))}" title="${quoted(document.title)}" width="800" height="600"></iframe>`;
    if (!navigator.clipboard) return done(false);
    return navigator.clipboard.writeText(text).then(() => done(true), () => done(false));
  };

  acts.saveSheet = () => gridmapPage.keep("venues.csv", "text/csv", gridmapPage.sheetText(view));
  acts.savePoints = () => gridmapPage.keep("venues.geojson", "application/geo+json", gridmapPage.pointsText(view));

  document.getElementById("gridmap-to-list").addEventListener("click", () => {
    document.documentElement.classList.toggle("list-only");
    name();
    if (map) map.resize();
  });

  window.addEventListener("hashchange", () => {
    const now = readLink(location.hash, "", model);
    view.on = now.on || new Set(model.used);
    if (now.language) view.language = now.language;
    model.way = now.way;
    panel.render();
    update();
    name();
    if (now.camera && map) map.jump(now.camera);
    if (now.venue !== view.chosen) acts.choose(now.venue, now.camera ? "link" : "list");
  });

  document.documentElement.classList.toggle("embedded", view.embed);
  panel.render();
  update();
  name();
  document.documentElement.classList.add("gridmap-list-ready");

  // Called by the script that draws the map; without a map the page is whole all the same.
  gridmapPage.attach = (drawn) => {
    map = drawn;
    view.hasMap = drawn !== null;
    document.documentElement.classList.toggle("without-map", !view.hasMap);
    if (panel.pick) panel.pick.hidden = !view.hasMap;
    name();
    if (asked.venue >= 0) acts.choose(asked.venue, asked.camera ? "link" : "list");
    if (!map) document.documentElement.classList.add("gridmap-ready");
  };
  gridmapPage.publicView = view;
  gridmapPage.acts = acts;
  gridmapPage.panelOf = panel;
  gridmapPage.remember = remember;
}
