
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  const scenarios = [...document.querySelectorAll(".scenario")];
  const groups = [...document.querySelectorAll(".group")];
  const form = document.querySelector(".filter");
  const search = document.getElementById("search");
  const capability = document.getElementById("capability");
  const shown = document.getElementById("shown");
  const empty = document.querySelector(".empty");
  const toggles = [...form.querySelectorAll(".toggle")];
  const words = new Map(scenarios.map((s) => [s, s.textContent.toLowerCase()]));

  const pressed = (key) =>
    toggles.filter((t) => t.dataset[key] && t.getAttribute("aria-pressed") === "true").map((t) => t.dataset[key]);

  const apply = () => {
    const verdicts = pressed("verdict");
    const levels = pressed("level");
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const scenario of scenarios) {
      const { verdict, level, capability: own } = scenario.dataset;
      const matches =
        (!verdicts.length || verdicts.includes(verdict)) &&
        (!levels.length || levels.includes(level)) &&
        (!capability.value || capability.value === own) &&
        wanted.every((word) => words.get(scenario).includes(word));
      scenario.hidden = !matches;
      count += matches ? 1 : 0;
    }
    for (const group of groups) {
      group.hidden = !group.querySelector(".scenario:not([hidden])");
    }
    empty.hidden = count > 0;
    shown.textContent = `${count} of ${scenarios.length} shown`;
  };

  const press = (toggle, on) => toggle.setAttribute("aria-pressed", String(on));
  const clear = () => toggles.forEach((toggle) => press(toggle, false));

  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches(".scenario, .configuration")) {
      target.open = true;
      target.scrollIntoView();
    }
  };

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => {
    clear();
    setTimeout(apply);
  });
  for (const toggle of toggles) {
    toggle.addEventListener("click", () => {
      press(toggle, toggle.getAttribute("aria-pressed") !== "true");
      apply();
    });
  }
  for (const count of document.querySelectorAll("button.count")) {
    count.addEventListener("click", () => {
      clear();
      search.value = "";
      capability.value = count.dataset.capability;
      toggles.filter((t) => t.dataset.verdict === count.dataset.verdict).forEach((t) => press(t, true));
      apply();
      const heading = document.getElementById("scenarios");
      heading.focus({ preventScroll: true });
      heading.scrollIntoView();
    });
  }
  for (const [id, open] of [["open", true], ["close", false]]) {
    document.getElementById(id).addEventListener("click", () => {
      scenarios.filter((s) => !s.hidden).forEach((s) => { s.open = open; });
    });
  }
  for (const button of document.querySelectorAll(".copy")) {
    button.addEventListener("click", async () => {
      const code = button.previousElementSibling;
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }
  addEventListener("hashchange", reveal);
  apply();
  reveal();
})();
