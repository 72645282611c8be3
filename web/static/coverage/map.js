// The map: a calm ground of live tiles, and buildings coloured by what they reach. A threshold that moves changes one paint property and no tile.

import { say } from "../start/tools.js";
import { BANDS, EMPTY, NONE_REACHED, OUTSIDE, SHARES } from "./colours.js";
import { told } from "./data.js";

const FONT = ["Microsoft YaHei, PingFang SC, Noto Sans CJK SC, Noto Sans SC, WenQuanYi Micro Hei, system-ui, sans-serif"];
const NEAR = 16;
const NEAR_ENOUGH_PIXELS = 10;
const FIRST_BUILDINGS = 13;
const OUTLINED = 15;
const FIRST_FRAME_MS = 2000;
const GROUND = ["communities", "water", "rivers", "street-rims", "streets", "railways", "street-names"];
const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const collection = (features) => ({ type: "FeatureCollection", features });
const empty = () => ({ type: "geojson", data: collection([]) });
const point = (place, properties) => ({ type: "Feature", properties, geometry: { type: "Point", coordinates: place } });

/** Start the library's worker while the data are still on their way. */
export function prepare() {
  maplibregl.setWorkerUrl(told.library);
  maplibregl.prewarm();
}

export const canDraw = () => Boolean(window.WebGL2RenderingContext && document.createElement("canvas").getContext("webgl2"));

const cm = ["coalesce", ["feature-state", "cm"], -2];
const home = ["coalesce", ["feature-state", "home"], 2];
const share = ["coalesce", ["feature-state", "share"], -1];

const colourBy = (limit) => [
  "case",
  ["==", home, 0], OUTSIDE,
  ["any", ["==", home, 1], ["==", cm, -2]], EMPTY,
  ["<", cm, 0], BANDS[4],
  ...SHARES.flatMap((part, i) => [["<=", cm, limit * part], BANDS[i]]),
  BANDS[3],
];
const colourByShare = ["case", ["<", share, 0], "#fbfaf7", ["interpolate", ["linear"], share, 0, "#c8562b", 0.5, "#f2b66d", 0.8, "#a9d3c8", 1, "#2b8073"]];

const byZoom = (low, high) => ["interpolate", ["exponential", 1.7], ["zoom"], 12, low, 18, high];
const inked = (colour) => ({ "text-color": colour, "text-halo-color": "#ffffff", "text-halo-width": 1.8 });
const label = (size) => ({ "text-font": FONT, "text-field": ["get", "name"], "text-size": size, "text-padding": 6 });

// What is drawn of few buildings alone has a filter: drawn of all, and seen of few, it would take most of the time.
const amongIds = (ids) => (ids.length ? ["match", ["id"], ids, true, false] : ["literal", false]);

/** The buildings that people live in and that reach nothing. */
const unreached = (walks, homes) => {
  const ids = [];
  for (let id = 0; id < walks.length; id += 1) if (walks[id] >= NONE_REACHED && homes[id] === 2) ids.push(id);
  return ids;
};

const venuePoints = (venues, position) => collection(venues.map((each) => point([each.lon, each.lat], { position: each.position, name: each.name, chosen: each.position === position })));
const namePoints = (communities) => collection(communities.map((each) => point([each.lon, each.lat], { name: each.name })));

