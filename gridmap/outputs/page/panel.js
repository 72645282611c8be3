"use strict";
// The panel beside the map: what the plan is, search, the chosen grid, findings, legend. Built anew when the language changes.
{
  const { make, makeSvg, fill, number, style } = gridmapPage;
  const RESULTS = 20;
  const FINDINGS = 30;
  const SEVERITIES = { error: "map_error", warning: "map_warning", info: "map_info" };
  const STATES = { below: "map_below", above: "map_above" };
  const LAYERS = {
    grids: "map_layer_grids",
    buildings: "map_layer_buildings",
    streets: "map_layer_streets",
    barriers: "map_layer_barriers",
    communities: "map_layer_communities",
    venues: "map_layer_venues",
    findings: "map_layer_findings",
  };

  gridmapPage.Panel = class {
    // actions: choose(grid position or -1), show(finding), toggle(layer, shown), speak(language), whole()
    constructor(root, view, actions) {
      this.root = root;
      this.view = view;
      this.actions = actions;
      this.query = "";
      this.open = { list: false };
      this.listed = { error: FINDINGS, warning: FINDINGS, info: 0 };
    }

    text(code, words = {}) {
      return fill(this.view.texts[this.view.language][code], words);
    }

    render() {
      this.card = make("section", { class: "card", "aria-live": "polite", tabindex: "-1" });
      this.results = make("div", { class: "results" });
      this.root.replaceChildren(this._head(), this.card, this._figures(), this._search(), this._findings(), this._legend(), this._list(), this._foot());
      this._fillResults();
    }

    _head() {
      const { plan, language } = this.view;
      const languages = make("div", { class: "languages", role: "group", "aria-label": "语言 / Language" });
      for (const [code, name] of [["zh", "中文"], ["en", "English"]]) {
        const pressed = String(code === language);
        languages.append(make("button", { type: "button", text: name, lang: code, "aria-pressed": pressed, click: () => this.actions.speak(code) }));
      }
      return make(
        "header",
        {},
        languages,
        make("h1", { text: plan.district || this.text("map_title") }),
        make("p", { class: "plan-name", text: this.text("map_plan", { plan: plan.name }) }),
      );
    }

    _figures() {
      const { grids, plan } = this.view;
      const ordinary = grids.filter((grid) => !grid.dedicated);
      const inside = ordinary.filter((grid) => grid.state === "inside").length;
      const sum = (column) => grids.reduce((total, grid) => total + grid[column], 0);
      const figure = (value, label, kind) => make("div", { class: `figure ${kind}` }, make("b", { text: value }), make("span", { text: label }));
      const section = make(
        "section",
        {},
        make(
          "div",
          { class: "figures" },
          figure(number(grids.length), this.text("map_grids"), ""),
          figure(this.text("map_of", { part: number(inside), whole: number(ordinary.length) }), this.text("map_inside"), inside < ordinary.length ? "wrong" : "right"),
          figure((sum("estimated") ? "≈" : "") + number(sum("households")), this.text("map_households"), ""),
        ),
        this._spread(ordinary),
        make("p", { class: "bounds", text: this.text("map_bounds", plan) }),
      );
      for (const [column, code] of [["estimated", "map_estimated_note"], ["missing", "map_missing_note"]]) {
        if (sum(column)) section.append(make("p", { class: "note", text: this.text(code, { count: number(sum(column)) }) }));
      }
      return section;
    }

    // How many grids have how many households; grids far out are counted at the ends.
    _spread(ordinary) {
      const { minimum, maximum, target } = this.view.plan;
      // Five columns within the bounds, so that none is half inside and half outside.
      const step = (maximum - minimum + 1) / 5;
      const start = minimum - Math.min(8, Math.ceil(minimum / step)) * step;
      const count = Math.round((maximum + 1 + 8 * step - start) / step);
      const bars = new Array(count).fill(0);
      for (const grid of ordinary) bars[Math.max(0, Math.min(count - 1, Math.floor((grid.households - start) / step + 1e-9)))] += 1;
      const [width, height] = [320, 64];
      const across = (households) => ((households - start) / (step * count)) * width;
      const svg = makeSvg("svg", { viewBox: `0 0 ${width} ${height + 18}`, class: "spread", role: "img", "aria-label": this.text("map_spread") });
      svg.append(makeSvg("rect", { x: across(minimum), y: 0, width: across(maximum + 1) - across(minimum), height, class: "allowed" }));
      const tallest = Math.max(1, ...bars);
      bars.forEach((bar, i) => {
        const from = start + i * step;
        const middle = from + step / 2;
        const kind = middle < minimum ? "below" : middle > maximum ? "above" : "inside";
        const tall = (bar / tallest) * (height - 6);
        if (bar) svg.append(makeSvg("rect", { x: across(from) + 0.75, y: height - tall, width: width / count - 1.5, height: tall, class: kind }));
      });
      svg.append(makeSvg("line", { x1: 0, x2: width, y1: height, y2: height, class: "axis" }));
      for (const [households, anchor] of [[minimum, "end"], [maximum, "start"]]) {
        svg.append(makeSvg("text", { x: across(households), y: height + 14, "text-anchor": anchor, text: households }));
      }
      svg.append(makeSvg("text", { x: across(target), y: height + 14, "text-anchor": "middle", class: "target", text: target }));
      return svg;
    }

    _search() {
      const label = this.text("map_search");
      const input = make("input", { type: "search", id: "gridmap-search", placeholder: label, "aria-label": label, autocomplete: "off", value: this.query });
      input.addEventListener("input", () => {
        this.query = input.value;
        this._fillResults();
      });
      input.addEventListener("keydown", (event) => {
        const first = this._found()[0];
        if (event.key === "Enter" && first) this.actions.choose(first.position, true);
      });
      return make("section", { role: "search" }, input, this.results);
    }

    _found() {
      const wanted = this.query.trim().toLowerCase();
      return wanted ? this.view.grids.filter((grid) => grid.search.includes(wanted)) : [];
    }

    _fillResults() {
      const found = this._found();
      this.results.replaceChildren(...found.slice(0, RESULTS).map((grid) => this._gridButton(grid)));
      if (this.query.trim() && !found.length) this.results.append(make("p", { class: "note", text: this.text("map_search_none") }));
      if (found.length > RESULTS) {
        this.results.append(make("p", { class: "note", text: this.text("map_search_more", { count: found.length - RESULTS }) }));
      }
    }

    _gridButton(grid) {
      const about = [grid.code || grid.id, grid.name, grid.community_name].filter(Boolean).join(" · ");
      return make(
        "button",
        { type: "button", class: `row ${grid.state}`, click: () => this.actions.choose(grid.position, true) },
        make("span", { class: "row-label", text: about }),
        make("b", { text: grid.sign + grid.text }),
      );
    }

    // What is known about the chosen grid, or nothing.
    showGrid(grid) {
      const { plan } = this.view;
      const words = { households: grid.households_text, target: plan.target };
      const states = {
        inside: ["map_state_inside", {}],
        below: ["map_state_below", { count: plan.minimum - grid.households }],
        above: ["map_state_above", { count: grid.households - plan.maximum }],
        dedicated: ["map_state_dedicated", {}],
      };
      const facts = [
        ["map_code", grid.code],
        ["map_name", grid.name],
        ["map_community", grid.community_name || grid.community],
        ["map_worker", grid.worker],
        ["map_buildings", number(grid.buildings)],
        ["map_buildings_estimated", grid.estimated ? number(grid.estimated) : ""],
        ["map_buildings_missing", grid.missing ? number(grid.missing) : ""],
        ["map_id", grid.id],
      ];
      const table = make("dl", {});
      for (const [code, value] of facts) if (value) table.append(make("dt", { text: this.text(code) }), make("dd", { text: value }));
      this._showCard(
        make("h2", { text: this.text("map_grid", { label: grid.label }) }),
        make("p", { class: "amount", text: this.text(grid.dedicated ? "map_households_only" : "map_households_of_target", words) }),
        make("p", { class: `state ${grid.state}`, text: grid.sign + this.text(...states[grid.state]) }),
        table,
        ...this.view.findings.filter((finding) => finding.grid === grid.position).map((finding) => this._findingText(finding)),
      );
    }

    showFindings(findings) {
      this._showCard(make("h2", { text: this.text("map_findings_here") }), ...findings.slice(0, FINDINGS).map((finding) => this._findingText(finding)));
    }

    showVenue(venue) {
      this._showCard(make("h2", { text: venue.name }), make("p", { text: venue[this.view.language] }));
    }

    hideCard() {
      this.card.replaceChildren();
    }

    _showCard(...children) {
      const close = make("button", { type: "button", class: "close", "aria-label": this.text("map_close"), text: "×", click: () => this.actions.choose(-1, false) });
      this.card.replaceChildren(close, ...children);
      this.root.scrollTo({ top: 0 });
    }

    _findingText(finding) {
      return make("p", { class: `finding-text ${finding.severity}`, text: finding[this.view.language] });
    }

    _findings() {
      const { findings } = this.view;
      const section = make("section", {}, make("h2", { text: this.text("map_findings") }));
      if (!findings.length) section.append(make("p", { class: "note", text: this.text("map_findings_none") }));
      for (const severity of Object.keys(SEVERITIES)) {
        const some = findings.filter((finding) => finding.severity === severity);
        if (some.length) section.append(this._findingGroup(severity, some));
      }
      return section;
    }

    _findingGroup(severity, some) {
      const list = make("div", { class: "finding-list" });
      const details = make("details", { open: this.listed[severity] > 0 }, make("summary", { text: `${this.text(SEVERITIES[severity])} ${number(some.length)}` }), list);
      let shown = 0;
      const showMore = () => {
        list.querySelector(".more")?.remove();
        const next = some.slice(shown, shown + FINDINGS);
        list.append(
          ...next.map((finding) =>
            make("button", { type: "button", class: `finding ${severity}`, text: finding[this.view.language], click: () => this.actions.show(finding) }),
          ),
        );
        shown += next.length;
        const left = some.length - shown;
        if (left) list.append(make("button", { type: "button", class: "more", text: this.text("map_more", { count: Math.min(left, FINDINGS) }), click: showMore }));
      };
      showMore();
      return details;
    }

    _legend() {
      const section = make("section", { class: "legend" }, make("h2", { text: this.text("map_layers") }));
      for (const [layer, code] of Object.entries(LAYERS)) {
        const has = { streets: this.view.streets, barriers: this.view.barriers, venues: this.view.venues, findings: this.view.findings }[layer];
        if (has && !has.length) continue;
        const box = make("input", { type: "checkbox", id: `gridmap-layer-${layer}`, checked: this.view.shown[layer] });
        box.addEventListener("change", () => this.actions.toggle(layer, box.checked));
        const label = make("label", { for: `gridmap-layer-${layer}` }, box, this._swatch(layer), make("span", { text: this.text(code) }));
        section.append(label);
        if (layer === "grids") section.append(this._stateKeys());
        if (layer === "buildings") section.append(this._buildingKeys());
      }
      return section;
    }

    _stateKeys() {
      const keys = make("div", { class: "keys" });
      for (const [state, code] of Object.entries(STATES)) {
        const swatch = makeSvg("svg", { viewBox: "0 0 30 18", class: "swatch" });
        const slope = state === "above" ? [18, 0] : [0, 18];
        for (const x of [-10, 0, 10, 20]) {
          swatch.append(makeSvg("line", { x1: x, y1: slope[0], x2: x + 18, y2: slope[1], stroke: style[state], "stroke-width": 2, "stroke-opacity": 0.6 }));
        }
        swatch.append(makeSvg("rect", { x: 1, y: 1, width: 28, height: 16, fill: "none", stroke: style[state], "stroke-width": 2.5 }));
        keys.append(make("div", { class: `key ${state}` }, swatch, make("span", { text: this.text(code) })));
      }
      return keys;
    }

    _buildingKeys() {
      const { buildingSteps: steps, buildings: colours } = style;
      const keys = make("div", { class: "keys buildings" });
      const key = (colour, text, dash) => {
        const swatch = makeSvg("svg", { viewBox: "0 0 18 18", class: "swatch small" });
        swatch.append(makeSvg("rect", { x: 1, y: 1, width: 16, height: 16, fill: colour, stroke: style.buildingEdge, "stroke-dasharray": dash ? "3 2" : "none" }));
        keys.append(make("div", { class: "key" }, swatch, make("span", { text })));
      };
      steps.forEach((from, i) => {
        const next = steps[i + 1];
        key(colours[i], next === undefined ? `≥ ${from}` : next - 1 > from ? `${from}–${next - 1}` : String(from), false);
      });
      key(style.buildingUnknown, this.text("map_unknown"), true);
      return keys;
    }

    _swatch(layer) {
      const svg = makeSvg("svg", { viewBox: "0 0 30 18", class: "swatch", "aria-hidden": "true" });
      const rect = (x, y, width, height, fillColour, stroke) => makeSvg("rect", { x, y, width, height, fill: fillColour, stroke: stroke || "none" });
      const line = (colour, width, dash) =>
        makeSvg("line", { x1: 1, y1: 9, x2: 29, y2: 9, stroke: colour, "stroke-width": width, "stroke-dasharray": dash || "none" });
      const draw = {
        grids: () => [0, 1, 2].map((i) => rect(1 + i * 9.5, 1, 9, 16, style.grids[i], style.gridBorder)),
        buildings: () => [rect(3, 4, 10, 10, style.buildings[2], style.buildingEdge), rect(17, 4, 10, 10, style.buildings[4], style.buildingEdge)],
        streets: () => [line(style.streetEdge, 9), line("#ffffff", 7)],
        barriers: () => [rect(0, 0, 30, 9, style.water), makeSvg("line", { x1: 1, y1: 14, x2: 29, y2: 14, stroke: style.railway, "stroke-width": 3, "stroke-dasharray": "6 3" })],
        venues: () => [makeSvg("circle", { cx: 15, cy: 9, r: 5, fill: "#ffffff", stroke: style.venue, "stroke-width": 3 })],
        communities: () => [line(style.communityBorder, 3)],
        findings: () => [makeSvg("path", { d: "M8 1 L16 16 L0 16 Z", fill: style.error }), makeSvg("circle", { cx: 23, cy: 9, r: 7, fill: style.warning })],
      };
      svg.append(...draw[layer]());
      return svg;
    }

    // Everything that the map says in a list, for those who do not see or use the map.
    _list() {
      const body = make("div", { class: "results" });
      const details = make("details", {}, make("summary", { text: this.text("map_all_grids") }), body);
      details.addEventListener("toggle", () => {
        this.open.list = details.open;
        if (details.open && !body.childElementCount) body.append(...this.view.grids.map((grid) => this._gridButton(grid)));
      });
      details.open = this.open.list;
      return make("section", {}, details);
    }

    _foot() {
      const { plan, language } = this.view;
      const lines = [
        this.text("map_source", { district: plan.district || this.text("map_own_data") }),
        this.text("map_made", { date: plan.made_at.slice(0, 16).replace("T", " "), author: plan.author || "—" }),
        this.text("map_rules", { rules: plan.rules[language] }),
      ];
      return make(
        "footer",
        {},
        make("p", { class: "internal", text: this.text("map_internal") }),
        ...lines.map((text) => make("p", { text })),
        make(
          "p",
          { class: "buttons" },
          make("button", { type: "button", text: this.text("map_whole"), click: () => this.actions.whole() }),
          make("button", { type: "button", text: this.text("map_print"), click: () => window.print() }),
        ),
      );
    }
  };
}
