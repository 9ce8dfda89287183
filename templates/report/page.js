"use strict";
(() => {
  const page = JSON.parse(document.getElementById("facts").textContent);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, classes = "", ...content) => {
    const element = document.createElement(tag);
    if (classes) element.className = classes;
    element.append(...content);
    return element;
  };
  const slug = (outcome) => outcome.replaceAll(" ", "-");
  const quantity = (text, unit) => (text && unit && unit !== "count" && unit !== "ratio" ? `${text} ${unit}` : text);
  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

  // --- one scenario ----------------------------------------------------------

  const read = new Map(); // a scenario's facts are read when they are first asked for
  const factsOf = (article) => {
    if (!read.has(article)) read.set(article, JSON.parse(article.querySelector("script.facts").textContent));
    return read.get(article);
  };

  const verdict = (facts, one) => {
    const [outcome, bracketed, sign] = one;
    const mark = make("span", "", sign);
    mark.setAttribute("aria-hidden", "true");
    const words = make("span", `v ${slug(outcome)}${bracketed ? " out" : ""}`, mark, ` ${page.words[outcome] ?? outcome}`);
    if (bracketed) words.append(" ", make("small", "", `(${page.words.unclaimed})`));
    return words;
  };
  const reason = (facts, one) => {
    const words = make("span", "reason", facts.reasons[one[7]]);
    words.lang = "en";
    return words;
  };

  const showClaims = (article, facts, release) => {
    for (const row of all(".claims tbody tr", article)) {
      const one = facts.claims[row.dataset.claim]?.[release]?.[row.dataset.run];
      const cell = (name) => row.querySelector(`[data-is=${name}]`);
      cell("expected").textContent = one ? quantity(one[3], one[5]) : "";
      cell("measured").textContent = one ? quantity(one[4], one[5]) : "";
      cell("spread").textContent = one ? one[6] : "";
      cell("verdict").replaceChildren(...(one ? [verdict(facts, one), " ", reason(facts, one)] : []));
    }
  };

  const showFigures = (article, facts, release) => {
    for (const body of all(".figures tbody", article)) {
      const found = facts.figures[body.dataset.field]?.[release] ?? [];
      for (const row of all("[data-row]", body)) {
        const pairs = found[row.dataset.run] ?? [];
        const which = row.dataset.row === "measured" ? 0 : 1;
        all("td", row).forEach((cell, number) => { cell.textContent = pairs[number]?.[which] ?? ""; });
      }
    }
    const told = (facts.troubles[release] ?? [])
      .map((text, run) => (text && page.runs.length > 1 ? `${page.runs[run]}: ${text}` : text))
      .filter(Boolean);
    const known = Object.values(facts.claims).some((one) => release in one) || release in facts.sources
      || Object.values(facts.figures).some((one) => release in one);
    if (!known && !told.length) told.push(page.words.nothing);
    const place = article.querySelector(".trouble");
    place.textContent = told.join("; ");
    place.hidden = !told.length;
  };

  const block = (article, source, [file, name, line, inside, steps], taken) => {
    const here = `${article.id}.${source}.${file}.${line}`;
    const link = make("a", "", `${name}:${line}`);
    link.href = `#${here}`;
    const code = make("code");
    for (const [pc, text, mark] of steps) {
      const step = make("span", mark ? `step ${mark}` : "step", make("span", "pc", String(pc)), ` ${text}`);
      if (mark) step.append(" ", make("b", "", `← ${page.words[mark] ?? mark}`));
      step.append("\n");
      code.append(step);
    }
    const listing = make("pre", "", code);
    listing.tabIndex = 0;
    listing.setAttribute("aria-label", `${name}:${line}`);
    const found = make("div", "block", make("h5", "", link, ` ${fill(page.words.in, { function: inside })}`), listing);
    if (!taken.has(here)) found.id = `${here}.asm`;
    taken.add(here);
    return found;
  };

  const showProgram = (article, facts, release) => {
    const source = facts.sources[release];
    for (const text of all(".text", article)) {
      text.hidden = text.dataset.source !== String(source);
      if (text.hidden) continue;
      const taken = new Set();
      const blocks = (facts.blocks[release] ?? []).map((one) => block(article, source, one, taken));
      text.querySelector(".asm").replaceChildren(
        ...(blocks.length ? blocks : [make("p", "note", page.words["no listing"])]));
      for (const number of all("a.number", text)) {
        number.classList.toggle("gone", !taken.has(number.closest(".line").id));
      }
    }
  };

  const show = (article, release) => {
    const facts = factsOf(article);
    showClaims(article, facts, release);
    showFigures(article, facts, release);
    showProgram(article, facts, release);
  };

  for (const article of all("article.scenario")) {
    const label = article.querySelector(".choose");
    label.hidden = false;
    article.querySelector(".fixed").hidden = true;
    for (const text of all("[data-other]", article)) text.hidden = true;
    const select = label.querySelector("select");
    select.value = article.dataset.home; // what a browser remembers of an earlier visit is not shown
    select.addEventListener("change", () => show(article, select.value));
  }
  const choose = (article, release) => {
    const select = article.querySelector(".choose select");
    if (select.value !== String(release)) {
      select.value = release;
      show(article, release);
    }
  };

  // A line leads to its instructions and back; the details around it open by themselves.
  const arrive = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    target?.closest("details")?.setAttribute("open", "");
    const text = target?.closest(".text[hidden]");
    if (text) { // a text that the release shown does not compile
      const article = text.closest("article");
      const { sources } = factsOf(article);
      choose(article, Object.keys(sources).find((release) => String(sources[release]) === text.dataset.source));
    }
    for (const lit of all(".lit")) lit.classList.remove("lit");
    if (!target || !/\.\d+(\.asm)?$/.test(target.id)) return;
    const twin = target.id.endsWith(".asm") ? target.id.slice(0, -4) : `${target.id}.asm`;
    document.getElementById(twin)?.classList.add("lit");
    target.scrollIntoView({ block: "center" });
    document.getElementById(twin)?.scrollIntoView({ block: "nearest" });
  };
  addEventListener("hashchange", arrive);
  if (location.hash) arrive();

  // --- the grid --------------------------------------------------------------

  const grid = document.getElementById("grid");
  const filters = document.getElementById("filters");
  const heads = all("thead .version", grid);
  const bodies = all("tbody", grid);
  const cells = (row) => all("td", row);
  const rows = all("tbody tr[data-claim]", grid);
  const order = (text) => text.split(".").reduce((sum, part) => sum * 1000 + Number(part), 0);

  const filter = () => {
    const wanted = Object.fromEntries(["about", "outcome", "low", "high"].map((name) => [name, filters.elements[name].value]));
    const experiments = filters.elements.experiments?.checked ?? true;
    const columns = heads.map((head) => {
      const place = order(head.dataset.release);
      const inside = order(wanted.low) <= place && place <= order(wanted.high);
      return inside && (experiments || !head.dataset.experiment);
    });
    heads.forEach((head, number) => { head.hidden = !columns[number]; });
    const shown = new Map(); // by scenario and claim: is one of its runs to be shown?
    const key = (row) => `${row.parentElement.dataset.section} ${row.dataset.claim}`;
    for (const row of rows) {
      let any = wanted.outcome === "*";
      cells(row).forEach((cell, number) => {
        cell.hidden = !columns[number];
        any ||= columns[number] && cell.classList.contains(wanted.outcome);
      });
      const about = wanted.about === "*" || row.parentElement.dataset.about === wanted.about;
      shown.set(key(row), shown.get(key(row)) || (any && about));
    }
    if (filters.elements.differing?.checked) {
      const told = new Map();
      for (const row of rows) {
        const text = cells(row).filter((_, number) => columns[number]).map((cell) => cell.textContent).join("|");
        told.set(key(row), (told.get(key(row)) ?? new Set()).add(text));
      }
      for (const [name, texts] of told) if (texts.size < 2) shown.set(name, false);
    }
    for (const row of rows) row.hidden = !shown.get(key(row));
    for (const body of bodies) body.hidden = rows.every((row) => row.parentElement !== body || row.hidden);
    for (const row of all("tr.scenario th", grid)) {
      row.colSpan = columns.filter(Boolean).length + (page.runs.length > 1 ? 2 : 1);
    }
    const count = [...shown.values()].filter(Boolean).length;
    document.getElementById("count").textContent = fill(page.words.of, { shown: count, all: shown.size });
    if (!entry || entry.closest("[hidden]")) enter(visible()[0]?.find(Boolean));
  };

  // One cell of the grid is in the tab order; the arrow keys move from there.
  const detail = document.getElementById("detail");
  let entry;
  const enter = (cell) => {
    if (entry) entry.tabIndex = -1;
    entry = cell;
    if (entry) entry.tabIndex = 0;
  };
  const visible = () => rows.filter((row) => !row.hidden && !row.parentElement.hidden)
    .map((row) => cells(row).filter((cell) => !cell.hidden));
  const about = (cell) => {
    const row = cell.parentElement;
    const article = document.getElementById(row.parentElement.dataset.section);
    return { row, article, release: cells(row).indexOf(cell) };
  };
  const tell = (cell) => {
    for (const chosen of all(".chosen", grid)) chosen.classList.remove("chosen");
    cell.classList.add("chosen");
    const { row, article, release } = about(cell);
    const facts = factsOf(article);
    const one = facts.claims[row.dataset.claim]?.[release]?.[row.dataset.run];
    const link = make("a", "", `${article.querySelector("h3").firstChild.textContent.trim()} ${row.dataset.claim}`);
    link.href = `#${article.id}`;
    link.addEventListener("click", () => choose(article, release));
    const run = page.runs.length > 1 ? `, ${page.runs[row.dataset.run]}` : "";
    const title = make("p", "", make("b", "", link, ` ${fill(page.words.on, { release: page.names[release] })}${run}: `));
    const close = make("button", "", "×");
    close.type = "button";
    close.ariaLabel = page.words.close;
    close.addEventListener("click", () => {
      detail.hidden = true;
      cell.classList.remove("chosen");
      cell.focus();
    });
    detail.replaceChildren(close, title);
    if (one) {
      title.append(verdict(facts, one));
      const said = [[page.words.printed, quantity(one[3], one[5])], [page.words.measured, quantity(one[4], one[5])], [page.words.spread, one[6]]]
        .filter(([, text]) => text).map(([name, text]) => `${name} ${text}`);
      detail.append(make("p", "", said.join(" · ")), make("p", "", reason(facts, one)));
    } else title.append(page.words.nothing);
    detail.hidden = false;
  };
  const open = (cell) => {
    const { article, release } = about(cell);
    choose(article, release);
    article.scrollIntoView();
    article.querySelector(".choose select").focus({ preventScroll: true });
  };
  const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity], End: [0, Infinity] };
  grid.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (!cell) return;
    if (event.key === "Enter" || event.key === " ") open(cell);
    else if (event.key === "Escape") detail.hidden = true;
    else if (event.key in MOVES) {
      const there = visible();
      const y = there.findIndex((row) => row.includes(cell));
      const x = there[y].indexOf(cell);
      const within = (number, size) => Math.min(Math.max(number, 0), size - 1);
      const row = there[within(y + MOVES[event.key][0], there.length)];
      row[within(x + MOVES[event.key][1], row.length)].focus();
    } else return;
    event.preventDefault();
  });
  grid.addEventListener("focusin", (event) => {
    const cell = event.target.closest("td");
    if (!cell) return;
    enter(cell);
    tell(cell);
  });
  grid.addEventListener("click", (event) => event.target.closest("td")?.focus());
  for (const row of rows) for (const cell of cells(row)) cell.tabIndex = -1;
  filters.hidden = document.getElementById("hint").hidden = false;
  filters.addEventListener("input", filter);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.reset();
  filter();

  // --- plots -----------------------------------------------------------------

  const library = document.getElementById("library");
  const embed = () => {
    if (!window.vegaEmbed) {
      const script = make("script", "", library.textContent); // its hash is in the page's policy
      document.head.append(script);
    }
    return window.vegaEmbed;
  };
  const colours = () => {
    const of = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const [text, soft, line] = [of("--text"), of("--soft"), of("--line")];
    const font = getComputedStyle(document.documentElement).fontFamily;
    return {
      background: "transparent", font,
      axis: { labelColor: text, titleColor: text, gridColor: line, domainColor: soft, tickColor: soft, labelFontSize: 12, titleFontSize: 12 },
      legend: { labelColor: text, titleColor: text, labelFontSize: 12 },
      title: { color: text, subtitleColor: soft }, text: { color: text }, style: { text: { fill: text } },
    };
  };
  const draw = async (place) => {
    const article = place.closest("article");
    const facts = factsOf(article);
    const spec = place.dataset.plot === "heap" ? facts.heap : facts.plots[article.querySelector(".which").value];
    place.view?.finalize();
    // Expressions are interpreted, because the policy lets no text become code.
    const found = await embed()(place, spec, {
      ast: true, actions: false, renderer: "svg", defaultStyle: false, config: colours(),
      tooltip: { disableDefaultStyle: true },
    });
    await found.view.resize().runAsync(); // the legend is as high as the width makes it
    place.view = found;
    place.dataset.drawn = "yes";
  };
  if (library) {
    for (const note of all(".without")) note.hidden = true;
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) {
          watcher.unobserve(entry.target);
          draw(entry.target);
        }
      }
    }, { rootMargin: "300px" });
    const plots = all(".plot");
    plots.forEach((place) => watcher.observe(place));
    for (const which of all(".which")) {
      which.disabled = false;
      which.addEventListener("change", () => draw(which.closest("figure").querySelector(".plot")));
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      plots.filter((place) => place.dataset.drawn).forEach(draw);
    });
  }
  addEventListener("beforeprint", () => {
    for (const closed of all("details")) closed.open = true;
  });
})();
