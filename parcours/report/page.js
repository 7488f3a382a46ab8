// Says how old the data are, and draws each chart for the width it has: the wide or the narrow drawing of it.
(function () {
  "use strict";
  var words = document.documentElement.dataset;
  // How long ago, when the page is opened: it may lie there for weeks. Without a script the date stands alone.
  document.querySelectorAll("time[data-age]").forEach(function (time) {
    var days = Math.floor((Date.now() - Date.parse(time.dateTime)) / 86400000);
    var ago = days < 1 ? "underDay" : days === 1 ? "oneDay" : "days";
    if (days >= 0) time.after(" (" + words[ago].replace("#", days) + ")");
  });
  // Of several views one is shown, by its button. Without a script all stand below each other.
  document.querySelectorAll("[data-views]").forEach(function (box) {
    var views = box.querySelectorAll(".view"), bar = box.querySelector(".switch");
    if (!bar) return;
    var buttons = bar.querySelectorAll("button");
    function show(chosen) {
      views.forEach(function (view, place) { view.hidden = place !== chosen; });
      buttons.forEach(function (button, place) { button.setAttribute("aria-pressed", String(place === chosen)); });
    }
    buttons.forEach(function (button, place) { button.addEventListener("click", function () { show(place); }); });
    bar.hidden = false;
    show(0);
  });
  // A table as a file for spreadsheets: what one reads, with plain spaces and minus signs. What isn't a number, with or
  // without its unit, and begins as a formula would, begins with an apostrophe: a name from an export may be one.
  function csvCell(cell) {
    var text = cell.textContent.replace(/[\u00a0\u202f]/g, " ").replace(/\u2212/g, "-").trim();
    var isNumber = /^[+-]?\p{Sc}?\d[\d.,\s]*k?\s?(%|pt|\p{Sc})?$/u.test(text);
    if (/^[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(text) && !isNumber) text = "'" + text;
    return '"' + text.replace(/"/g, '""') + '"';
  }
  document.querySelectorAll("table.figures").forEach(function (table, number) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = "csv";
    button.textContent = words.csv;
    button.addEventListener("click", function () {
      var lines = Array.from(table.rows, function (row) { return Array.from(row.cells, csvCell).join(","); });
      var link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob(["\ufeff" + lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
      link.download = table.closest("section").id + "-" + (number + 1) + ".csv";
      link.click();
      URL.revokeObjectURL(link.href);
    });
    table.parentElement.after(button);
  });
  // What has to be scrolled sideways can be by the keyboard too; what fits is no stop on its way.
  var scrolled = new ResizeObserver(function (entries) {
    entries.forEach(function (entry) {
      var box = entry.target;
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; else box.removeAttribute("tabindex");
    });
  });
  document.querySelectorAll(".scroll").forEach(function (box) { scrolled.observe(box); });
  // The charts' colours on a dark screen: those of drawing.py, and a few of single charts. On paper all are as drawn.
  var DARK = {
    "#1c2733": "#e6ebf0", "#5d6b79": "#a3b1bf", "#66727f": "#93a1af", "#a3aeb9": "#5b6875", "#e3e8ee": "#2e3a46",
    "#ffffff": "#1b232c", "#fff": "#1b232c", "#2b6c94": "#6fb0d8", "#8db3cb": "#3f6f8f", "#d5e3ec": "#34475a", "#e2a063": "#a8682f",
    "#b3372b": "#d9574a", "#1f7a54": "#4fbf8d", "#6f9dba": "#4c82a6", "#eef4f8": "#22303c"
  };
  var screenIsDark = window.matchMedia("(prefers-color-scheme: dark)"), printing = false;
  function hex(number) { return Number(number).toString(16).padStart(2, "0"); }
  function shade(colour) {
    var parts = /^rgba\((\d+),(\d+),(\d+),([\d.]+)\)$/.exec(colour);
    if (!parts) return DARK[colour.toLowerCase()] || colour;
    var dark = DARK["#" + hex(parts[1]) + hex(parts[2]) + hex(parts[3])];
    return dark ? dark + hex(Math.round(parts[4] * 255)) : colour;
  }
  // A drawing in the colours of now. Only what is a colour is one: an exported text may look like it.
  function coloured(value, key) {
    if (Array.isArray(value)) return value.map(function (one) { return coloured(one, key); });
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(function (e) { return [e[0], coloured(e[1], e[0])]; }));
    }
    if (typeof value !== "string") return value;
    if (/color(scale)?$/.test(key)) return shade(value);
    return value.replace(/(<span style='color:)(#[0-9a-f]{6})/g, function (_, before, colour) {
      return before + shade(colour);
    });
  }
  var boxes = [], swatches = [];
  document.querySelectorAll(".legend i").forEach(function (swatch) { swatches.push([swatch, swatch.dataset.colour]); });
  function isDark() { return screenIsDark.matches && !printing; }
  function paintSwatches() {
    swatches.forEach(function (one) { one[0].style.background = isDark() ? shade(one[1]) : one[1]; });
  }
  function recolour() {
    paintSwatches();
    boxes.forEach(function (redraw) { redraw(); });
  }
  var NARROW = 1100; // as in page.css
  var PAPER = Number(words.paper) || 650; // a chart on paper: A4 upright, or as the page says
  var drawings = JSON.parse(document.getElementById("drawings").textContent);
  var config = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false, showTips: false };
  document.querySelectorAll("[data-chart]").forEach(function (box) {
    var drawn = null, width = 0;
    function draw() {
      var most = parseFloat(getComputedStyle(box).maxWidth) || PAPER;
      var room = printing && box.clientWidth ? Math.min(PAPER, most) : box.clientWidth;
      if (!room || room === width) return;
      width = room;
      var form = (printing ? PAPER : document.documentElement.clientWidth) < NARROW ? "narrow" : "wide";
      var drawing = drawings[box.dataset.chart][form];
      box.style.height = drawing.layout.height + "px";
      if (form === drawn) {
        Plotly.relayout(box, { width: width });
      } else {
        drawn = form;
        if (isDark()) drawing = coloured(drawing, "");
        Plotly.newPlot(box, drawing.data, Object.assign({}, drawing.layout, { width: width }), config);
      }
    }
    boxes.push(function () { drawn = null; width = 0; draw(); });
    draw();
    new ResizeObserver(draw).observe(box);
  });
  paintSwatches();
  screenIsDark.addEventListener("change", recolour);
  window.addEventListener("beforeprint", function () { printing = true; recolour(); });
  window.addEventListener("afterprint", function () { printing = false; recolour(); });
})();
