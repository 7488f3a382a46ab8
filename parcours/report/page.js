// Says how old the data are, and draws each chart for the width it has: the wide or the narrow drawing of it.
(function () {
  "use strict";
  // How long ago, when the page is opened: it may lie there for weeks. Without a script the date stands alone.
  document.querySelectorAll("time[data-age]").forEach(function (time) {
    var days = Math.floor((Date.now() - Date.parse(time.dateTime)) / 86400000);
    if (days >= 0) time.after(" (" + (days < 1 ? "less than a day" : days === 1 ? "1 day" : days + " days") + " ago)");
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
  var NARROW = 1100; // as in page.css
  var drawings = JSON.parse(document.getElementById("drawings").textContent);
  var config = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false, showTips: false };
  document.querySelectorAll("[data-chart]").forEach(function (box) {
    var drawn = null, width = 0;
    function draw() {
      if (!box.clientWidth || box.clientWidth === width) return;
      width = box.clientWidth;
      var form = document.documentElement.clientWidth < NARROW ? "narrow" : "wide";
      var drawing = drawings[box.dataset.chart][form];
      box.style.height = drawing.layout.height + "px";
      if (form === drawn) {
        Plotly.relayout(box, { width: width });
      } else {
        drawn = form;
        Plotly.newPlot(box, drawing.data, Object.assign({}, drawing.layout, { width: width }), config);
      }
    }
    draw();
    new ResizeObserver(draw).observe(box);
  });
})();
