// Draws each chart for the width it has: the wide or the narrow drawing of it.
(function () {
  "use strict";
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