function style(layers, limit, { hatched, venues, names }) {
  const sources = { circles: empty(), venues: { type: "geojson", data: venues }, chosen: empty(), sites: empty(), names: { type: "geojson", data: names } };
  for (const [name, each] of Object.entries(layers)) {
    sources[name] = { type: "vector", tiles: each.tiles.map((tile) => decodeURI(new URL(tile, location.href).href)), minzoom: each.minzoom, maxzoom: each.maxzoom, ...(each.bounds ? { bounds: each.bounds } : {}) };
  }
  const of = (name, more) => ({ source: name, "source-layer": name, ...more });
  const kind = (...kinds) => ["in", ["get", "kind"], ["literal", kinds]];
  const isArea = ["==", ["geometry-type"], "Polygon"];
  const drawn = [
    { id: "land", type: "background", paint: { "background-color": "#efece6" } },
    { id: "communities", type: "fill", ...of("communities"), paint: { "fill-color": "#fbfaf7" } },
    { id: "share", type: "fill", ...of("communities"), maxzoom: 14, paint: { "fill-color": colourByShare, "fill-opacity": ["interpolate", ["linear"], ["zoom"], 12.8, 0.85, 13.4, 0] } },
    { id: "water", type: "fill", ...of("barriers"), filter: ["all", isArea, kind("river")], paint: { "fill-color": "#bfdcea" } },
    { id: "rivers", type: "line", ...of("barriers"), filter: ["all", ["!", isArea], kind("river")], paint: { "line-color": "#bfdcea", "line-width": byZoom(1.5, 12) } },
    { id: "street-rims", type: "line", ...of("streets"), minzoom: 15, paint: { "line-color": "#d9d2c4", "line-width": byZoom(1, 11) } },
    { id: "streets", type: "line", ...of("streets"), layout: { "line-cap": ["step", ["zoom"], "butt", 15, "round"] }, paint: { "line-color": ["step", ["zoom"], "#e0dacd", 15, "#ffffff"], "line-width": byZoom(0.6, 9) } },
    { id: "railways", type: "line", ...of("barriers"), filter: kind("railway"), paint: { "line-color": "#8d877c", "line-width": 2, "line-dasharray": [4, 2] } },
    { id: "walls", type: "line", ...of("barriers"), minzoom: 15, filter: kind("wall"), paint: { "line-color": "#8a6a4a", "line-width": 1.2 } },
    { id: "circles", type: "fill", source: "circles", paint: { "fill-color": "#2f6bb0", "fill-opacity": 0.12 } },
    { id: "buildings", type: "fill", ...of("buildings"), paint: { "fill-color": colourBy(limit), "fill-antialias": ["step", ["zoom"], false, OUTLINED, true], "fill-outline-color": "rgba(40, 34, 28, 0.4)" } },
    { id: "hatch", type: "fill", ...of("buildings"), filter: amongIds(hatched), paint: { "fill-pattern": "hatch", "fill-antialias": false } },
    { id: "circle-rims", type: "line", source: "circles", paint: { "line-color": "#2f6bb0", "line-width": 2 } },
    { id: "borders", type: "line", ...of("communities"), paint: { "line-color": "#4a3f6b", "line-width": byZoom(1.2, 3), "line-dasharray": [3, 2] } },
    ...(layers.grids ? [{ id: "grids", type: "line", ...of("grids"), layout: { visibility: "none" }, paint: { "line-color": "#1d1d1b", "line-width": byZoom(0.8, 3) } }] : []),
    { id: "chosen-halo", type: "line", ...of("buildings"), filter: amongIds([]), paint: { "line-color": "#ffffff", "line-width": 7 } },
    { id: "chosen-rim", type: "line", ...of("buildings"), filter: amongIds([]), paint: { "line-color": "#111111", "line-width": 3.5 } },
    { id: "way", type: "line", source: "chosen", paint: { "line-color": "#111111", "line-width": 2.5, "line-dasharray": [1, 2] } },
    { id: "street-names", type: "symbol", ...of("streets"), minzoom: 15, layout: { ...label(13), "symbol-placement": "line", "symbol-spacing": 400 }, paint: inked("#5f5b55") },
    { id: "names", type: "symbol", source: "names", maxzoom: 17, layout: label(17), paint: inked("#3b3159") },
    { id: "venue-dots", type: "circle", source: "venues", paint: { "circle-radius": ["case", ["get", "chosen"], 10, 7], "circle-color": ["case", ["get", "chosen"], "#ffd23f", "#ffffff"], "circle-stroke-color": "#1b4f8a", "circle-stroke-width": 3.5 } },
    { id: "site-dots", type: "circle", source: "sites", paint: { "circle-radius": 13, "circle-color": "#7a1fa2", "circle-stroke-color": "#ffffff", "circle-stroke-width": 3 } },
    { id: "site-numbers", type: "symbol", source: "sites", layout: { ...label(15), "text-allow-overlap": true }, paint: { "text-color": "#ffffff" } },
    { id: "venue-names", type: "symbol", source: "venues", minzoom: 15.5, layout: { ...label(14), "text-variable-anchor": ["top", "bottom", "left", "right"], "text-radial-offset": 1 }, paint: inked("#16406f") },
  ];
  return { version: 8, sources, layers: drawn };
}

