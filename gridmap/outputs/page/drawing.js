"use strict";
// Draws everything on one canvas. Leaflet moves and scales it while the user pans and zooms; it is drawn anew when the move ends.
{
  const { style, meet } = gridmapPage;
  const EARTH_ROUND_M = 40075016.686;
  // Closer than this many metres to a pixel, buildings and small streets are drawn; still closer their numbers too.
  const BUILDINGS_M = 1.3;
  const NUMBERS_M = 0.32;
  const LANES_M = 2.5;
  // The size of a finding's mark in pixels, and how near to one another findings share one, close up and from afar.
  const MARK = 22;
  const SHARED = [44, 88];

  const shapesOf = (things) => things.map((each) => each.shape);

  gridmapPage.PlanLayer = L.Renderer.extend({
    initialize(view) {
      L.Renderer.prototype.initialize.call(this, { padding: 0.15 });
      this.view = view;
      this.marks = [];
    },

    _initContainer() {
      this._container = gridmapPage.make("canvas", { "aria-hidden": "true" });
      this._brush = this._container.getContext("2d");
      this._patterns = { below: this._hatch(style.below, 1), above: this._hatch(style.above, -1) };
    },

    _destroyContainer() {
      this._container.remove();
      this._container = null;
    },

    // Diagonal lines, rising for too many households and falling for too few, so that the two differ without colour.
    _hatch(colour, direction) {
      const tile = gridmapPage.make("canvas", { width: 10, height: 10 });
      const brush = tile.getContext("2d");
      brush.strokeStyle = colour;
      brush.lineWidth = 2;
      brush.globalAlpha = 0.6;
      for (const shift of [-10, 0, 10]) {
        brush.beginPath();
        brush.moveTo(shift - 2, direction > 0 ? -2 : 12);
        brush.lineTo(shift + 12, direction > 0 ? 12 : -2);
        brush.stroke();
      }
      return this._brush.createPattern(tile, "repeat");
    },

    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize();
      const ratio = Math.min(window.devicePixelRatio || 1, 3);
      L.DomUtil.setPosition(this._container, this._bounds.min);
      this._container.width = size.x * ratio;
      this._container.height = size.y * ratio;
      this._container.style.width = `${size.x}px`;
      this._container.style.height = `${size.y}px`;
      this._brush.setTransform(ratio, 0, 0, ratio, 0, 0);
      this._measure(size);
      this._draw(size);
    },

    redraw() {
      if (this._map) this._update();
    },

    // Works out how places become pixels of the canvas, and which part of the world it shows.
    _measure(size) {
      const scale = 256 * 2 ** this._map.getZoom();
      const corner = this._map.getPixelOrigin().add(this._bounds.min);
      const latitude = (this._map.getCenter().lat * Math.PI) / 180;
      this.scale = scale;
      this.corner = corner;
      this.metres = (EARTH_ROUND_M * Math.cos(latitude)) / scale;
      this.box = [corner.x / scale, corner.y / scale, (corner.x + size.x) / scale, (corner.y + size.y) / scale];
    },

    pixel(place) {
      return [place[0] * this.scale - this.corner.x, place[1] * this.scale - this.corner.y];
    },

    // The pixel of the canvas at a pixel of the map's frame, for clicks.
    pixelAt(point) {
      const inside = this._map.containerPointToLayerPoint(point).subtract(this._bounds.min);
      return [inside.x, inside.y];
    },

    _trace(shape, closed) {
      const { _brush: brush, scale, corner } = this;
      for (const part of shape.parts) {
        brush.moveTo(part[0] * scale - corner.x, part[1] * scale - corner.y);
        for (let i = 2; i < part.length; i += 2) brush.lineTo(part[i] * scale - corner.x, part[i + 1] * scale - corner.y);
        if (closed) brush.closePath();
      }
    },

    // Fills the shapes in sight.
    _areas(shapes, colour) {
      this._brush.beginPath();
      for (const shape of shapes) if (meet(shape.box, this.box)) this._trace(shape, true);
      this._fill(colour);
    },

    // Draws the outlines or lines of the shapes in sight; one by one, for a path of thousands of pieces takes much longer than they do.
    _lines(shapes, closed, colour, width, dash = []) {
      for (const shape of shapes) {
        if (!meet(shape.box, this.box)) continue;
        this._brush.beginPath();
        this._trace(shape, closed);
        this._stroke(colour, width, dash);
      }
    },

    _stroke(colour, width, dash = []) {
      this._brush.strokeStyle = colour;
      this._brush.lineWidth = width;
      this._brush.setLineDash(dash);
      this._brush.stroke();
    },

    _fill(colour) {
      this._brush.fillStyle = colour;
      this._brush.fill("evenodd");
    },

    _draw(size) {
      const { _brush: brush, view } = this;
      brush.lineJoin = "round";
      brush.lineCap = "round";
      brush.fillStyle = style.paper;
      brush.fillRect(0, 0, size.x, size.y);
      this._areas(shapesOf(view.communities), style.land);
      if (view.shown.grids) this._drawGrids();
      if (view.shown.barriers) this._drawWater();
      if (view.shown.streets) this._drawStreets();
      if (view.shown.barriers) this._drawBarriers();
      if (view.shown.buildings && this.metres < BUILDINGS_M) this._drawBuildings();
      if (view.shown.grids) this._drawGridBorders();
      if (view.shown.communities) this._drawCommunityBorders();
      if (view.chosen >= 0) this._drawChosen();
      this.boxes = [];
      if (view.shown.venues) this._drawVenues();
      if (view.shown.communities) this._drawCommunityNames();
      if (view.shown.grids) this._drawLabels();
      if (view.shown.buildings && this.metres < NUMBERS_M) this._drawNumbers();
      this.marks = view.shown.findings ? this._drawMarks(size) : [];
    },

    _seen(things) {
      return things.filter((each) => meet(each.shape.box, this.box));
    },

    _drawGrids() {
      for (const grid of this._seen(this.view.grids)) {
        this._areas([grid.shape], grid.dedicated ? style.dedicated : style.grids[grid.colour % style.grids.length]);
        if (grid.state in this._patterns) this._fill(this._patterns[grid.state]);
      }
    },

    _drawGridBorders() {
      const seen = this._seen(this.view.grids);
      const near = this.metres < LANES_M;
      if (near) this._lines(shapesOf(seen), true, "rgba(255,255,255,0.75)", 3.5);
      this._lines(shapesOf(seen), true, style.gridBorder, near ? 1.4 : 0.8);
      for (const state of ["below", "above"]) {
        this._lines(shapesOf(seen.filter((grid) => grid.state === state)), true, style[state], near ? 2.5 : 1.6);
      }
    },

    _drawChosen() {
      const shapes = [this.view.grids[this.view.chosen].shape];
      this._lines(shapes, true, "#ffffff", 8);
      this._lines(shapes, true, style.chosen, 4);
    },

    _drawWater() {
      const water = this.view.barriers.filter((each) => each.kind === "river");
      this._areas(shapesOf(water.filter((each) => each.area)), style.water);
      this._lines(shapesOf(water.filter((each) => !each.area)), false, style.water, Math.max(2, 12 / this.metres));
    },

    // All edges first, then all middles, the small streets below the great: so crossings look like crossings.
    _drawStreets() {
      const near = Math.max(0.35, Math.min(1, 1.6 / this.metres));
      const kinds = this.metres < LANES_M ? ["path", "lane", "street", "arterial"] : ["street", "arterial"];
      for (const edge of [true, false]) {
        for (const kind of kinds) {
          const [thin, broad, colour] = style.streets[kind];
          const width = thin + (broad - thin) * near;
          const shapes = shapesOf(this.view.streets.filter((each) => each.kind === kind));
          if (kind === "path" && !edge) this._lines(shapes, false, style.streetEdge, width, [4, 4]);
          else if (kind !== "path") this._lines(shapes, false, edge ? style.streetEdge : colour, edge ? width + 1.6 : width);
        }
      }
    },

    _drawBarriers() {
      const of = (kind) => shapesOf(this.view.barriers.filter((each) => each.kind === kind && !each.area));
      this._lines(of("expressway"), false, style.expressway, 4);
      this._lines(of("railway"), false, style.railway, 3.5);
      this._lines(of("railway"), false, "#ffffff", 1.6, [7, 7]);
      if (this.metres < LANES_M) this._lines(of("wall"), false, style.wall, 1.4, [1, 4]);
      this._areas(shapesOf(this.view.barriers.filter((each) => each.kind !== "river" && each.area)), "rgba(75,75,75,0.35)");
    },

    _drawBuildings() {
      for (const each of this._seen(this.view.buildings)) {
        if (each.step >= 0) this._areas([each.shape], style.buildings[each.step]);
        this._lines([each.shape], true, style.buildingEdge, 0.9, each.estimated || each.step < 0 ? [3, 2] : []);
      }
    },

    _drawNumbers() {
      for (const each of this._seen(this.view.buildings)) {
        const text = each.households < 0 ? "?" : `${each.estimated ? "≈" : ""}${each.households}`;
        const [left, top, right, bottom] = each.shape.box;
        const place = this.pixel([(left + right) / 2, (top + bottom) / 2]);
        if ((right - left) * this.scale > 8 * text.length) this._write([[text, "12px", each.step >= 3 ? "#ffffff" : style.ink]], place, { halo: false });
      }
    },

    _drawCommunityBorders() {
      const shapes = shapesOf(this.view.communities);
      this._lines(shapes, true, "rgba(255,255,255,0.85)", 6);
      this._lines(shapes, true, style.communityBorder, 2.6);
    },

    _drawCommunityNames() {
      if (this.metres < 2.5 || this.view.communities.length < 2) return;
      for (const each of this._seen(this.view.communities)) {
        if (each.name && each.middle) this._write([[each.name, "600 14px", style.communityBorder]], this.pixel(each.middle));
      }
    },

    _drawVenues() {
      const near = this.metres < 1;
      for (const venue of this.view.venues) {
        if (!venue.place) continue;
        const [x, y] = this.pixel(venue.place);
        this._brush.beginPath();
        this._brush.arc(x, y, near ? 6 : 3.5, 0, 2 * Math.PI);
        this._fill("#ffffff");
        this._stroke(style.venue, near ? 3 : 2);
        if (near) this.boxes.push([x - 7, y - 7, x + 7, y + 7]);
      }
      if (near) for (const venue of this.view.venues) if (venue.place) this._writeBeside(venue.name, this.pixel(venue.place));
    },

    _writeBeside(name, [x, y]) {
      const text = name.length > 16 ? `${name.slice(0, 15)}…` : name;
      this._write([[text, "13px", style.venue]], [x, y + 17]);
    },

    // A grid's number and "households / target", as much of it as there is room for; grids out of bounds first.
    _drawLabels() {
      const seen = this._seen(this.view.grids).filter((grid) => grid.middle);
      const dedicated = this.view.texts[this.view.language].map_dedicated;
      const rank = (grid) => (grid.state === "below" || grid.state === "above" ? 1e9 : 0) + grid.radius;
      for (const grid of seen.sort((one, other) => rank(other) - rank(one))) {
        const room = grid.radius / this.metres;
        const wrong = grid.state === "below" || grid.state === "above";
        const place = this.pixel(grid.middle);
        const colour = wrong ? style[grid.state] : style.ink;
        const whole = [[grid.label, "12px", "#45423d"], [grid.sign + (grid.dedicated ? dedicated : grid.text), "700 15px", colour]];
        if (room > 26 && this._write(whole, place)) continue;
        if (room > 8 && !grid.dedicated && this._write([[grid.sign + grid.households_text, "700 13px", colour]], place)) continue;
        if (wrong) this._write([[grid.sign, "700 12px", colour]], place);
      }
    },

    // Writes lines centred at a place and tells whether there was room beside what stands there already.
    _write(lines, [x, y], { halo = true } = {}) {
      const { _brush: brush } = this;
      const heights = lines.map(([, font]) => parseInt(font.match(/(\d+)px/)[1], 10) + 3);
      let width = 0;
      for (const [text, font] of lines) {
        brush.font = `${font} ${style.font}`;
        width = Math.max(width, brush.measureText(text).width);
      }
      const height = heights.reduce((sum, each) => sum + each, 0);
      const box = [x - width / 2 - 2, y - height / 2 - 1, x + width / 2 + 2, y + height / 2 + 1];
      if (this.boxes.some((other) => meet(box, other))) return false;
      this.boxes.push(box);
      brush.textAlign = "center";
      brush.textBaseline = "middle";
      let top = y - height / 2;
      lines.forEach(([text, font, colour], line) => {
        brush.font = `${font} ${style.font}`;
        brush.fillStyle = colour;
        if (halo) {
          brush.setLineDash([]);
          brush.lineWidth = 4;
          brush.strokeStyle = "rgba(255,255,255,0.9)";
          brush.strokeText(text, x, top + heights[line] / 2);
        }
        brush.fillText(text, x, top + heights[line] / 2);
        top += heights[line];
      });
      return true;
    },

    // Findings close to one another share a mark with their number.
    _drawMarks(size) {
      const places = new Map();
      const reach = SHARED[this.metres > LANES_M ? 1 : 0];
      for (const finding of this.view.findings) {
        if (!finding.place || finding.severity === "info") continue;
        const [x, y] = this.pixel(finding.place);
        if (x < 0 || y < 0 || x > size.x || y > size.y) continue;
        const key = `${Math.floor(x / reach)} ${Math.floor(y / reach)}`;
        const mark = places.get(key) || { x: 0, y: 0, findings: [], severity: "warning" };
        mark.x += x;
        mark.y += y;
        mark.findings.push(finding);
        if (finding.severity === "error") mark.severity = "error";
        places.set(key, mark);
      }
      const marks = [...places.values()];
      for (const mark of marks) {
        mark.x /= mark.findings.length;
        // Above the place, so that the label of a grid stays free.
        mark.y = mark.y / mark.findings.length - MARK - 10;
        this._drawMark(mark);
      }
      return marks;
    },

    _drawMark({ x, y, severity, findings }) {
      const { _brush: brush } = this;
      brush.beginPath();
      if (severity === "error") {
        brush.moveTo(x, y - MARK / 2 - 2);
        brush.lineTo(x + MARK / 2 + 2, y + MARK / 2);
        brush.lineTo(x - MARK / 2 - 2, y + MARK / 2);
        brush.closePath();
      } else {
        brush.arc(x, y, MARK / 2, 0, 2 * Math.PI);
      }
      this._stroke("#ffffff", 4);
      this._fill(style[severity]);
      const ink = severity === "error" ? "#ffffff" : style.ink;
      brush.textAlign = "center";
      brush.textBaseline = "middle";
      brush.font = `700 14px ${style.font}`;
      brush.fillStyle = ink;
      brush.fillText("!", x, y + (severity === "error" ? 3 : 1));
      if (findings.length > 1) {
        brush.font = `700 12px ${style.font}`;
        brush.lineWidth = 4;
        brush.strokeStyle = "#ffffff";
        brush.strokeText(`×${findings.length}`, x + MARK, y);
        brush.fillStyle = style.ink;
        brush.fillText(`×${findings.length}`, x + MARK, y);
      }
    },

    isNear(place, [x, y], reach) {
      const [px, py] = this.pixel(place);
      return Math.hypot(px - x, py - y) < reach;
    },

    markAt([x, y]) {
      return this.marks.find((mark) => Math.hypot(mark.x - x, mark.y - y) < MARK * 0.8) || null;
    },
  });
}
