"use strict";
// Follows a run that is going on: the server pushes the latest state, and at last where the report is.
const Live = (() => {
  function follow(draw) {
    const source = new EventSource("events");
    let latest = null, waiting = false;
    const show = () => { waiting = false; if (latest) draw(latest); };
    source.addEventListener("state", (event) => {
      latest = JSON.parse(event.data);
      if (!waiting) { waiting = true; requestAnimationFrame(show); }
    });
    source.addEventListener("over", () => { source.close(); document.body.dataset.over = "yes"; });
  }
  return { follow };
})();
