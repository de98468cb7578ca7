// Sorts and filters the map, opens the drawer that a link leads to, and copies commands. Without it, all of
// the page can be read.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);

  // The rows of an open drawer are links to themselves. There are too many rows to write them into the page.
  const linked = (drawer) =>
    all("tr[id] th", drawer).forEach((cell) => {
      if (cell.querySelector("a")) return;
      const link = document.createElement("a");
      link.href = `#${cell.parentElement.id}`;
      link.append(...cell.childNodes);
      cell.append(link);
    });
  document.addEventListener("toggle", (event) => event.target.open && linked(event.target), true);

  // A drawer is opened before the browser can scroll to a row in it.
  const open = () => {
    let target = one(location.hash.slice(1));
    if (!target) {
      try {
        target = one(decodeURIComponent(location.hash.slice(1)));
      } catch {
        return;
      }
    }
    if (!target) return;
    const drawer = target.closest("details");
    if (drawer) {
      drawer.hidden = false;
      drawer.open = true;
      linked(drawer);
    }
    target.scrollIntoView({ block: target === drawer ? "start" : "center" });
    const focus = target.matches("details") ? target.querySelector("summary") : target.querySelector("a");
    if (focus) focus.focus({ preventScroll: true });
  };
  addEventListener("hashchange", open);
  // A second click on the same link changes no hash.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const href = link && link.getAttribute("href");
    if (href && href === location.hash) open();
  });

  // The map's rows stay in the run's order until a heading is pressed; the third press restores it.
  const body = document.querySelector(".map tbody");
  const rows = all("tr", body);
  const places = new Map(rows.map((row, index) => [row, index]));
  const value = (row, column, kind) => {
    const cell = row.cells[column];
    if (kind === "number") return Number(cell.dataset.value === "inf" ? Infinity : cell.dataset.value);
    return cell.textContent.toLowerCase();
  };
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  all(".map .sort").forEach((button) => {
    button.addEventListener("click", () => {
      const heading = button.closest("th");
      const next = { none: "ascending", ascending: "descending", descending: "none" }[
        heading.getAttribute("aria-sort")
      ];
      all(".map thead th").forEach((other) => other.setAttribute("aria-sort", "none"));
      heading.setAttribute("aria-sort", next);
      const sign = { ascending: 1, descending: -1, none: 0 }[next];
      const keyed = rows.map((row) => [value(row, heading.cellIndex, button.dataset.sort), row]);
      keyed.sort(([a, x], [b, y]) => sign * compare(a, b) || places.get(x) - places.get(y));
      body.append(...keyed.map(([, row]) => row));
    });
  });

  const filter = one("filter");
  const status = one("status");
  const narrow = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = status.value.split(" ").filter(Boolean);
    let shown = 0;
    rows.forEach((row) => {
      const of = row.dataset.status.split(" ");
      const fits =
        words.every((word) => row.dataset.name.includes(word)) &&
        (!wanted.length || wanted.some((name) => of.includes(name)));
      row.hidden = !fits;
      one(row.dataset.href).hidden = !fits;
      shown += fits;
    });
    one("count").textContent = `${shown} of ${rows.length} cases`;
  };
  filter.addEventListener("input", narrow);
  status.addEventListener("input", narrow);

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      filter.focus();
    }
    if (event.key === "Escape" && event.target === filter) {
      filter.value = "";
      narrow();
    }
  });

  const fails = (drawer) => drawer.dataset.status.split(" ").some((s) => ["fail", "error", "empty"].includes(s));
  one("open").addEventListener("click", () =>
    all(".drawer").filter(fails).forEach((drawer) => (drawer.open = true)),
  );
  one("close").addEventListener("click", () => all(".drawer").forEach((drawer) => (drawer.open = false)));

  // From a file, or where the browser refuses the clipboard, the older way still works.
  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    const done = await copied(button.previousElementSibling.textContent);
    button.textContent = done ? "Copied" : "Not copied";
    one("copied").textContent = done ? "The command is copied." : "The browser did not copy it.";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });

  const dot = one("dot");
  if (dot) {
    const before = dot.textContent;
    document.querySelector(".plot").addEventListener("mouseover", (event) => {
      const link = event.target.closest("a");
      const row = link && one(link.getAttribute("href").slice(1));
      const name = row && row.closest("details").querySelector(".name").textContent;
      const cell = (index) => row.cells[index].textContent;
      dot.textContent = row ? `${name} · ${cell(0)} · ${cell(1)} · headroom ${cell(3)}` : before;
    });
  }

  if (location.hash) open();
})();
