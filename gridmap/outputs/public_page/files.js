"use strict";
// The venues as files, the same as those that lie beside the page in a folder (see publish.py): made here when somebody asks for them.
{
  const COLUMNS = ["name", "categories", "address", "phone", "hours", "area_m2", "opened_by", "accessible"];
  // A cell that begins so is run as a formula by Excel, WPS and LibreOffice.
  const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

  const place = (venue) => venue.place.map((degrees) => Number(degrees.toFixed(6)));

  const kinds = (view, venue) =>
    venue.categories.map((number) => view.model.categories[number][view.language]).join(view.language === "zh" ? "、" : ", ");

  const value = (view, venue, column) => (column === "categories" ? kinds(view, venue) : venue[column]);

  const cell = (content) => {
    if (content === null) return "";
    if (typeof content === "boolean") return content ? "1" : "0";
    if (typeof content === "number") return Number.isInteger(content) ? content.toFixed(1) : String(content);
    const text = FORMULA.test(content) ? `'${content}` : content;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };

  gridmapPage.sheetText = (view) => {
    const names = [...COLUMNS, "longitude", "latitude"];
    const heads = view.language === "zh" ? names.map((name) => view.texts.zh[`public_column_${name}`]) : names;
    const lines = view.model.venues.map((venue) => [...COLUMNS.map((column) => value(view, venue, column)), ...place(venue)].map(cell));
    return `\ufeff${[heads.map(cell), ...lines].map((line) => `${line.join(",")}\r\n`).join("")}`;
  };

  gridmapPage.pointsText = (view) => {
    const features = view.model.venues.map((venue) => ({
      type: "Feature",
      properties: Object.fromEntries(COLUMNS.map((column) => [column, value(view, venue, column)])),
      geometry: { type: "Point", coordinates: place(venue) },
    }));
    return JSON.stringify({ type: "FeatureCollection", features });
  };

  gridmapPage.keep = (name, kind, text) => {
    const url = URL.createObjectURL(new Blob([text], { type: kind }));
    gridmapPage.make("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  };
}
