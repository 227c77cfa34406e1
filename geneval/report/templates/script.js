"use strict";
(() => {
  const PAGE = 50;
  const SVG = "http://www.w3.org/2000/svg";
  const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;
  const WORD = /[\p{L}\p{N}\p{M}]+/gu;
  const CAUSES = {
    lexical: "other words, same content", omission: "leaves something out", supported_addition: "adds what is true",
    unsupported_addition: "adds what nothing supports", distortion: "says something wrongly", length_format: "length or format",
    condition: "answers another task or style", reference_defect: "the reference is at fault",
  };

  const byId = (id) => document.getElementById(id);
  const data = (id) => JSON.parse(byId(id).textContent || "{}");
  const hex = (code) => code.toString(16).toUpperCase().padStart(4, "0");
  // What steers a reader (control characters, overrides of direction) is named in its place.
  const visible = (text) => String(text).replace(STEERING, (c) => {
    const code = c.codePointAt(0);
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : `⟨U+${hex(code)}⟩`;
  });

  const make = (name, options = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(options)) {
      if (key === "class") node.className = value;
      else if (key === "text") node.textContent = visible(value);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  };
  const isolated = (text) => make("bdi", { dir: "auto", text });
  const drawn = (name, attributes) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const shown = (value) => {
    if (value === null || value === undefined) return "–";
    if (value === 0) return "0";
    const text = Math.abs(value) < 1 ? value.toFixed(3) : String(Number(value.toPrecision(3)));
    return text.replace("-", "−");
  };

  // Downloads.
  const HARMFUL = /^[=+\-@\t\r]/;
  const cell = (value) => {
    if (value === null || value === undefined) return "";
    // A spreadsheet takes a text that begins so for a formula.
    const text = typeof value === "string" && HARMFUL.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const csv = ({ columns, rows }) => [columns, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  const json = ({ columns, rows }) =>
    JSON.stringify(rows.map((row) => Object.fromEntries(columns.map((name, n) => [name, row[n]]))), null, 1);
  const download = (name, kind, found) => {
    const csvKind = kind === "csv";
    const blob = new Blob([csvKind ? csv(found) : json(found)], { type: csvKind ? "text/csv;charset=utf-8" : "application/json" });
    const link = make("a", { href: URL.createObjectURL(blob), download: `${name}.${kind}` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const figures = data("figures-data");
  for (const place of document.querySelectorAll(".load")) {
    const name = place.dataset.figure;
    place.hidden = false;
    for (const button of place.querySelectorAll("button")) {
      button.addEventListener("click", () => download(name, button.dataset.as, name === "evidence" ? flat() : figures[name]));
    }
  }

  // Tables whose columns sort.
  const collator = new Intl.Collator(undefined, { numeric: true });
  const value = (text) => {
    const found = text.replace("−", "-").replace("▼ ", "").replace("▲ ", "").replaceAll(",", "").match(/^[+-]?[\d.]+(?:e[+-]?\d+)?(?=\s|$)/);
    return found ? Number(found[0]) : null;
  };
  const compared = (one, other) => {
    const [a, b] = [value(one), value(other)];
    return a !== null && b !== null ? a - b : collator.compare(one, other);
  };
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const body = table.tBodies[0];
    if (body.rows.length < 2) continue;
    table.querySelectorAll("thead th").forEach((head, column) => {
      const button = make("button", { type: "button", text: head.textContent });
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const way = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
        for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", way);
        const sign = way === "ascending" ? 1 : -1;
        const text = (row) => row.cells[column].querySelector("bdi").textContent.trim();
        body.append(...[...body.rows].sort((a, b) => sign * compared(text(a), text(b))));
      });
    });
  }

  // The evidence.
  const evidence = data("evidence-data");
  if (!evidence.rows) return;
  const { texts, items, systems, scorers, turned, tiers, origins, kinds, criteria } = evidence;
  const nameOf = (scorer) => scorers[scorer] + (turned[scorer] ? " (turned: higher is better)" : "");
  const lower = (text) => text.toLocaleLowerCase();
  const wordsOf = (text) => new Set((text.match(WORD) || []).map(lower));
  const causesOf = (row) => [...new Set(Object.values(row.c || {}).map((one) => one.cause).filter(Boolean))];
  const grade = (row) => (row.g.length ? row.g[0][1] : null);
  const lowest = (row) => row.m.reduce((least, mark) => Math.min(least, mark[7] ?? 1), 1);
  const rows = evidence.rows.map((row, number) => {
    const item = items[row.i];
    return {
      ...row, number, item,
      id: item.id, system: systems[row.s], output: texts[row.t], references: item.r.map((one) => texts[one[0]]),
      source: "s" in item ? texts[item.s] : null, penalised: row.m.filter((mark) => mark[8]).map((mark) => mark[0]),
    };
  });
  // Made when it is first searched.
  const haystack = (row) => (row.hay ??= lower([row.id, row.system, row.output, row.source ?? "", ...row.references].join("\n")));

  function flat() {
    const columns = ["id", "system", "output", "source", "references", "valid_by", "grades", "votes", "causes"];
    for (const scorer of scorers) columns.push(...["score", "one_left_out", "band_low", "band_median", "band_high", "limit", "place", "penalised"].map((one) => `${scorer}: ${one}`));
    return {
      columns,
      rows: chosen.map((row) => {
        const marks = new Map(row.m.map((mark) => [mark[0], mark.slice(1)]));
        return [
          row.id, row.system, row.output, row.source, row.references.join("\n"), row.k.map((k) => kinds[k]).join(", "),
          row.g.map(([c, mean]) => `${criteria[c]} ${mean}`).join(", "),
          [...Object.entries(row.j || {}), ...Object.entries(row.p || {})].map(([what, n]) => `${what} ${n}`).join(", "),
          causesOf(row).join(", "), ...scorers.flatMap((_, n) => marks.get(n) || Array(8).fill(null)),
        ];
      }),
    };
  }

  // Text in which some words are marked.
  const marked = (text, shared) => {
    const node = isolated("");
    let end = 0;
    for (const found of text.matchAll(WORD)) {
      if (!shared.has(lower(found[0]))) continue;
      node.append(visible(text.slice(end, found.index)), make("mark", { text: found[0] }));
      end = found.index + found[0].length;
    }
    node.append(visible(text.slice(end)));
    return node;
  };
  const compare = (row) => {
    const own = wordsOf(row.output);
    return row.references.map((text, number) => {
      const theirs = wordsOf(text);
      const shared = new Set([...own].filter((word) => theirs.has(word)));
      return { number, text, shared, count: theirs.size, share: shared.size / Math.max(own.size + theirs.size, 1) };
    });
  };

  const bar = ([, , own, low, median, high, limit, , down]) => {
    const known = [own, low, high, limit].filter((one) => one !== null);
    const [least, most] = [Math.min(...known), Math.max(...known)];
    const at = (one) => 6 + (288 * (one - least)) / (most - least || 1);
    const picture = drawn("svg", { viewBox: "0 0 300 22", class: "chart", "aria-hidden": "true" });
    picture.append(
      drawn("line", { x1: 0, x2: 300, y1: 11, y2: 11, class: "grid" }),
      drawn("rect", { x: at(low), width: Math.max(at(high) - at(low), 2), y: 5, height: 12, class: "band" }),
      drawn("line", { x1: at(median), x2: at(median), y1: 5, y2: 17, class: "axis" }),
      drawn("line", { x1: at(limit), x2: at(limit), y1: 1, y2: 21, class: "zero" }),
      drawn("circle", { cx: at(own), cy: 11, r: 5, class: `dot ${down ? "down" : "none"}` }),
    );
    return picture;
  };
  const tally = (found) => Object.entries(found).map(([what, n]) => `${what} ${n}`).join(", ");
  const unit = (kind, one) => {
    if (typeof one === "string") return one;
    if (kind === "distorted" || kind === "lexical") return `“${one.ours}” for “${one.theirs}”${one.kind ? ` (${one.kind})` : ""}`;
    return one.text + (one.supported === true ? " (supported)" : one.supported === false ? " (unsupported)" : "");
  };

  const describe = (row) => {
    const box = make("div");
    if (row.source !== null) box.append(make("h5", { text: "Source" }), make("p", { class: "near" }, isolated(row.source)));
    const list = make("ol", { class: "refs" });
    compare(row).forEach((found, n) => {
      const [, tier, origin, counts, votes] = row.item.r[n];
      const about = [`${found.shared.size} of ${found.count} words`, tiers[tier], origins[origin]];
      if (!counts) about.push("does not count");
      if (votes) about.push(`votes: ${tally(votes)}`);
      list.append(make("li", {}, marked(found.text, found.shared), " ", make("span", { class: "soft" }, isolated(about.join(" · ")))));
    });
    box.append(make("h5", { text: "References, with words of the output marked" }), list);
    const bars = make("div", { class: "bars" });
    for (const mark of row.m) {
      const [scorer, score, own, low, median, high, limit, place, down] = mark;
      const said = `${shown(own)} (all references: ${shown(score)}); references ${shown(low)} to ${shown(high)}, median ${shown(median)}; limit ${shown(limit)}; place ${(100 * place).toFixed(0)} %${down ? "; penalised" : ""}`;
      bars.append(make("span", {}, isolated(nameOf(scorer))), bar(mark), make("span", { class: "numbers-of", text: said }));
    }
    box.append(make("h5", { text: "Score (dot) against the human band (box); dashed: a quarter of all references lie below" }), bars);
    for (const [scorer, found] of Object.entries(row.c || {})) {
      const units = make("ul", { class: "refs" });
      for (const kind of ["omitted", "added", "distorted", "lexical"]) {
        for (const one of (found.units || {})[kind] || []) units.append(make("li", {}, make("span", { class: "soft", text: `${kind}: ` }), make("mark", {}, isolated(unit(kind, one)))));
      }
      box.append(make("h5", { text: `${scorers[scorer]}: ${CAUSES[found.cause] || found.cause || "no cause found"}` }), units);
    }
    const votes = [];
    for (const [criterion, mean, n] of row.g) votes.push(`${criteria[criterion]} ${shown(mean)}${n > 1 ? ` (mean of ${n})` : ""}`);
    if (row.j) votes.push(`judged ${tally(row.j)}`);
    if (row.p) votes.push(`choices ${tally(row.p)}`);
    box.append(make("h5", { text: "People" }), make("p", { class: "near" }, isolated(votes.join(" · ") || "nothing was said of it")));
    box.append(make("p", { class: "near" }, isolated(row.k.length ? `Valid by: ${row.k.map((k) => kinds[k]).join(", ")}` : "Validity unknown")));
    return box;
  };

  const withCauses = rows.some((row) => row.c);
  const COLUMNS = [
    ["Output and nearest reference", (row) => row.output, "text"],
    ["System", (row) => row.system],
    ["Item", (row) => row.id],
    ["Grade", grade],
    ["Place in the band", lowest],
    ["Penalised by", (row) => row.penalised.length],
    ...(withCauses ? [["Cause", (row) => causesOf(row).join(", ")]] : []),
  ];
  let chosen = rows;
  let page = 0;
  let sorted = null;
  let descending = false;

  const field = (label, node) => {
    node.id = `evidence-${label.split(" ")[0].toLowerCase()}`;
    return make("div", { class: "field" }, make("label", { for: node.id, text: label }), node);
  };
  const select = (names, all) => {
    const node = make("select", {}, make("option", { value: "", text: all }));
    names.forEach((name, n) => node.append(make("option", { value: n, text: name })));
    return node;
  };
  const search = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
  const system = select(systems, "all systems");
  const scorer = select(scorers, "any scorer");
  const causes = [...new Set(rows.flatMap(causesOf))];
  const cause = select(causes.map((one) => CAUSES[one] || one), "any cause");
  const status = make("p", { class: "found", role: "status", id: "evidence-found" });
  const tools = byId("evidence-tools");
  tools.append(field("Search texts, systems and items", search), field("System", system), field("Penalised by", scorer));
  if (withCauses) tools.append(field("Cause", cause));
  tools.append(status);
  tools.hidden = false;

  const body = make("tbody");
  const heads = COLUMNS.map(([name, key, look], n) => {
    const button = make("button", { type: "button", text: name });
    button.addEventListener("click", () => {
      descending = sorted === n ? !descending : false;
      sorted = n;
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      heads[n].setAttribute("aria-sort", descending ? "descending" : "ascending");
      choose();
    });
    return make("th", { scope: "col", class: look || "" }, button);
  });
  const list = make("table", { class: "list", id: "evidence-table" }, make("caption", { text: "Penalised valid outputs" }), make("thead", {}, make("tr", {}, ...heads)), body);
  const before = make("button", { type: "button", text: "Previous" });
  const after = make("button", { type: "button", text: "Next" });
  const where = make("span");
  byId("evidence-list").replaceChildren(make("div", {}, list), make("div", { class: "pages" }, before, where, after));

  const line = (row) => {
    const best = compare(row).reduce((one, other) => (other.share > one.share ? other : one), { share: -1, text: "", shared: new Set() });
    const open = make("button", { type: "button", "aria-expanded": "false", class: "open", text: "Details" });
    const text = make("td", { class: "text" }, make("p", { class: "out" }, marked(row.output, best.shared)), make("p", { class: "near" }, marked(best.text, best.shared)), open);
    // One by one, many scorers would make each row as high as the screen.
    const all = scorers.length > 3 && row.penalised.length === scorers.length;
    const named = all ? [`all ${scorers.length} with a band`] : row.penalised.map((n) => scorers[n]);
    const chips = make("ul", { class: "chips" }, ...named.map((name) => make("li", { class: "down" }, isolated(name))));
    const node = make("tr", {}, text, make("td", { "data-label": "System" }, isolated(row.system)), make("td", { class: "soft", "data-label": "Item" }, isolated(row.id)), make("td", { "data-label": "Grade", text: shown(grade(row)) }), make("td", { "data-label": "Place in the band", text: `${(100 * lowest(row)).toFixed(0)} %` }), make("td", {}, chips));
    if (withCauses) node.append(make("td", { text: causesOf(row).map((one) => CAUSES[one] || one).join("; ") || "–" }));
    const toggle = (wanted) => {
      const there = open.getAttribute("aria-expanded") === "true";
      if (wanted === there) return;
      open.setAttribute("aria-expanded", String(wanted));
      if (wanted) node.after(make("tr", { class: "details" }, make("td", { colspan: COLUMNS.length }, describe(row))));
      else node.nextElementSibling.remove();
    };
    open.addEventListener("click", () => toggle(open.getAttribute("aria-expanded") !== "true"));
    node.toggle = toggle;
    return node;
  };
  const show = () => {
    const pages = Math.max(Math.ceil(chosen.length / PAGE), 1);
    page = Math.min(Math.max(page, 0), pages - 1);
    body.replaceChildren(...chosen.slice(page * PAGE, (page + 1) * PAGE).map(line));
    before.disabled = page === 0;
    after.disabled = page === pages - 1;
    where.textContent = `Page ${page + 1} of ${pages}`;
  };
  const order = (one, other) => (typeof one === "number" && typeof other === "number" ? one - other : collator.compare(String(one), String(other)));
  const choose = () => {
    const words = lower(search.value).split(/\s+/).filter(Boolean);
    chosen = rows.filter((row) =>
      (system.value === "" || row.s === Number(system.value)) &&
      (scorer.value === "" || row.penalised.includes(Number(scorer.value))) &&
      (cause.value === "" || causesOf(row).includes(causes[Number(cause.value)])) &&
      words.every((word) => haystack(row).includes(word)));
    if (sorted !== null) {
      const key = COLUMNS[sorted][1];
      const keys = new Map(chosen.map((row) => [row, key(row)]));
      const sign = descending ? -1 : 1;
      // What has no value comes last, either way.
      chosen.sort((one, other) => {
        const [a, b] = [keys.get(one), keys.get(other)];
        if (a === null || b === null) return (a === null) - (b === null) || one.number - other.number;
        return sign * order(a, b) || one.number - other.number;
      });
    }
    page = 0;
    status.textContent = `${chosen.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
    show();
  };
  search.addEventListener("input", choose);
  for (const one of [system, scorer, cause]) one.addEventListener("change", choose);
  before.addEventListener("click", () => { page -= 1; show(); });
  after.addEventListener("click", () => { page += 1; show(); });
  // Paper cannot be clicked: what is on it is opened.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...body.children].filter((node) => node.toggle).slice(0, 20);
    opened.forEach((node) => node.toggle(true));
  });
  addEventListener("afterprint", () => opened.forEach((node) => node.toggle(false)));
  choose();
})();