function hatch() {
  const side = 16;
  const data = new Uint8Array(side * side * 4);
  for (let y = 0; y < side; y += 1) for (let x = 0; x < side; x += 1) if ((x + y) % 8 < 2) data.fill(255, 4 * (y * side + x), 4 * (y * side + x) + 4);
  return { width: side, height: side, data };
}

/**
 * Draw no frame from the moment that the first tile is asked for until all in view are there, or until FIRST_FRAME_MS have passed. Where the processor
 * does the work of a graphics card, each frame between takes some tenths of a second away from the tiles.
 */
function drawnAtOnce(map, sources) {
  const { triggerRepaint } = map;
  const hold = (event) => {
    if (!event.tile) return;
    map.off("sourcedataloading", hold);
    map.on("sourcedata", look);
    map.triggerRepaint = () => {};
  };
  const look = () => sources.every((name) => map.isSourceLoaded(name)) && draw();
  const draw = () => {
    clearTimeout(late);
    map.off("sourcedataloading", hold);
    map.off("sourcedata", look);
    map.triggerRepaint = triggerRepaint;
    map.triggerRepaint();
  };
  const late = setTimeout(draw, FIRST_FRAME_MS);
  map.on("sourcedataloading", hold);
}

export class CoverageMap {
  /** `seen`: walks, homes, venues and communities where they are known already. `acts`: building(position), venue(position), moved(), setBasemap(on). */
  constructor(container, layers, limit, { camera, basemap }, seen, acts) {
    this.layers = layers;
    this.isShown = false;
    this.marked = "";
    this.hatched = seen ? unreached(seen.walks, seen.homes) : [];
    const drawn = style(layers, limit, { hatched: this.hatched, venues: venuePoints(seen?.venues ?? [], -1), names: namePoints(seen?.communities ?? []) });
    this.map = new maplibregl.Map({
      container,
      style: drawn,
      ...(camera ?? { bounds: told.bounds, fitBoundsOptions: { padding: 30 } }),
      maxZoom: 19,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maplibreLogo: false,
      fadeDuration: 0,
      localIdeographFontFamily: false,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new maplibregl.ScaleControl({ maxWidth: 140, unit: "metric" }), "bottom-right");
    drawnAtOnce(this.map, Object.keys(drawn.sources));
    this.ready = new Promise((done) => this.map.once("style.load", () => done(this.map.addImage("hatch", hatch(), { pixelRatio: 2 }))));
    this.shown = new Promise((done) => {
      const look = () => {
        if (!this.map.getSource("buildings") || !this.map.isSourceLoaded("buildings")) return;
        this.map.off("render", look);
        this.isShown = true;
        done();
      };
      this.map.on("render", look);
    });
    if (told.basemap) gridmapBasemap.add(this.map, told.basemap, GROUND, (code) => say(`basemap_on_page_${code}`), { shown: basemap, switched: acts.setBasemap });
    this.map.on("moveend", () => acts.moved());
    this.map.on("click", (event) => this.click(event, acts));
    this.map.on("mousemove", (event) => (this.map.getCanvas().style.cursor = this.at(event.point) ? "pointer" : ""));
    this.name(container);
  }

  name(container) {
    this.map.getCanvas().setAttribute("aria-label", say("staff_map_label"));
    for (const [sign, code] of [["in", "staff_zoom_in"], ["out", "staff_zoom_out"]]) {
      const button = container.querySelector(`.maplibregl-ctrl-zoom-${sign}`);
      button.title = say(code);
      button.setAttribute("aria-label", say(code));
    }
  }

  at({ x, y }) {
    if (!this.map.isStyleLoaded()) return undefined;
    const box = [[x - NEAR_ENOUGH_PIXELS, y - NEAR_ENOUGH_PIXELS], [x + NEAR_ENOUGH_PIXELS, y + NEAR_ENOUGH_PIXELS]];
    return this.map.queryRenderedFeatures(box, { layers: ["venue-dots", "site-dots"] })[0] ?? this.map.queryRenderedFeatures([x, y], { layers: ["buildings"] })[0];
  }

  click(event, acts) {
    const found = this.at(event.point);
    if (!found) acts.building(-1);
    else if (found.source === "venues") acts.venue(found.properties.position);
    else acts.building(found.source === "sites" ? found.properties.position : found.id);
  }

  /** Tell each building's walk. */
  setWalks(walks, homes) {
    for (let id = 0; id < walks.length; id += 1) {
      const state = { cm: walks[id] >= NONE_REACHED ? -1 : walks[id], home: homes[id] };
      this.map.setFeatureState({ source: "buildings", sourceLayer: "buildings", id }, state);
    }
    const hatched = unreached(walks, homes);
    // Another filter lets all tiles be read again.
    if (hatched.length !== this.hatched.length || hatched.some((id, i) => id !== this.hatched[i])) this.map.setFilter("hatch", amongIds(hatched), { validate: false });
    this.hatched = hatched;
  }

  /** Wait for the first frame after `setWalks` that has all buildings in view. */
  async coloured() {
    if (!this.isShown) return this.shown;
    return new Promise((done) => {
      this.map.once("render", done);
      this.map.triggerRepaint();
    });
  }

  setLimit(limit) {
    this.map.setPaintProperty("buildings", "fill-color", colourBy(limit), { validate: false });
  }

  setShares(rows) {
    this.map.removeFeatureState({ source: "communities", sourceLayer: "communities" });
    for (const row of rows) if (row.share !== null) this.map.setFeatureState({ source: "communities", sourceLayer: "communities", id: row.position }, { share: row.share });
  }

  setGrids(on) {
    if (this.layers.grids) this.map.setLayoutProperty("grids", "visibility", on ? "visible" : "none");
  }

  setVenues(venues, position) {
    this.map.getSource("venues").setData(venuePoints(venues, position));
  }

  setSites(sites) {
    this.map.getSource("sites").setData(collection(sites.map((each, i) => point([each.lon, each.lat], { position: each.position, name: String(i + 1) }))));
  }

  setCircles(features) {
    this.map.getSource("circles").setData(collection(features));
  }

  /** Mark a building, and show by a dotted line which venue is meant; it is no way to walk. */
  setChosen(building, venue) {
    const marked = building ? [building.position] : [];
    if (String(marked) !== this.marked) for (const id of ["chosen-halo", "chosen-rim"]) this.map.setFilter(id, amongIds(marked), { validate: false });
    this.marked = String(marked);
    const ends = building && venue ? [[building.lon, building.lat], [venue.lon, venue.lat]] : [];
    this.map.getSource("chosen").setData(collection(ends.length ? [{ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: ends } }] : []));
  }

