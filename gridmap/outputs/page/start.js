"use strict";
// Puts the content of the page on the map and in the panel, and lets each act on the other.
{
  const { style, unpacker, contains, boundsOf, PlanLayer, Panel } = gridmapPage;
  const VENUE_REACH = 12;
  const CLOSE_ZOOM = 17;

  // Turns a set of columns into a list of rows.
  const rows = (columns) => {
    const names = Object.keys(columns);
    return columns[names[0]].map((_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
  };

  const stateOf = (grid, plan) => {
    if (grid.dedicated) return "dedicated";
    if (grid.households < plan.minimum) return "below";
    return grid.households > plan.maximum ? "above" : "inside";
  };

  const unpack = (content) => {
    const { place, shape } = unpacker(content.origin, content.steps);
    const { plan } = content;
    const communities = rows(content.communities).map((each) => ({ ...each, shape: shape(each.shape), middle: place(each.middle) }));
    const names = new Map(communities.map((each) => [each.id, each.name]));
    const grids = rows(content.grids).map((grid, position) => {
      const state = stateOf(grid, plan);
      const households_text = `${grid.estimated ? "≈" : ""}${grid.households}`;
      const community_name = names.get(grid.community) || "";
      return {
        ...grid,
        position,
        state,
        households_text,
        community_name,
        text: grid.dedicated ? households_text : `${households_text} / ${plan.target}`,
        sign: { below: "▼ ", above: "▲ " }[state] || "",
        search: [grid.code, grid.name, grid.label, grid.id, community_name, grid.community].join("\n").toLowerCase(),
        shape: shape(grid.shape),
        middle: place(grid.middle),
        radius: grid.radius_m,
      };
    });
    const stepOf = (households) => style.buildingSteps.filter((from) => households >= from).length - 1;
    return {
      plan,
      language: content.language,
      texts: content.texts,
      grids,
      communities,
      buildings: rows(content.buildings).map((each) => ({ ...each, shape: shape(each.shape), step: stepOf(each.households) })),
      streets: rows(content.streets).map((each) => ({ ...each, shape: shape(each.shape) })),
      barriers: rows(content.barriers).map((each) => ({ ...each, shape: shape(each.shape) })),
      venues: rows(content.venues).map((each) => ({ ...each, place: place(each.place) })),
      findings: rows(content.findings).map((each) => ({ ...each, place: place(each.place) })),
      shown: { grids: true, buildings: true, streets: true, barriers: true, communities: true, venues: false, findings: true },
      chosen: -1,
    };
  };

  const wholeBox = (grids) => {
    const boxes = grids.map((grid) => grid.shape.box);
    return [0, 1, 2, 3].map((i) => boxes.reduce((best, box) => (i < 2 ? Math.min(best, box[i]) : Math.max(best, box[i])), boxes[0][i]));
  };

  gridmapPage.start = (map, content) => {
    const view = unpack(content);
    const layer = new PlanLayer(view);
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const whole = () => map.fitBounds(boundsOf(wholeBox(view.grids)), { padding: [18, 18], animate: false });

    const choose = (position, go) => {
      view.chosen = position;
      layer.redraw();
      if (position < 0) return panel.hideCard();
      const grid = view.grids[position];
      panel.showGrid(grid);
      if (go) map.fitBounds(boundsOf(grid.shape.box), { padding: [60, 60], maxZoom: 18, animate: !calm });
    };

    const show = (finding) => {
      if (finding.grid >= 0) choose(finding.grid, !finding.place);
      else panel.showFindings([finding]);
      if (finding.place) map.setView(gridmapPage.latLng(...finding.place), Math.max(map.getZoom(), CLOSE_ZOOM), { animate: !calm });
    };

    const toggle = (name, shown) => {
      view.shown[name] = shown;
      layer.redraw();
    };

    const name = () => {
      const { map_aria: aria, map_zoom_in: nearer, map_zoom_out: farther } = view.texts[view.language];
      map.getContainer().setAttribute("aria-label", aria);
      for (const [sign, text] of [["in", nearer], ["out", farther]]) {
        const button = map.getContainer().querySelector(`.leaflet-control-zoom-${sign}`);
        button.title = text;
        button.setAttribute("aria-label", text);
      }
    };

    const speak = (language) => {
      view.language = language;
      document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
      name();
      panel.render();
      layer.redraw();
      if (view.chosen >= 0) panel.showGrid(view.grids[view.chosen]);
      panel.root.querySelector(`.languages [lang="${language}"]`).focus();
    };

    const panel = new Panel(document.getElementById("gridmap-panel"), view, { choose, show, toggle, speak, whole });

    map.on("click", (event) => {
      const pixel = layer.pixelAt(event.containerPoint);
      const mark = layer.markAt(pixel);
      if (mark) {
        choose(-1, false);
        return panel.showFindings(mark.findings);
      }
      const venue = view.shown.venues && view.venues.find((each) => each.place && layer.isNear(each.place, pixel, VENUE_REACH));
      if (venue) {
        choose(-1, false);
        return panel.showVenue(venue);
      }
      const x = (event.latlng.lng + 180) / 360;
      const y = (map.project(event.latlng, 0).y) / 256;
      return choose(view.shown.grids ? view.grids.findIndex((grid) => contains(grid.shape, x, y)) : -1, false);
    });

    panel.render();
    name();
    L.control.scale({ imperial: false, maxWidth: 160, position: "bottomright" }).addTo(map);
    whole();
    map.setMinZoom(Math.floor(map.getZoom()) - 2);
    layer.addTo(map);
    gridmapPage.onPaper(map, layer);
    gridmapPage.map = map;
    gridmapPage.view = view;
    gridmapPage.layer = layer;
    document.documentElement.classList.add("gridmap-ready");
  };
}
