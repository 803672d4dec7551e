
(() => {
  "use strict";
  document.documentElement.classList.add("js");
  const detail = document.getElementById("detail");
  const configuration = document.getElementById("configuration");
  const cells = [...document.querySelectorAll(".cell")];
  const named = (attribute, name) =>
    [...document.querySelectorAll(`template[${attribute}]`)].find((t) => t.getAttribute(attribute) === name);

  const show = (place, template) => {
    place.replaceChildren(template.content.cloneNode(true));
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: "start" });
  };

  const open = (cell) => {
    for (const other of cells) {
      other.setAttribute("aria-expanded", String(other === cell));
    }
    configuration.replaceChildren();
    show(detail, named("data-for", cell.dataset.cell));
  };

  for (const cell of cells) {
    cell.setAttribute("role", "button");
    cell.setAttribute("aria-expanded", "false");
    cell.addEventListener("click", (event) => {
      event.preventDefault();
      open(cell);
      history.replaceState(null, "", `#${encodeURIComponent(cell.dataset.cell)}`);
    });
  }

  detail.addEventListener("click", async (event) => {
    const copy = event.target.closest(".copy");
    if (copy) {
      const command = copy.parentElement.querySelector("code").textContent;
      try {
        await navigator.clipboard.writeText(command);
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(copy.parentElement.querySelector("code"));
      }
      return;
    }
    const link = event.target.closest("a[href^='#']");
    const template = link && named("data-configuration", link.getAttribute("href").slice(1));
    if (template) {
      event.preventDefault();
      show(configuration, template);
      configuration.querySelector("details").open = true;
    }
  });

  const wanted = decodeURIComponent(location.hash.slice(1));
  const cell = cells.find((one) => one.dataset.cell === wanted);
  if (cell) {
    open(cell);
  }
})();
