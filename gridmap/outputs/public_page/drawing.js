"use strict";
// How the map looks: a calm ground, and venues that stand out on it. Drawn by MapLibre GL from what is on the page; nothing is fetched.
{
  const FONT = ["Microsoft YaHei, PingFang SC, Noto Sans CJK SC, Noto Sans SC, WenQuanYi Micro Hei, system-ui, sans-serif"];
  const INK = "#2b2a27";
  const HALO = "#ffffff";
  const WIDTHS = { arterial: [1.4, 16], street: [1, 11], lane: [0.5, 7], path: [0.3, 3] };
  const ORDER = ["path", "lane", "street", "arterial"];

  const points = (features) => ({ type: "FeatureCollection", features });
  const feature = (type, coordinates, properties = {}) => ({ type: "Feature", properties, geometry: { type, coordinates } });

  const ringArea = (ring) => ring.reduce((sum, [x, y], i) => sum + x * ring[(i + 1) % ring.length][1] - ring[(i + 1) % ring.length][0] * y, 0);

  // Rings come outer first and each hole after its outer ring, told apart by their sense of turning.
  const polygons = (rings) => {
    const parts = [];
    let sense = 0;
    for (const ring of rings) {
      const area = ringArea(ring);
      if (!parts.length) sense = Math.sign(area);
      if (Math.sign(area) === sense || !parts.length) parts.push([ring]);
      else parts.at(-1).push(ring);
    }
    return parts;
  };

  const areas = (rows) => points(rows.filter((each) => each.shape.length).map((each) => feature("MultiPolygon", polygons(each.shape), { name: each.name || "" })));

  // What looks the same goes to the map library together: it takes thousands of small features one by one, and slowly.
  const TOGETHER = 100;
  const buildings = (rows) => {
    const all = rows.map((each) => polygons(each.shape));
    return points(Array.from({ length: Math.ceil(all.length / TOGETHER) }, (_, i) => feature("MultiPolygon", all.slice(i * TOGETHER, (i + 1) * TOGETHER).flat())));
  };
  const lines = (rows) => {
    const alike = new Map();
    for (const { name = "", kind = "", shape } of rows) {
      const key = `${kind} ${name}`;
      if (!alike.has(key)) alike.set(key, feature("MultiLineString", [], { name, kind }));
      alike.get(key).geometry.coordinates.push(...shape);
    }
    return points([...alike.values()]);
  };

  const byZoom = (at, low, high) => ["interpolate", ["exponential", 1.7], ["zoom"], 12, low, at, high];
  const width = (part, extra) => byZoom(18, ["match", ["get", "kind"], ...kindsOf(part, 0, extra)], ["match", ["get", "kind"], ...kindsOf(part, 1, extra)]);
  const kindsOf = (part, end, extra) => [...ORDER.flatMap((kind) => [kind, WIDTHS[kind][end] * part + extra[end]]), 1];

  gridmapPage.circleData = (venue) => points(venue && venue.hasCircle ? [feature("MultiPolygon", polygons(venue.circle))] : []);

  gridmapPage.venueData = (view) =>
    points(
      view.shown
        .filter(({ venue }) => venue.place)
        .map(({ venue, kind }) =>
          feature("Point", venue.place, {
            at: venue.position,
            name: venue.name,
            icon: `sign-${kind}`,
            colour: view.model.categories[kind] ? view.model.categories[kind].sign.colour : INK,
          }),
        ),
    );

  gridmapPage.mapStyle = (view) => {
    const { ground } = view.model;
    const source = (data, more = {}) => ({ type: "geojson", data, ...more });
    const streets = { source: "streets", layout: { "line-cap": "round", "line-join": "round", "line-sort-key": ["match", ["get", "kind"], ...ORDER.flatMap((kind, i) => [kind, i]), 0] } };
    const label = (size) => ({ "text-font": FONT, "text-field": ["get", "name"], "text-size": size, "text-padding": 4 });
    const inked = (colour) => ({ "text-color": colour, "text-halo-color": HALO, "text-halo-width": 1.6 });
    return {
      version: 8,
      sources: {
        water: source(areas(ground.water.filter((each) => each.area))),
        rivers: source(lines(ground.water.filter((each) => !each.area))),
        railways: source(lines(ground.railways)),
        buildings: source(buildings(ground.buildings), { maxzoom: 16, tolerance: 0.3 }),
        streets: source(lines(ground.streets)),
        circle: source(points([])),
        venues: source(gridmapPage.venueData(view)),
        chosen: source(points([])),
      },
      layers: [
        { id: "land", type: "background", paint: { "background-color": "#f4f1ea" } },
        { id: "water", type: "fill", source: "water", paint: { "fill-color": "#bfdcea" } },
        { id: "rivers", type: "line", source: "rivers", paint: { "line-color": "#bfdcea", "line-width": byZoom(18, 1.5, 12) } },
        { id: "buildings", type: "fill", source: "buildings", minzoom: 12.5, paint: { "fill-color": "#ddd4c3", "fill-outline-color": "#c4b9a4" } },
        { id: "street-rims", type: "line", ...streets, paint: { "line-color": "#d6cebf", "line-width": width(1, [0.8, 2]) } },
        { id: "streets", type: "line", ...streets, paint: { "line-color": "#ffffff", "line-width": width(1, [0, 0]) } },
        { id: "railways", type: "line", source: "railways", paint: { "line-color": "#8d877c", "line-width": 2, "line-dasharray": [4, 2] } },
        { id: "circle", type: "fill", source: "circle", paint: { "fill-color": "#0b6b5c", "fill-opacity": 0.16 } },
        { id: "circle-rim", type: "line", source: "circle", paint: { "line-color": "#0b6b5c", "line-width": 2.5, "line-dasharray": [2, 1.5] } },
        { id: "street-names", type: "symbol", source: "streets", minzoom: 14, layout: { ...label(13), "symbol-placement": "line", "symbol-spacing": 350 }, paint: inked("#5f5b55") },
        { id: "water-names", type: "symbol", source: "water", minzoom: 13, layout: label(14), paint: inked("#2b6480") },
        {
          id: "dots",
          type: "circle",
          source: "venues",
          paint: {
            "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, 2.5, 15, 5],
            "circle-color": ["get", "colour"],
            "circle-stroke-color": HALO,
            "circle-stroke-width": 1,
          },
        },
        {
          id: "signs",
          type: "symbol",
          source: "venues",
          layout: {
            "icon-image": ["get", "icon"],
            "icon-allow-overlap": ["step", ["zoom"], false, 17, true],
            "icon-padding": 1,
            "icon-size": ["interpolate", ["linear"], ["zoom"], 12, 0.7, 15, 1],
            "text-font": FONT,
            "text-field": ["step", ["zoom"], "", 15.2, ["get", "name"]],
            "text-size": 14,
            "text-max-width": 9,
            "text-variable-anchor": ["top", "left", "right", "bottom"],
            "text-radial-offset": 1.25,
            "text-optional": true,
            "text-padding": 3,
          },
          paint: inked(INK),
        },
        {
          id: "chosen",
          type: "symbol",
          source: "chosen",
          layout: {
            "icon-image": ["get", "icon"],
            "icon-size": 1.5,
            "icon-allow-overlap": true,
            "icon-ignore-placement": true,
            "text-font": FONT,
            "text-field": ["get", "name"],
            "text-size": 16,
            "text-anchor": "top",
            "text-offset": [0, 1.6],
            "text-allow-overlap": true,
            "text-max-width": 10,
          },
          paint: { ...inked("#000000"), "text-halo-width": 2.4 },
        },
      ],
    };
  };
}
