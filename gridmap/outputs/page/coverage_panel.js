"use strict";
// The panel beside the map of coverage: the limit, the categories to choose from, what is chosen, the gaps as a list, and what the colours mean.
{
  const { make, makeSvg, fill, number, bandOf, bands } = gridmapPage;
  const GAPS = 25;
  // In the order of REASONS in coverage.py.
  const REASONS = ["map_circle_too_far", "map_circle_island", "map_circle_no_street", "map_circle_walled", "map_circle_no_venue"];

  gridmapPage.CoveragePanel = class {
    // actions: category(number), building(number), venue(number), speak(language), whole()
    constructor(root, view, actions) {
      this.root = root;
      this.view = view;
      this.actions = actions;
      this.gaps = GAPS;
    }

    text(code, words = {}) {
      return fill(this.view.texts[this.view.language][code], words);
    }

    render() {
      this.card = make("section", { class: "card", "aria-live": "polite", tabindex: "-1" });
      this.root.replaceChildren(this._head(), this.card, this._categories(), this._legend(), this._gaps(), this._venues(), this._foot());
      this.renderCard();
    }

    _head() {
      const { view } = this;
      const languages = make("div", { class: "languages", role: "group", "aria-label": "语言 / Language" });
      for (const [code, name] of [["zh", "中文"], ["en", "English"]]) {
        const pressed = String(code === view.language);
        languages.append(make("button", { type: "button", text: name, lang: code, "aria-pressed": pressed, click: () => this.actions.speak(code) }));
      }
      const limit = this.text(view.limit.flat ? "map_circle_flat" : "map_circle_limit", view.limit);
      return make("header", {}, languages, make("h1", { text: view.district || this.text("map_circle_title") }), make("p", { class: "plan-name", text: limit }));
    }

    _categories() {
      const { view } = this;
      const list = make("div", { class: "categories", role: "radiogroup", "aria-label": this.text("map_circle_categories") });
      view.categories.forEach((category, i) => {
        const share = category.households ? category.covered / category.households : 0;
        const percent = category.households ? `${(100 * share).toFixed(1)} %` : "—";
        const bar = makeSvg("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", class: "share", "aria-hidden": "true" });
        bar.append(makeSvg("rect", { x: 0, y: 0, width: 100, height: 6, fill: "#ecd9c6" }), makeSvg("rect", { x: 0, y: 0, width: 100 * share, height: 6, fill: "#2b8073" }));
        const input = make("input", { type: "radio", name: "gridmap-category", id: `gridmap-category-${i}`, checked: i === view.category });
        input.addEventListener("change", () => this.actions.category(i));
        list.append(make("label", { for: `gridmap-category-${i}`, class: i === view.category ? "chosen" : "" }, input, make("span", { text: category[view.language] }), make("b", { text: percent }), bar));
      });
      return make("section", {}, make("h2", { text: this.text("map_circle_categories") }), list);
    }

    _legend() {
      const { view } = this;
      const per = view.limit.metres / view.limit.minutes;
      const steps = [0.5, 1, 1.5].map((share) => {
        const metres = Math.round(view.limit.metres * share);
        return view.limit.flat ? `${metres} m` : this.text("map_circle_minutes", { minutes: Number((metres / per).toFixed(1)) });
      });
      const words = [
        this.text("map_circle_within", { limit: steps[0] }),
        this.text("map_circle_within", { limit: steps[1] }),
        this.text("map_circle_over", { limit: steps[1] }),
        this.text("map_circle_over", { limit: steps[2] }),
        this.text("map_circle_unreached"),
      ];
      const sums = words.map(() => 0);
      for (const each of view.buildings) sums[bandOf(each.metres[view.category], view.limit.metres)] += each.households;
      const keys = make("div", { class: "bands" });
      words.forEach((text, i) => {
        const swatch = makeSvg("svg", { viewBox: "0 0 22 18", class: "swatch small", "aria-hidden": "true" });
        swatch.append(makeSvg("rect", { x: 1, y: 1, width: 20, height: 16, rx: 3, fill: bands[i] }));
        if (i === gridmapPage.OUT_OF_REACH) for (const x of [2, 9, 16]) swatch.append(makeSvg("line", { x1: x, y1: 17, x2: x + 5, y2: 1, stroke: "#ffffff", "stroke-width": 1.6 }));
        keys.append(swatch, make("span", { text }), make("b", { text: number(sums[i]) }));
      });
      return make("section", {}, make("h2", { text: this.text("map_circle_by_minutes") }), keys, make("p", { class: "note", text: this.text("map_circle_hint") }));
    }

    _gaps() {
      const { view } = this;
      const blind = view.buildings
        .map((each, i) => [each, i])
        .filter(([each]) => each.households && each.reason[view.category] >= 0)
        .sort(([one], [other]) => other.households - one.households);
      const list = make("div", { class: "results" });
      const show = (from, to) => {
        list.querySelector(".more")?.remove();
        for (const [each, i] of blind.slice(from, to)) list.append(this._gapButton(each, i));
        const left = blind.length - to;
        if (left > 0) list.append(make("button", { type: "button", class: "more", text: this.text("map_more", { count: Math.min(left, GAPS) }), click: () => show(to, to + GAPS) }));
      };
      show(0, GAPS);
      const households = blind.reduce((sum, [each]) => sum + each.households, 0);
      const about = blind.length ? this.text("map_circle_gaps_sum", { buildings: number(blind.length), households: number(households) }) : this.text("map_circle_no_gaps");
      return make("section", {}, make("h2", { text: this.text("map_circle_gaps") }), make("p", { class: "note", text: about }), list);
    }

    _gapButton(each, i) {
      const about = [each.compound, each.name || each.id].filter(Boolean).join(" · ");
      return make(
        "button",
        { type: "button", class: "row gap", click: () => this.actions.building(i, true) },
        make("span", { class: "row-label" }, make("span", { text: about }), make("small", { text: this.said(each, this.view.category) })),
        make("b", { text: this.text("map_circle_households", { count: number(each.households) }) }),
      );
    }

    // How far a building is from the nearest venue of a category, or why it cannot be told.
    said(each, category) {
      const { view } = this;
      const metres = each.metres[category];
      if (metres < 0) return this.text(REASONS[each.reason[category]]);
      const minutes = (metres / view.limit.speed).toFixed(1);
      const venue = view.venues[each.venue[category]];
      return this.text("map_circle_walk", { minutes, metres: number(Math.round(metres)), venue: venue ? venue.name : "" });
    }

    _venues() {
      const { view } = this;
      const body = make("div", { class: "results" });
      view.venues.forEach((venue, i) => {
        if (!venue.categories.includes(view.category)) return;
        body.append(make("button", { type: "button", class: "row", click: () => this.actions.venue(i, true) }, make("span", { class: "row-label", text: venue.name })));
      });
      if (!body.childElementCount) body.append(make("p", { class: "note", text: this.text("map_circle_no_venue") }));
      return make("section", {}, make("h2", { text: this.text("map_circle_venues") }), body);
    }

    renderCard() {
      const { view } = this;
      const close = make("button", { type: "button", class: "close", "aria-label": this.text("map_close"), text: "×", click: () => this.actions.building(-1, false) });
      if (view.building >= 0) this.card.replaceChildren(close, ...this._buildingCard(view.buildings[view.building]));
      else if (view.venue >= 0) this.card.replaceChildren(close, ...this._venueCard(view.venues[view.venue]));
      else this.card.replaceChildren();
      if (this.card.childElementCount) this.root.scrollTo({ top: 0 });
    }

    _buildingCard(each) {
      const { view } = this;
      const table = make("dl", { class: "walks" });
      view.categories.forEach((category, i) => {
        const swatch = makeSvg("svg", { viewBox: "0 0 12 12", class: "dot", "aria-hidden": "true" });
        swatch.append(makeSvg("circle", { cx: 6, cy: 6, r: 5, fill: bands[bandOf(each.metres[i], view.limit.metres)] }));
        table.append(make("dt", {}, swatch, make("span", { text: category[view.language] })), make("dd", { text: this.said(each, i) }));
      });
      const about = [each.compound, each.community].filter(Boolean).join(" · ");
      return [
        make("h2", { text: each.name || each.id }),
        make("p", { class: "amount", text: this.text("map_circle_households", { count: number(each.households) }) }),
        about && make("p", { class: "note", text: about }),
        table,
      ].filter(Boolean);
    }

    _venueCard(venue) {
      const { view } = this;
      const names = venue.categories.map((i) => view.categories[i][view.language]).join(view.language === "zh" ? "、" : ", ");
      const rings = venue.circles.length ? this.text("map_circle_rings", { minutes: view.rings.join(" / ") }) : this.text("map_circle_no_door");
      return [make("h2", { text: venue.name }), make("p", { text: names }), make("p", { class: "note", text: rings })];
    }

    _foot() {
      const { view } = this;
      const lines = [this.text("map_source", { district: view.district || this.text("map_own_data") }), this.text("map_rules", { rules: view.rules[view.language] })];
      return make(
        "footer",
        {},
        make("p", { class: "internal", text: this.text("map_internal") }),
        ...lines.map((text) => make("p", { text })),
        make("p", { class: "buttons" }, make("button", { type: "button", text: this.text("map_whole"), click: () => this.actions.whole() }), make("button", { type: "button", text: this.text("map_print"), click: () => window.print() })),
      );
    }
  };
}