  setNames(communities) {
    this.map.getSource("names").setData(namePoints(communities));
  }

  /** Move so that bounds are seen beside the card, which lies over the map's left on a desk and below the map on a phone. */
  show(bounds, { closest = NEAR, card = true } = {}) {
    this.map.resize();
    const wide = this.map.getContainer().clientWidth > 700;
    this.map.fitBounds(bounds, { padding: { top: wide ? 60 : 20, right: 30, bottom: 30, left: card && wide ? 400 : 30 }, maxZoom: closest, animate: !calm, duration: 500 });
  }

  whole() {
    this.map.fitBounds(told.bounds, { padding: 30, animate: !calm, duration: 500 });
  }

  get isFar() {
    return this.map.getZoom() < FIRST_BUILDINGS;
  }

  camera() {
    const { lng, lat } = this.map.getCenter();
    return `${this.map.getZoom().toFixed(2)}/${lat.toFixed(5)}/${lng.toFixed(5)}`;
  }

  /** A sheet of paper is narrower than a screen: the same part is drawn at the size that it has there, and kept as a picture. */
  toPaper() {
    const seen = this.map.getBounds();
    this.onScreen = { zoom: this.map.getZoom(), center: this.map.getCenter() };
    document.documentElement.classList.add("printing");
    this.map.resize();
    this.map.fitBounds(seen, { animate: false, padding: 0 });
    this.map.redraw();
    this.picture = document.createElement("img");
    this.picture.className = "on-paper";
    this.picture.alt = say("staff_map_label");
    this.picture.src = this.map.getCanvas().toDataURL("image/png");
    this.map.getContainer().append(this.picture);
  }

  fromPaper() {
    this.picture.remove();
    document.documentElement.classList.remove("printing");
    this.map.resize();
    this.map.jumpTo(this.onScreen);
  }
}
