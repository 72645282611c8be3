"use strict";
// The panel beside the map: search, what can be reached from here, categories, the list. It says everything that the map shows.
{
  const { make, signSvg, mark, words } = gridmapPage;
  const AT_ONCE = 60;

  class Panel {
    constructor(root, view, acts) {
      this.root = root;
      this.view = view;
      this.acts = acts;
      this.length = AT_ONCE;
    }

    say(code, filled = {}) {
      return words(this.view.texts[this.view.language][code], filled);
    }

    render() {
      this.list = make("div", { class: "list" });
      this.heading = make("h2", { id: "gridmap-count", tabindex: "-1" });
      this.none = make("p", { class: "note" });
      this.hereState = make("p", { class: "here-state", role: "status" });
      this.root.replaceChildren(
        this.head(),
        this.searchBox(),
        this.hereBox(),
        this.switches(),
        make("section", { class: "venues", "aria-labelledby": "gridmap-count" }, this.heading, this.none, this.list),
        this.foot(),
      );
      this.showList();
    }

    head() {
      const { view } = this;
      const languages = ["zh", "en"].map((language) =>
        make("button", {
          type: "button",
          lang: language === "zh" ? "zh-CN" : "en",
          "aria-pressed": String(view.language === language),
          text: language === "zh" ? "中文" : "English",
          click: () => this.acts.speak(language),
        }),
      );
      return make(
        "header",
        {},
        make("div", { class: "languages", role: "group", "aria-label": "语言 Language" }, ...languages),
        make("h1", { text: this.title() }),
      );
    }

    title() {
      const { district } = this.view.model;
      return district ? this.say("public_title", { district }) : this.say("public_title_alone");
    }

    searchBox() {
      const input = make("input", { id: "gridmap-search", type: "search", autocomplete: "off", placeholder: this.say("public_search"), "aria-label": this.say("public_search") });
      input.value = this.view.query;
      input.addEventListener("input", () => this.acts.search(input.value));
      return make("section", { role: "search", class: "search" }, mark("search", 22), input);
    }

    hereBox() {
      const { minutes, metres, flat } = this.view.model.limit;
      const far = { minutes: String(minutes), metres: String(Math.round(metres)) };
      const button = (id, code, act) => make("button", { type: "button", id: `gridmap-${id}`, text: this.say(code), click: act });
      this.pick = button("pick", "public_here_pick", this.acts.pick);
      this.pick.hidden = !this.view.hasMap;
      this.clear = button("clear", "public_here_clear", this.acts.clearHere);
      this.clear.classList.add("plain");
      // Without circles there is nothing to reach yet: one line says so in place of the buttons.
      const { circles_pending: pending } = this.view.model;
      const told = pending ? "public_circles_pending" : flat ? "public_here_flat" : "public_here_note";
      const buttons = pending ? [] : [make("div", { class: "buttons" }, button("locate", "public_here_locate", this.acts.locate), this.pick, this.clear)];
      return make(
        "section",
        { class: "here", "aria-labelledby": "gridmap-here" },
        make("h2", { id: "gridmap-here" }, mark("here", 22), make("span", { text: this.say("public_here", far) })),
        this.ways(),
        ...buttons,
        this.hereState,
        make("p", { class: "note", text: this.say(told, far) }),
      );
    }

    // How fast one walks, where there is a choice.
    ways() {
      const { model } = this.view;
      if (model.limits.length < 2 || model.circles_pending) return "";
      const buttons = model.limits.map(({ walk }, way) =>
        make("button", { type: "button", "aria-pressed": String(way === model.way), text: this.say(`public_walk_${walk}`), click: () => this.acts.walk(way) }),
      );
      return make("div", { class: "ways", role: "group", "aria-label": this.say("public_walk") }, ...buttons);
    }

    switches() {
      const { view } = this;
      const counts = new Map();
      for (const venue of view.model.venues) for (const number of venue.categories) counts.set(number, (counts.get(number) || 0) + 1);
      const numbers = [...view.used].sort((a, b) => a - b);
      const boxes = numbers.map((number) => {
        const category = view.model.categories[number];
        const input = make("input", { type: "checkbox", id: `gridmap-category-${number}` });
        input.checked = view.on.has(number);
        input.addEventListener("change", () => this.acts.toggle(number, input.checked));
        const name = make("span", { class: "kind-name", text: category[view.language] });
        const count = make("span", { class: "kind-count", text: String(counts.get(number)) });
        return make("label", { class: "kind", for: input.id }, input, signSvg(category.sign, 28), name, count);
      });
      const all = make("button", { type: "button", class: "plain", text: this.say("public_all"), click: () => this.acts.toggleAll(true) });
      const nothing = make("button", { type: "button", class: "plain", text: this.say("public_nothing"), click: () => this.acts.toggleAll(false) });
      const title = make("h2", { id: "gridmap-kinds", text: this.say("public_categories") });
      return make(
        "section",
        { class: "kinds", role: "group", "aria-labelledby": "gridmap-kinds" },
        make("div", { class: "title-row" }, title, make("div", {}, all, nothing)),
        make("div", { class: "kind-boxes" }, ...boxes),
      );
    }

    checkBoxes() {
      for (const number of this.view.used) {
        const box = document.getElementById(`gridmap-category-${number}`);
        box.checked = this.view.on.has(number);
      }
    }

    showList() {
      const { view } = this;
      const { shown } = view;
      const count = { count: shown.length, minutes: String(view.model.limit.minutes) };
      this.heading.textContent = this.say(view.here ? "public_count_here" : "public_count", count);
      this.none.textContent = shown.length ? "" : this.say(view.query ? "public_none_found" : view.here ? "public_none_here" : "public_none_on");
      this.none.hidden = shown.length > 0;
      this.clear.hidden = !view.here;
      const parts = [];
      let kind = -1;
      for (const each of shown.slice(0, this.length)) {
        if (each.kind !== kind) {
          kind = each.kind;
          const category = view.model.categories[kind];
          parts.push(make("h3", {}, category && signSvg(category.sign, 22), make("span", { text: category ? category[view.language] : this.say("public_other") })));
          parts.push(make("ul", {}));
        }
        parts.at(-1).append(make("li", {}, this.item(each)));
      }
      if (shown.length > this.length) parts.push(this.more(shown.length - this.length));
      if (view.here) parts.push(this.missing());
      this.list.replaceChildren(...parts.filter((part) => part));
    }

    item({ venue, kind, metres }) {
      const { view } = this;
      const others = gridmapPage.kindsShown(view, venue).filter((number) => number !== kind).map((number) => view.model.categories[number][view.language]);
      const also = others.length ? this.say("public_also", { names: others.join(view.language === "zh" ? "、" : ", ") }) : "";
      const lines = [also, venue.address, venue.hours].filter((text) => text);
      const away = this.view.here ? this.say("public_metres", { metres: String(Math.max(10, Math.round(metres / 10) * 10)) }) : "";
      return make(
        "button",
        {
          type: "button",
          class: "venue",
          id: `gridmap-venue-${venue.position}`,
          "aria-current": venue.position === this.view.chosen ? "true" : null,
          click: () => this.acts.choose(venue.position, "list"),
        },
        make("span", { class: "venue-name", text: venue.name || this.say("public_nameless") }),
        away && make("span", { class: "away", text: away }),
        lines.length && make("span", { class: "venue-more", text: lines.join(" · ") }),
      );
    }

    more(left) {
      const show = () => {
        const next = this.view.shown[this.length];
        this.length += 4 * AT_ONCE;
        this.showList();
        document.getElementById(`gridmap-venue-${next.venue.position}`).focus();
      };
      return make("button", { type: "button", class: "more", text: this.say("public_more", { count: left }), click: show });
    }

    // Tells which of the categories switched on cannot be reached at all.
    missing() {
      const { view } = this;
      const reached = new Set(view.shown.flatMap((each) => each.venue.categories));
      const missed = [...view.on].filter((number) => !reached.has(number)).sort((a, b) => a - b);
      if (!missed.length || view.query || !view.shown.length) return null;
      const names = missed.map((number) => view.model.categories[number][view.language]);
      const text = this.say("public_missing", { names: names.join(view.language === "zh" ? "、" : ", "), minutes: String(view.model.limit.minutes) });
      return make("p", { class: "missing", text });
    }

    markChosen() {
      for (const button of this.list.querySelectorAll("[aria-current]")) button.removeAttribute("aria-current");
      const button = document.getElementById(`gridmap-venue-${this.view.chosen}`);
      if (!button) return;
      button.setAttribute("aria-current", "true");
      button.scrollIntoView({ block: "nearest" });
    }

    foot() {
      const { view } = this;
      const { address, qr, staff } = view.model;
      const button = (code, act) => make("button", { type: "button", text: this.say(code), click: act });
      const copied = make("p", { class: "note", role: "status" });
      const copy = (what) => this.acts.copy(what, (good) => { copied.textContent = this.say(good ? "public_copied" : "public_copy_failed"); });
      const parts = [
        make("h2", { text: this.say("public_about") }),
        ...this.facts().map((text) => make("p", { text })),
        make("div", { class: "buttons" }, button("public_print", () => window.print()), button("public_save_sheet", this.acts.saveSheet), button("public_save_points", this.acts.savePoints)),
        make("div", { class: "buttons" }, button("public_copy_link", () => copy("link")), button("public_copy_embed", () => copy("embed"))),
        copied,
      ];
      if (qr.size) parts.push(make("figure", { class: "qr" }, gridmapPage.qrSvg(qr, this.say("public_qr_label", { address })), make("figcaption", {}, make("span", { text: this.say("public_qr") }), make("span", { class: "address", text: address }))));
      if (staff) parts.push(make("p", { class: "staff" }, make("a", { href: staff, text: this.say("public_staff") })));
      return make("footer", {}, ...parts);
    }

    facts() {
      const { source, date, approval } = this.view.model;
      return [
        this.say("public_source", { source }),
        this.say("public_date", { date }),
        approval ? this.say("public_approval", { approval }) : this.say("public_internal"),
      ];
    }
  }

  gridmapPage.qrSvg = (qr, label) => {
    const { makeSvg } = gridmapPage;
    const side = qr.size + 8;
    const svg = makeSvg("svg", { viewBox: `-4 -4 ${side} ${side}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" });
    svg.append(makeSvg("rect", { x: -4, y: -4, width: side, height: side, fill: "#ffffff" }), makeSvg("path", { d: qr.path, fill: "#000000" }));
    return svg;
  };

  gridmapPage.PublicPanel = Panel;
}
