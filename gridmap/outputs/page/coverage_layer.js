"use strict";
// Draws buildings by the minutes that people walk from them to the nearest venue of one category, and circles around a venue.
{
  const { style, meet } = gridmapPage;
  const NEAR_M = 4;
  // Covered buildings are blue-green, darker the nearer; those that are not are orange and red, so that the limit is the sharpest step; those that
  // can reach nothing are hatched, which needs no colour to be seen.
  gridmapPage.bands = ["#0b5d57", "#4fa899", "#f2b66d", "#c8562b", "#5a5560"];
  gridmapPage.OUT_OF_REACH = 4;

  // From halves of the limit: within half, within it, half more, farther, nothing within reach.
  gridmapPage.bandOf = (metres, limit) => (metres < 0 ? 4 : metres <= limit / 2 ? 0 : metres <= limit ? 1 : metres <= limit * 1.5 ? 2 : 3);

  gridmapPage.CoverageLayer = gridmapPage.PlanLayer.extend({
    _draw(size) {
      const { _brush: brush, view } = this;
      brush.lineJoin = "round";
      brush.lineCap = "round";
      brush.fillStyle = style.paper;
      brush.fillRect(0, 0, size.x, size.y);
      this._areas(view.communities.map((each) => each.shape), style.land);
      this._drawWater();
      this._drawCircles();
      this._drawStreets();
      this._drawBarriers();
      this._drawMinutes();
      this._drawCommunityBorders();
      this._drawWay();
      this.boxes = [];
      this._drawServing();
      this._drawCommunityNames();
    },

    _drawCircles() {
      const { view } = this;
      const circles = view.venue >= 0 ? view.venues[view.venue].circles : [];
      [...circles].reverse().forEach((shape) => {
        this._areas([shape], "rgba(47, 107, 176, 0.13)");
        this._lines([shape], true, "#2f6bb0", 1.6);
      });
    },

    _drawMinutes() {
      const { view } = this;
      const edge = this.metres < NEAR_M ? "rgba(40, 34, 28, 0.55)" : "rgba(40, 34, 28, 0.25)";
      for (const each of view.buildings) {
        if (!meet(each.shape.box, this.box)) continue;
        // Nobody lives there, so it matters to nobody: drawn, but not coloured.
        if (!each.households) this._areas([each.shape], "#dedad2");
        else {
          const band = gridmapPage.bandOf(each.metres[view.category], view.limit.metres);
          this._areas([each.shape], gridmapPage.bands[band]);
          if (band === gridmapPage.OUT_OF_REACH) this._fill(this._nothing || (this._nothing = this._hatch("#ffffff", 1)));
        }
        this._lines([each.shape], true, edge, 0.6);
      }
      if (view.building >= 0) {
        const shapes = [view.buildings[view.building].shape];
        this._lines(shapes, true, "#ffffff", 6);
        this._lines(shapes, true, style.chosen, 3);
      }
    },

    // A line from the chosen building to its venue shows which one it is; it is no way to walk.
    _drawWay() {
      const { view } = this;
      const home = view.buildings[view.building];
      const venue = home && view.venues[home.venue[view.category]];
      if (!venue || !venue.place) return;
      const [left, top, right, bottom] = home.shape.box;
      const ends = [this.pixel([(left + right) / 2, (top + bottom) / 2]), this.pixel(venue.place)];
      for (const [colour, width] of [["#ffffff", 5], [style.chosen, 2]]) {
        this._brush.beginPath();
        this._brush.moveTo(...ends[0]);
        this._brush.lineTo(...ends[1]);
        this._stroke(colour, width, [2, 7]);
      }
    },

    _drawServing() {
      const { view } = this;
      const near = this.metres < 1.2;
      view.venues.forEach((venue, i) => {
        if (!venue.place || !venue.categories.includes(view.category)) return;
        const [x, y] = this.pixel(venue.place);
        const size = i === view.venue ? 9 : 6.5;
        this._brush.beginPath();
        this._brush.arc(x, y, size, 0, 2 * Math.PI);
        this._fill("#ffffff");
        this._stroke(i === view.venue ? style.chosen : "#1b4f8a", 3.5);
        this._brush.beginPath();
        this._brush.arc(x, y, 2.2, 0, 2 * Math.PI);
        this._fill("#1b4f8a");
        this.boxes.push([x - size, y - size, x + size, y + size]);
      });
      view.venues.forEach((venue, i) => {
        const serves = venue.place && venue.categories.includes(view.category);
        if (serves && (near || i === view.venue)) this._writeBeside(venue.name, this.pixel(venue.place));
      });
    },
  });
}
