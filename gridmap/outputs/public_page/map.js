"use strict";
// The map itself. Where the browser cannot draw one (no WebGL), the list alone is the page.
{
  const { publicView: view, acts, panelOf: panel, make, makeSvg } = gridmapPage;
  const SIGN_PIXELS = 28;
  const RATIO = 2;
  const REACH = 14;
  const CLOSE = 16;
  const EDGE = 45;
  const GROUND = ["water", "rivers", "street-rims", "streets", "railways", "street-names", "water-names"];

  const canDraw = () => {
    const canvas = document.createElement("canvas");
    return Boolean(window.WebGL2RenderingContext && canvas.getContext("webgl2"));
  };

  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  class PublicMap {
    constructor(container) {
      const worker = document.getElementById("gridmap-worker");
      maplibregl.setWorkerUrl(worker.dataset.src || URL.createObjectURL(new Blob([worker.textContent], { type: "text/javascript" })));
      const [west, south, east, north] = view.model.bounds;
      const [wide, high] = [(east - west) * 0.5, (north - south) * 0.5];
      this.map = new maplibregl.Map({
        container,
        style: gridmapPage.mapStyle(view),
        ...(view.camera || { bounds: [west, south, east, north], fitBoundsOptions: { padding: 10 } }),
        maxBounds: [west - wide, south - high, east + wide, north + high],
        maxZoom: 19,
        attributionControl: false,
        dragRotate: false,
        pitchWithRotate: false,
        touchPitch: false,
        maplibreLogo: false,
        fadeDuration: calm ? 0 : 200,
        localIdeographFontFamily: false,
      });
      this.map.touchZoomRotate.disableRotation();
      this.map.keyboard.disableRotation();
      this.buttons = new maplibregl.NavigationControl({ showCompass: false });
      this.map.addControl(this.buttons, "top-right");
      this.map.addControl(new maplibregl.ScaleControl({ maxWidth: 140, unit: "metric" }), "bottom-right");
      this.pin = new maplibregl.Marker({ element: pinElement(), anchor: "bottom", draggable: true });
      this.pin.on("dragend", () => acts.setHere(this.pin.getLngLat().toArray(), "map"));
      this.asking = false;
      const { basemap } = view.model;
      if (basemap) this.basemap = gridmapBasemap.add(this.map, basemap, GROUND, (code) => panel.say(`basemap_on_page_${code}`), { place: () => {}, shown: view.basemap, switched: acts.setBasemap });
      this.listen();
      for (const [number, category] of view.model.categories.entries()) this.addSign(`sign-${number}`, category.sign);
      this.addSign(`sign-${view.model.categories.length}`, { colour: "#2b2a27", letter: "•" });
    }

    addSign(name, sign) {
      const add = () => this.map.hasImage(name) || this.map.addImage(name, gridmapPage.signImage(sign, SIGN_PIXELS, RATIO), { pixelRatio: RATIO });
      if (this.map.isStyleLoaded()) add();
      else this.map.once("style.load", add);
    }

    listen() {
      const { map } = this;
      map.on("click", (event) => this.click(event));
      map.on("mousemove", (event) => {
        map.getCanvas().style.cursor = this.asking ? "crosshair" : this.venueAt(event.point) >= 0 ? "pointer" : "";
      });
      map.on("moveend", () => gridmapPage.remember());
      map.once("idle", () => document.documentElement.classList.add("gridmap-ready"));
      window.addEventListener("beforeprint", () => this.toPaper());
      window.addEventListener("afterprint", () => this.fromPaper());
    }

    camera() {
      return { zoom: this.map.getZoom(), center: this.map.getCenter().toArray() };
    }

    jump(camera) {
      this.map.jumpTo(camera);
    }

    resize() {
      this.map.resize();
    }

    // Returns the venue nearest to a point of the screen, -1 when there is none under a finger.
    venueAt(point) {
      if (!this.map.getLayer("signs")) return -1;
      const box = [[point.x - REACH, point.y - REACH], [point.x + REACH, point.y + REACH]];
      const away = (found) => {
        const at = this.map.project(found.geometry.coordinates);
        return Math.hypot(at.x - point.x, at.y - point.y);
      };
      const found = this.map.queryRenderedFeatures(box, { layers: ["chosen", "signs", "dots"] }).sort((a, b) => away(a) - away(b));
      return found.length ? found[0].properties.at : -1;
    }

    click(event) {
      if (this.asking) return this.answer(event.lngLat.toArray());
      const position = this.venueAt(event.point);
      return position >= 0 || view.chosen >= 0 ? acts.choose(position, "map") : null;
    }

    // Asks for a place on the map: by a click anywhere, or without a mouse by moving the map under the cross.
    ask() {
      const box = document.getElementById("gridmap-ask");
      const close = () => this.stopAsking();
      const middle = make("button", { type: "button", text: panel.say("public_pick_middle"), click: () => this.answer(this.map.getCenter().toArray()) });
      const stop = make("button", { type: "button", class: "plain", text: panel.say("public_pick_stop"), click: close });
      box.replaceChildren(make("p", { text: panel.say("public_pick_ask") }), make("div", { class: "buttons" }, middle, stop));
      box.hidden = false;
      this.asking = true;
      document.documentElement.classList.add("asking");
      document.documentElement.classList.remove("list-only");
      this.map.resize();
      middle.focus();
    }

    stopAsking() {
      document.getElementById("gridmap-ask").hidden = true;
      document.documentElement.classList.remove("asking");
      this.asking = false;
      panel.pick.focus();
    }

    answer(place) {
      this.stopAsking();
      acts.setHere(place, "map");
    }

    showVenues() {
      const source = this.map.getSource("venues");
      if (source) source.setData(gridmapPage.venueData(view));
    }

    showChosen(from) {
      const venue = view.model.venues[view.chosen];
      const kinds = venue ? gridmapPage.kindsShown(view, venue) : [];
      const [kind] = kinds.length ? kinds : [view.model.categories.length];
      const alone = { ...view, shown: venue ? [{ venue, kind }] : [] };
      this.map.getSource("chosen").setData(gridmapPage.venueData(alone));
      this.map.getSource("circle").setData(gridmapPage.circleData(venue));
      if (venue && from === "list") this.show(venue);
    }

    // Moves the map so that a venue and the walk around it are seen beside the card.
    show(venue) {
      const options = { padding: this.padding(), maxZoom: CLOSE, animate: !calm, duration: 500 };
      const box = venue.hasCircle ? venue.box : [...venue.place, ...venue.place];
      this.map.fitBounds([box.slice(0, 2), box.slice(2)], options);
    }

    // Returns how far from each edge of the map something must lie to be seen beside the card.
    padding() {
      const frame = this.map.getContainer().getBoundingClientRect();
      const card = document.getElementById("gridmap-card").getBoundingClientRect();
      const beside = card.width && card.top < frame.bottom - EDGE && card.width < frame.width / 2;
      return { top: EDGE, right: EDGE, bottom: EDGE, left: beside ? card.right - frame.left + EDGE : EDGE };
    }

    showHere(from) {
      if (!view.here) {
        this.pin.remove();
        return;
      }
      this.pin.setLngLat(view.here).addTo(this.map);
      if (from === "map") return;
      const box = view.shown.reduce((all, { venue }) => all.extend(venue.place), new maplibregl.LngLatBounds(view.here, view.here));
      this.map.fitBounds(box, { padding: 70, maxZoom: CLOSE, animate: !calm, duration: 500 });
    }

    name() {
      const say = (code) => panel.say(code);
      const canvas = this.map.getCanvas();
      canvas.setAttribute("aria-label", say("public_map_label"));
      for (const [sign, code] of [["in", "public_zoom_in"], ["out", "public_zoom_out"]]) {
        const button = this.map.getContainer().querySelector(`.maplibregl-ctrl-zoom-${sign}`);
        button.title = say(code);
        button.setAttribute("aria-label", say(code));
      }
      this.pin.getElement().setAttribute("aria-label", say("public_pin"));
      if (!this.basemap) return;
      this.basemap.name();
      document.getElementById("gridmap-told").append(this.basemap.told);
    }

    // A sheet of paper is narrower than a screen: the same part of the map is drawn at the size that it has there, and kept as a picture.
    toPaper() {
      const seen = this.map.getBounds();
      this.onScreen = this.camera();
      document.documentElement.classList.add("printing");
      this.map.resize();
      this.map.fitBounds(seen, { animate: false, padding: 0 });
      this.map.redraw();
      // Read in the same breath: the browser forgets what was drawn as soon as it is on the screen.
      this.picture = make("img", { class: "on-paper", alt: panel.say("public_map_label"), src: this.map.getCanvas().toDataURL("image/png") });
      this.map.getContainer().append(this.picture);
      panel.length = Infinity;
      panel.showList();
    }

    fromPaper() {
      this.picture.remove();
      document.documentElement.classList.remove("printing");
      this.map.resize();
      this.map.jumpTo(this.onScreen);
      panel.length = 60;
      panel.showList();
    }
  }

  const pinElement = () => {
    const svg = makeSvg("svg", { width: 40, height: 50, viewBox: "0 0 40 50", "aria-hidden": "true" });
    svg.append(
      makeSvg("path", { d: "M20 1A18 18 0 0 0 2 19c0 13 18 30 18 30s18-17 18-30A18 18 0 0 0 20 1z", fill: "#111111", stroke: "#ffffff", "stroke-width": 2 }),
      makeSvg("circle", { cx: 20, cy: 19, r: 8, fill: "#ffd23f" }),
    );
    return make("div", { class: "pin", role: "img" }, svg);
  };

  gridmapPage.drawnMap = canDraw() ? new PublicMap(document.getElementById("gridmap-map")) : null;
  gridmapPage.attach(gridmapPage.drawnMap);
}
