"use strict";
// Puts a coverage on the map and in the panel, and lets each act on the other.
{
  const { unpacker, contains, boundsOf, CoverageLayer, CoveragePanel } = gridmapPage;
  const VENUE_REACH = 14;

  const rows = (columns) => {
    const names = Object.keys(columns);
    return columns[names[0]].map((_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
  };

  const unpack = (content) => {
    const { place, shape } = unpacker(content.origin, content.steps);
    const drawn = (columns) => rows(columns).map((each) => ({ ...each, shape: shape(each.shape) }));
    return {
      ...content,
      communities: drawn(content.communities).map((each) => ({ ...each, middle: place(each.middle) })),
      buildings: drawn(content.buildings),
      streets: drawn(content.streets),
      barriers: drawn(content.barriers),
      venues: rows(content.venues).map((each) => ({ ...each, place: place(each.place), circles: each.circles.map(shape) })),
      category: 0,
      building: -1,
      venue: -1,
      shown: {},
    };
  };

  gridmapPage.startCoverage = (map, content) => {
    const view = unpack(content);
    const layer = new CoverageLayer(view);
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const boxes = [...view.buildings, ...view.communities].map((each) => each.shape.box).filter((box) => box[0] <= box[2]);
    const box = [0, 1, 2, 3].map((i) => boxes.reduce((best, each) => (i < 2 ? Math.min(best, each[i]) : Math.max(best, each[i])), i < 2 ? Infinity : -Infinity));
    const whole = () => boxes.length && map.fitBounds(boundsOf(box), { padding: [14, 14], animate: false });
    const go = (target) => map.fitBounds(target, { padding: [60, 60], maxZoom: 17, animate: !calm });

    const choose = (building, venue) => {
      view.building = building;
      view.venue = venue;
      layer.redraw();
      panel.renderCard();
    };

    const actions = {
      category: (position) => {
        view.category = position;
        layer.redraw();
        panel.render();
        document.getElementById(`gridmap-category-${position}`).focus();
      },
      building: (position, moved) => {
        choose(position, -1);
        const home = view.buildings[position];
        const venue = home && view.venues[home.venue[view.category]];
        if (!moved || !home) return;
        const sight = boundsOf(home.shape.box);
        if (venue && venue.place) sight.extend(gridmapPage.latLng(...venue.place));
        go(sight);
      },
      venue: (position, moved) => {
        choose(-1, position);
        const { circles } = view.venues[position];
        if (moved && circles.length) go(boundsOf(circles[circles.length - 1].box));
      },
      speak: (language) => {
        view.language = language;
        document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
        name();
        panel.render();
        layer.redraw();
        panel.root.querySelector(`.languages [lang="${language}"]`).focus();
      },
      whole,
    };

    const name = () => {
      const { map_circle_aria: aria, map_zoom_in: nearer, map_zoom_out: farther } = view.texts[view.language];
      map.getContainer().setAttribute("aria-label", aria);
      for (const [sign, text] of [["in", nearer], ["out", farther]]) {
        const button = map.getContainer().querySelector(`.leaflet-control-zoom-${sign}`);
        button.title = text;
        button.setAttribute("aria-label", text);
      }
    };

    const panel = new CoveragePanel(document.getElementById("gridmap-panel"), view, actions);

    map.on("click", (event) => {
      const pixel = layer.pixelAt(event.containerPoint);
      const venue = view.venues.findIndex((each) => each.place && each.categories.includes(view.category) && layer.isNear(each.place, pixel, VENUE_REACH));
      if (venue >= 0) return actions.venue(venue, false);
      const x = (event.latlng.lng + 180) / 360;
      const y = map.project(event.latlng, 0).y / 256;
      return actions.building(view.buildings.findIndex((each) => contains(each.shape, x, y)), false);
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
