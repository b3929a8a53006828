"use strict";

// A click on a column's title sorts by it; what has no number stands last, whichever way.
function key(row, place, numeric) {
  const cell = row.cells[place];
  if (!numeric) return cell.textContent.trim();
  const value = Number.parseFloat(cell.dataset.value);
  return Number.isNaN(value) ? null : value;
}

function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  return sign * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
}

for (const button of document.querySelectorAll("thead button")) {
  button.addEventListener("click", () => {
    const head = button.closest("th");
    const body = head.closest("table").tBodies[0];
    const descending = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const numeric = head.classList.contains("number");
    const rows = Array.from(body.rows, (row) => [key(row, head.cellIndex, numeric), row]);
    rows.sort(([a], [b]) => compare(a, b, descending ? -1 : 1));
    body.append(...rows.map(([, row]) => row));
  });
}

// A table that goes on to the right fades there.
for (const box of document.querySelectorAll(".box")) {
  const fade = () => box.classList.toggle("more", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  box.addEventListener("scroll", fade, { passive: true });
  new ResizeObserver(fade).observe(box); // also when a folded part is opened
}

// The grids of the chosen seeds are shown.
const seeds = document.querySelectorAll(".seeds input");
const choose = () => {
  const chosen = new Set(Array.from(seeds, (one) => one.checked && one.value));
  for (const strip of document.querySelectorAll(".strip")) strip.hidden = !chosen.has(strip.dataset.seed);
};
for (const one of seeds) one.addEventListener("change", choose);
if (seeds.length) choose(); // a browser may remember what was chosen

// The slider shows the grids of its position, and says where a run has none.
const slider = document.getElementById("at");
if (slider) {
  const words = slider.dataset.words.split("|");
  const show = () => {
    slider.setAttribute("aria-valuetext", words[slider.value]);
    document.querySelector("output[for=at]").value = words[slider.value];
    for (const strip of document.querySelectorAll(".strip")) {
      let found = false;
      for (const frame of strip.querySelectorAll(".frame")) {
        const here = frame.dataset.positions.split(" ").includes(slider.value);
        frame.hidden = !here;
        found ||= here;
      }
      strip.querySelector(".none").hidden = found;
    }
  };
  slider.addEventListener("input", show);
  show(); // a browser may remember where the slider stood
}
