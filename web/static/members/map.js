// The map of member households: grids and buildings of the territory on a quiet ground. Nothing outside the territory is in its data.

const FONT = ["Microsoft YaHei, PingFang SC, Noto Sans CJK SC, Noto Sans SC, WenQuanYi Micro Hei, system-ui, sans-serif"];
const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const GROUND = ["water", "rivers", "streets"];
const ORDER = ["path", "lane", "street", "arterial"];

/** Whether this browser can draw a map. */
export function canDraw() {
  return Boolean(window.maplibregl && window.WebGL2RenderingContext && document.createElement("canvas").getContext("webgl2"));
}

const collection = (features) => ({ type: "FeatureCollection", features });
const feature = (geometry, properties) => ({ type: "Feature", properties, geometry });
const byZoom = (low, high) => ["interpolate", ["exponential", 1.7], ["zoom"], 12, low, 18, high];

export class MembersMap {
  constructor(container, inside, layers, { library, basemap }, acts) {
    this.inside = inside;
    this.acts = acts;
    maplibregl.setWorkerUrl(library);
    const bounds = this.bounds(layers);
    this.map = new maplibregl.Map({
      container,
      style: style(inside, layers, acts.gridName),
      bounds,
      fitBoundsOptions: { padding: 40, maxZoom: 17 },
      maxZoom: 19,
      attributionControl: false,
      maplibreLogo: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: calm ? 0 : 200,
      localIdeographFontFamily: false,
      locale: { "Map.Title": acts.title },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new maplibregl.ScaleControl({ maxWidth: 140, unit: "metric" }), "bottom-right");
    if (basemap) gridmapBasemap.add(this.map, basemap, GROUND, acts.basemapWords);
    this.map.on("click", (event) => this.click(event));
    this.map.on("mousemove", (event) => {
      this.map.getCanvas().style.cursor = this.at(event.point, ["buildings", "grids"]) ? "pointer" : "";
    });
  }

  /** Wait until everything is drawn. */
  drawn() {
    return new Promise((resolve) => this.map.once("idle", resolve));
  }

  bounds(layers) {
    const found = new maplibregl.LngLatBounds();
    for (const grid of this.inside.grids) extend(found, grid.shape.coordinates);
    for (const each of this.inside.buildings) if (each.place) found.extend(each.place);
    if (!found.isEmpty()) return found;
    const [west, south, east, north] = layers.communities?.bounds ?? layers.buildings.bounds;
    return [west, south, east, north];
  }

  at(point, layers) {
    return this.map.queryRenderedFeatures(point, { layers })[0] ?? null;
  }

  click(event) {
    const building = this.at(event.point, ["buildings"]);
    if (building) this.acts.open(building.properties.id);
    else {
      const grid = this.at(event.point, ["grids"]);
      if (grid) this.acts.choose(grid.properties.id);
    }
  }

  /** Mark a grid and bring it into view; null marks none. */
  choose(grid) {
    this.map.setFilter("chosen-grid", ["==", ["get", "id"], grid ? grid.grid_id : ""]);
    if (!grid) return;
    const found = new maplibregl.LngLatBounds();
    extend(found, grid.shape.coordinates);
    this.map.fitBounds(found, { padding: 60, maxZoom: 17.5, animate: !calm });
  }

  /** Mark a building and bring it into view; null or none marks none. */
  show(building) {
    this.map.setFilter("chosen-building", ["==", ["get", "id"], building ? building.building_id : ""]);
    if (building?.place) this.map.easeTo({ center: building.place, zoom: Math.max(this.map.getZoom(), 16.5), animate: !calm });
  }
}

function extend(bounds, coordinates) {
  if (typeof coordinates[0] === "number") bounds.extend(coordinates);
  else for (const each of coordinates) extend(bounds, each);
}

function style(inside, layers, gridName) {
  const grids = inside.grids.map((grid) => feature(grid.shape, { id: grid.grid_id, name: gridName(grid) }));
  const placed = inside.buildings.filter((each) => each.place);
  const buildings = placed.map((each) => feature({ type: "Point", coordinates: each.place }, { id: each.building_id, households: each.households, centre: each.centre }));
  const sources = {
    members: { type: "geojson", data: collection(buildings) },
    territory: { type: "geojson", data: collection(grids) },
  };
  for (const [name, layer] of Object.entries(layers)) {
    const tiles = layer.tiles.map((address) => new URL(address, window.location.href).href.replaceAll("%7B", "{").replaceAll("%7D", "}"));
    sources[`ground-${name}`] = { type: "vector", tiles, minzoom: layer.minzoom, maxzoom: layer.maxzoom, bounds: layer.bounds };
  }
  const ground = (id, name, type, paint, more = {}) => ({ id, type, source: `ground-${name}`, "source-layer": name, paint, ...more });
  const ranked = ["match", ["get", "street_class"], ...ORDER.flatMap((kind, i) => [kind, [1, 5, 9, 14][i]]), 5];
  const radius = ["interpolate", ["linear"], ["zoom"], 12, 3, 15, 9, 17, 14];
  return {
    version: 8,
    sources,
    layers: [
      { id: "land", type: "background", paint: { "background-color": "#f4f1ea" } },
      ground("water", "barriers", "fill", { "fill-color": "#bfdcea" }, { filter: ["all", ["==", ["get", "kind"], "river"], ["==", ["geometry-type"], "Polygon"]] }),
      ground("rivers", "barriers", "line", { "line-color": "#bfdcea", "line-width": byZoom(1.5, 10) }, { filter: ["==", ["get", "kind"], "river"] }),
      ground("houses", "buildings", "fill", { "fill-color": "#ddd4c3", "fill-outline-color": "#c4b9a4" }),
      ground("streets", "streets", "line", { "line-color": "#ffffff", "line-width": byZoom(0.8, ranked) }, { layout: { "line-cap": "round", "line-join": "round" } }),
      { id: "grids", type: "fill", source: "territory", paint: { "fill-color": "#0b6b5c", "fill-opacity": 0.07 } },
      { id: "grid-borders", type: "line", source: "territory", paint: { "line-color": "#0b6b5c", "line-width": 2 } },
      { id: "chosen-grid", type: "line", source: "territory", filter: ["==", ["get", "id"], ""], paint: { "line-color": "#b04a00", "line-width": 5 } },
      {
        id: "grid-names",
        type: "symbol",
        source: "territory",
        minzoom: 12.5,
        layout: { "text-font": FONT, "text-field": ["get", "name"], "text-size": 15, "text-padding": 6 },
        paint: { "text-color": "#084f44", "text-halo-color": "#ffffff", "text-halo-width": 2 },
      },
      {
        id: "buildings",
        type: "circle",
        source: "members",
        paint: {
          "circle-radius": radius,
          "circle-color": ["case", [">", ["get", "centre"], 0], "#9b1c1c", "#0b6b5c"],
          "circle-stroke-color": "#ffffff",
          "circle-stroke-width": 1.5,
        },
      },
      {
        id: "chosen-building",
        type: "circle",
        source: "members",
        filter: ["==", ["get", "id"], ""],
        paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 12, 8, 15, 14, 17, 20], "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": "#b04a00", "circle-stroke-width": 4 },
      },
      {
        id: "numbers",
        type: "symbol",
        source: "members",
        minzoom: 14.5,
        layout: { "text-font": FONT, "text-field": ["to-string", ["get", "households"]], "text-size": ["interpolate", ["linear"], ["zoom"], 15, 12, 17, 15], "text-allow-overlap": true, "text-ignore-placement": true },
        paint: { "text-color": "#ffffff" },
      },
    ],
  };
}
