"use strict";
// A picture and a colour for each category. The picture alone tells them apart: no one has to see colours.
{
  const PICTURES = {
    party_service: "M5 2h2v1h12l-3 4.5 3 4.500H7v10H5z",
    reading: "M12 6C9.6 4.6 6.6 4 3 4v14.500c3.6 0 6.6.6 9 2 2.4-1.4 5.4-2 9-2V4c-3.6 0-6.6.6-9 2zm-1 12c-1.8-.8-3.8-1.2-6-1.400V6.100c2.3.2 4.3.7 6 1.600zm8-1.400c-2.2.2-4.2.6-6 1.400V7.700c1.7-.9 3.7-1.4 6-1.600z",
    school: "M12 4 1 9.5 12 15l8-4v6h2V9.500zM5 13v4c1.7 1.8 4.2 2.8 7 2.800s5.3-1 7-2.800v-4l-7 3.700z",
    leisure: "M13.5 2.500a7 7 0 0 0-6.6 9.600l-5 5a1.5 1.5 0 0 0 0 2.100l2.9 2.900a1.5 1.5 0 0 0 2.1 0l5-5A7 7 0 1 0 13.5 2.500zM19.5 18a2.2 2.2 0 1 0 .01 0z",
    elderly: "M9.5 1.500a2.4 2.4 0 1 0 .01 0zM7.5 7.200h4.300l2 4 3.7 1.600V22h-1.700v-8l-3.3-1.3-.6 3.1 2.3 2.700V22.500h-2.200v-3.200L9 16l-1.3 6.500H5.400l1.8-9.300z",
    childcare: "M11 2.500v7.500h9.500A9.5 9.5 0 0 0 11 2.500zM2 4v2h2.200l3.6 9h11.100l2-3.500H8.300L5.6 4zM8.5 16.500a2.3 2.3 0 1 0 .01 0zM17.5 16.500a2.3 2.3 0 1 0 .01 0z",
    medical: "M9 2.500h6V9h6.500v6H15v6.500H9V15H2.500V9H9z",
    shopping: "M7 8V7a5 5 0 0 1 10 0v1h3.300l1.2 13.500h-19L3.7 8zm2 0h6V7a3 3 0 0 0-6 0z",
    market: "M1.5 9.500h4L9.3 3.300l1.8 1.100L8 9.500h8l-3.1-5.1 1.8-1.1 3.8 6.200h4V12h-1.200l-1.8 9.500H4.500L2.7 12H1.500zM7.7 13v6h1.800v-6zm3.4 0v6h1.800v-6zm3.4 0v6h1.800v-6z",
  };
  // Dark enough for a white picture on them, and apart in brightness as well as in hue.
  const COLOURS = ["#b3261e", "#22569c", "#5b3a91", "#1d7a46", "#8a4b08", "#b83280", "#00727f", "#4a5560", "#6b6a00", "#7a3b2e"];
  const SIDE = 24;

  // Returns what is drawn for a category: its colour, and its picture or, for a category that the rules brought along, the first letter of its name.
  gridmapPage.signOf = (category, position) => ({
    colour: COLOURS[position % COLOURS.length],
    picture: PICTURES[category.code] || "",
    letter: [...category.zh, ...category.en][0] || "•",
  });

  gridmapPage.signSvg = (sign, side = 30) => {
    const { makeSvg } = gridmapPage;
    const svg = makeSvg("svg", { class: "sign", width: side, height: side, viewBox: "0 0 40 40", "aria-hidden": "true", focusable: "false" });
    svg.append(makeSvg("circle", { cx: 20, cy: 20, r: 19, fill: sign.colour }));
    if (sign.picture) svg.append(makeSvg("path", { d: sign.picture, fill: "#ffffff", "fill-rule": "evenodd", transform: "translate(8 8)" }));
    else svg.append(makeSvg("text", { x: 20, y: 27.5, "text-anchor": "middle", "font-size": 20, "font-weight": 700, fill: "#ffffff", text: sign.letter }));
    return svg;
  };

  // Draws the sign as the map library takes it: a white rim sets it off from the ground.
  gridmapPage.signImage = (sign, diameter, ratio) => {
    const side = Math.round((diameter + 4) * ratio);
    const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
    const pen = canvas.getContext("2d");
    pen.scale(side / 44, side / 44);
    const disc = (radius, colour) => {
      pen.beginPath();
      pen.arc(22, 22, radius, 0, 2 * Math.PI);
      pen.fillStyle = colour;
      pen.fill();
    };
    disc(22, "rgba(40, 30, 10, 0.35)");
    disc(21, "#ffffff");
    disc(18.5, sign.colour);
    pen.fillStyle = "#ffffff";
    if (sign.picture) {
      pen.translate(22 - SIDE / 2, 22 - SIDE / 2);
      pen.fill(new Path2D(sign.picture), "evenodd");
    } else {
      pen.font = "700 20px sans-serif";
      pen.textAlign = "center";
      pen.textBaseline = "middle";
      pen.fillText(sign.letter, 22, 23);
    }
    return pen.getImageData(0, 0, side, side);
  };

  // Small pictures beside words: what they mean is said by the word.
  const MARKS = {
    place: "M12 2a7 7 0 0 0-7 7c0 5 7 13 7 13s7-8 7-13a7 7 0 0 0-7-7zm0 4.500a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z",
    hours: "M12 2a10 10 0 1 0 .01 0zm0 2a8 8 0 1 1-.01 0zM11 6v7l5 3 1-1.7-4-2.400V6z",
    phone: "M6.5 2 3 4c-1 6 9 17 16 17l2.5-3.5-5-3.5-2.5 2.500c-2-1-4.5-3.5-5.5-5.500L11 8.500z",
    accessible: "M11 1.500a2 2 0 1 0 .01 0zM10 6.500h2v4h5V12h-5v1.500h4.500l3 5.5-1.7 1-2.6-4.500H10zM8.7 10.500v2a4.5 4.5 0 1 0 5.3 6l1.1 1.800A6.5 6.5 0 1 1 8.7 10.500z",
    search: "M10 2a8 8 0 1 0 4.9 14.300l5.4 5.4 1.4-1.4-5.4-5.400A8 8 0 0 0 10 2zm0 2a6 6 0 1 1-.01 0z",
    here: "M11 1h2v3.100A8 8 0 0 1 19.9 11H23v2h-3.100a8 8 0 0 1-6.9 6.900V23h-2v-3.100A8 8 0 0 1 4.1 13H1v-2h3.100A8 8 0 0 1 11 4.100zm1 5a6 6 0 1 0 .01 0zm0 3a3 3 0 1 1-.01 0z",
  };
  gridmapPage.mark = (name, side = 20) => {
    const { makeSvg } = gridmapPage;
    const svg = makeSvg("svg", { class: "mark", width: side, height: side, viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" });
    svg.append(makeSvg("path", { d: MARKS[name], fill: "currentColor", "fill-rule": "evenodd" }));
    return svg;
  };
}
