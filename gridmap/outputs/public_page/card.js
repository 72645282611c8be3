"use strict";
// The card of one venue: everything that is told about it.
{
  const { make, signSvg, mark } = gridmapPage;

  class Card {
    constructor(root, panel, acts) {
      this.root = root;
      this.panel = panel;
      this.acts = acts;
      root.addEventListener("keydown", (event) => {
        if (event.key === "Escape") this.acts.choose(-1);
      });
    }

    show(venue) {
      const { view } = this.panel;
      const say = (code, filled) => this.panel.say(code, filled);
      const kinds = venue.categories.map((number) => view.model.categories[number]);
      const close = make("button", { type: "button", class: "close", "aria-label": say("public_close"), text: "×", click: () => this.acts.choose(-1) });
      const heading = make("h2", { id: "gridmap-card-name", tabindex: "-1", text: venue.name || say("public_nameless") });
      const tags = kinds.map((kind) => make("span", { class: "tag" }, signSvg(kind.sign, 22), make("span", { text: kind[view.language] })));
      this.root.setAttribute("aria-labelledby", "gridmap-card-name");
      this.root.replaceChildren(close, heading, make("p", { class: "tags" }, ...tags), this.facts(venue), this.walk(venue), this.share());
      this.root.hidden = false;
      this.root.scrollTop = 0;
    }

    hide() {
      this.root.hidden = true;
      this.root.replaceChildren();
    }

    focus() {
      document.getElementById("gridmap-card-name").focus({ preventScroll: true });
    }

    facts(venue) {
      const say = (code, filled) => this.panel.say(code, filled);
      const list = make("dl", {});
      const add = (picture, code, content) => {
        if (!content) return;
        const sign = picture ? mark(picture, 20) : make("span", { class: "mark" });
        list.append(make("dt", {}, sign, make("span", { text: say(`public_column_${code}`) })), make("dd", {}, content));
      };
      const text = (words) => words && make("span", { text: words });
      add("place", "address", text(venue.address));
      add("hours", "hours", text(venue.hours));
      add("phone", "phone", venue.phone && this.telephone(venue.phone));
      add("accessible", "accessible", text(venue.accessible === null ? "" : say(venue.accessible ? "public_accessible_yes" : "public_accessible_no")));
      add("", "area_m2", text(venue.area_m2 === null ? "" : say("public_square_metres", { area: gridmapPage.number(venue.area_m2) })));
      add("", "opened_by", text(venue.opened_by));
      return list;
    }

    // A number that a telephone understands can be called by a touch.
    telephone(number) {
      const digits = number.replace(/[^0-9+]/g, "");
      if (!/^\+?[0-9]{3,15}$/.test(digits)) return make("span", { text: number });
      return make("a", { href: `tel:${digits}`, text: number });
    }

    walk(venue) {
      const { view } = this.panel;
      const minutes = String(view.model.limit.minutes);
      if (view.model.circles_pending) return make("p", { class: "note", text: this.panel.say("public_circles_pending") });
      const note = venue.hasCircle ? (view.hasMap ? "public_circle_drawn" : "") : "public_circle_none";
      const go = make("button", {
        type: "button",
        text: this.panel.say("public_here_venue", { minutes }),
        click: () => this.acts.setHere(venue.place, "venue"),
      });
      return make("div", { class: "walk" }, note && make("p", { class: "note", text: this.panel.say(note, { minutes }) }), make("div", { class: "buttons" }, go));
    }

    // A link that opens this venue, for whoever wants to send it to somebody.
    share() {
      const say = (code) => this.panel.say(code);
      const told = make("p", { class: "note", role: "status" });
      const copied = (good) => { told.textContent = say(good ? "public_copied" : "public_copy_failed"); };
      const copy = make("button", { type: "button", text: say("public_copy_venue"), click: () => this.acts.copy("venue", copied) });
      return make("div", { class: "walk" }, make("div", { class: "buttons" }, copy), told);
    }
  }

  gridmapPage.Card = Card;
}
