"use strict";
// Follows a run that is going on: the server pushes the latest state, and at last where the report is.
const Live = (() => {
  // Somebody who selects text or makes a choice isn't disturbed.
  const busy = () => !getSelection().isCollapsed || ["INPUT", "SELECT"].includes(document.activeElement?.tagName);
  function follow(draw) {
    const source = new EventSource("events");
    source.addEventListener("state", (event) => {
      const run = JSON.parse(event.data);
      if (!run.live || !busy()) draw(run);
    });
    source.addEventListener("over", () => { source.close(); document.body.dataset.over = "yes"; });
  }
  return { follow };
})();
