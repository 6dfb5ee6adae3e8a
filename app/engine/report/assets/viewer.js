/* The table pages of an archive: search, sort, years, pages, and a row's own view with what belongs to it.

   A classic script, since browsers block modules, fetch and workers on file://. Rows come from scripts of their own
   that call ARCHIVE_CHUNK(table, number, rows). Every value is written with textContent: nothing of the archive is
   ever parsed as HTML. What cells look like is said twice, here and in cells.py, which writes the first rows. */
(() => {
  "use strict";

  const WORDS = {
    rows: (from, to, total) => `Rows ${from}–${to} of ${total}`,
    found: (from, to, found, total) => `Rows ${from}–${to} of ${found} found (${total} in all)`,
    nothing: (query, year) =>
      `Nothing found${query ? ` for “${query}”` : ""}${year ? ` in ${year}` : ""}. ` +
      (year ? "Choose all years, or try other words." : "Check the spelling, or try fewer words."),
    reading: (done, total) => `Reading ${done} of ${total} rows…`,
    missing: (file) => `The file ${file} is missing or damaged. Unpack the whole ZIP file, then open index.html again.`,
    pages: (pages) => `of ${pages}`,
    place: (number, total) => `Row ${number} of ${total}`,
    details: "Details",
    relating: "Looking for what belongs to this row…",
    section: (title, count) => `${title} (${count})`,
    by: (title, label) => `${title}, ${label}`,
    more: (count) => `and ${count} more`,
    empty: "–",
    yes: "Yes",
    no: "No",
    you: "You",
    bytes: (size) => `${size} bytes`,
    inJson: "The bytes themselves are in the JSON file.",
    program: "A browser would run what is in this file. It lies in the folder data; open it only if you trust it.",
  };
  const SIZES = [25, 50, 100];
  const EXCERPT = 400;
  const LONGEST_LINK = 120;
  const MOST_RELATED = 50; // rows of one table, below the fields of a row that they belong to
  const MOST_PARTS = 4; // values of each
  const TOLD = ["text", "longtext", "moment", "date"]; // kinds that tell people what a row is
  const OPAQUE = /^(-?\d+|[0-9a-f-]{16,})$/i; // an id that tells people nothing
  const PICTURES = ["png", "jpg", "jpeg", "gif", "webp"];
  const PROGRAMS = ["htm", "html", "shtml", "xht", "xhtml", "xml", "xsl", "xslt", "svg", "svgz", "mht", "mhtml", "js", "mjs", "hta"];

  const find = (id) => document.getElementById(id);
  const table = find("table");
  const body = table.tBodies[0];
  const status = find("status");
  const archive = window.ARCHIVE;
  if (!archive) {
    status.textContent = WORDS.missing("viewer/manifest.js");
    return;
  }
  const stores = new Map(archive.tables.map((each) => [each.name, { ...each, chunks: [], coming: [], indexes: [] }]));
  const own = stores.get(table.dataset.table);
  const { rows: total, starts, fields, columns, hidden, yearField, years, chunks } = own;
  const opener = columns[0];

  /* ---- Rows: chunks are read when a page, a search or a row's own view needs them, and stay ---- */

  const texts = []; // for each chunk its rows as folded text, made by the first search

  window.ARCHIVE_CHUNK = (of, number, rows) => {
    const store = stores.get(of);
    if (store) store.chunks[number] = rows;
  };

  function load(number, store = own) {
    if (store.chunks[number]) return Promise.resolve();
    store.coming[number] ||= new Promise((done, fail) => {
      const script = document.createElement("script");
      const path = `viewer/${store.file}.${String(number).padStart(4, "0")}.js`;
      const finish = () => {
        script.remove();
        store.coming[number] = undefined;
        if (store.chunks[number]) done();
        else fail(new Error(path));
      };
      script.src = path;
      script.onload = finish;
      script.onerror = finish;
      document.head.append(script);
    });
    return store.coming[number];
  }

  function chunkOf(index, store = own) {
    let low = 0;
    let high = store.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (store.starts[middle] <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  function rowAt(index, store = own) {
    const number = chunkOf(index, store);
    return store.chunks[number][index - store.starts[number]];
  }

  async function readAll(isCurrent, withTexts) {
    for (let number = 0; number < starts.length; number += 1) {
      const isNew = !chunks[number] || (withTexts && !texts[number]);
      await load(number);
      if (!isCurrent()) return false;
      if (withTexts) texts[number] ||= chunks[number].map(textOf);
      if (isNew && number % 10 === 9) {
        status.textContent = WORDS.reading(say(starts[number] + chunks[number].length), say(total));
        await new Promise((go) => setTimeout(go)); // the page stays alive while it reads
      }
    }
    return true;
  }

  /* ---- How values read ---- */

  function intl(Type, options) {
    try {
      return new Type(archive.locale, options);
    } catch {
      return new Type("en", { ...options, ...(options.timeZone && { timeZone: "UTC" }) });
    }
  }
  const calendar = { calendar: "gregory", numberingSystem: "latn" };
  const numbers = intl(Intl.NumberFormat, { maximumFractionDigits: 20, numberingSystem: "latn" });
  const moments = intl(Intl.DateTimeFormat, { dateStyle: "medium", timeStyle: "short", timeZone: archive.timeZone, ...calendar });
  const dates = intl(Intl.DateTimeFormat, { dateStyle: "medium", timeZone: "UTC", ...calendar });
  const yearOnly = intl(Intl.DateTimeFormat, { year: "numeric", timeZone: archive.timeZone, ...calendar });
  const collator = intl(Intl.Collator, { numeric: true });
  const say = (number) => numbers.format(number);

  function format(formatter, text) {
    const moment = new Date(text);
    return Number.isNaN(moment.getTime()) ? text : formatter.format(moment);
  }

  function shown(field, value) {
    if (value === null) return "";
    switch (field.kind) {
      case "moment": return format(moments, value);
      case "date": return format(dates, value);
      case "number": return typeof value === "number" ? say(value) : String(value);
      case "flag": return value ? WORDS.yes : WORDS.no;
      case "bytes": return WORDS.bytes(say(value));
      case "id": return value === archive.person ? WORDS.you : String(value);
      default: return String(value);
    }
  }

  function yearOf(row) {
    const value = row[yearField];
    if (!/^\d{4}-/.test(value)) return "";
    const nearNewYear = value.length > 10 && /^(12-3[01]|01-0[12])$/.test(value.slice(5, 10));
    return nearNewYear ? yearOnly.formatToParts(new Date(value)).find((part) => part.type === "year").value : String(Number(value.slice(0, 4)));
  }

  /* Lines and indents for JSON as it is written: parsing it would lose digits of long numbers. */
  function indented(json) {
    const pieces = json.match(/"(?:[^"\\]|\\.)*"|[[{]\s*[\]}]|[[\]{},]|[^[\]{},"]+/g) || [];
    let depth = 0;
    const line = (by) => `\n${"  ".repeat((depth += by))}`;
    return pieces
      .map((piece) => {
        if (piece === "{" || piece === "[") return piece + line(1);
        if (piece === "}" || piece === "]") return line(-1) + piece;
        if (piece === ",") return piece + line(0);
        return piece[0] === '"' ? piece : piece.trimStart();
      })
      .join("");
  }

  const ending = (path) => path.slice(path.lastIndexOf(".") + 1).toLowerCase();

  function linkTo(path) {
    const parts = path.split("/");
    if (PROGRAMS.includes(ending(path)) || parts.some((part) => ["", ".", ".."].includes(part))) return "";
    return `data/${parts.map(encodeURIComponent).join("/")}`;
  }

  /* ---- Search: without case and diacritics, so that “da lat” finds “Đà Lạt” ---- */

  const LETTERS = { đ: "d", ð: "d", ø: "o", ł: "l", ı: "i", ß: "ss", æ: "ae", œ: "oe", þ: "th", ς: "σ" };

  function fold(text) {
    const lower = text.toLowerCase();
    if (/^[\x00-\x7f]*$/.test(lower)) return lower;
    return lower
      .normalize("NFKD")
      .replace(/[\u0300-\u036f\u0591-\u05c7\u064b-\u065f]/g, "")
      .replace(/[đðøłıßæœþς]/g, (letter) => LETTERS[letter]);
  }

  const wordsOf = (query) => fold(query).split(/\s+/).filter(Boolean);

  function textOf(row) {
    const parts = fields.map((field, position) => {
      const value = row[position];
      if (value === null || field.kind === "flag" || field.kind === "bytes") return "";
      const text = shown(field, value);
      return text === value ? text : `${text}\n${value}`;
    });
    return fold(parts.join("\n"));
  }

  /* Where the words stand in the text as it is: pairs of positions, in order, without overlaps. */
  function hitsIn(text, words) {
    let plain = "";
    const positions = [];
    let at = 0;
    for (const character of text) {
      const folded = fold(character);
      for (let each = 0; each < folded.length; each += 1) positions.push(at);
      plain += folded;
      at += character.length;
    }
    positions.push(text.length);
    const hits = [];
    for (const word of words) {
      for (let place = plain.indexOf(word); place >= 0; place = plain.indexOf(word, place + word.length)) {
        hits.push([positions[place], positions[place + word.length]]);
      }
    }
    hits.sort((one, other) => one[0] - other[0] || other[1] - one[1]);
    let end = 0;
    return hits.filter(([from, to]) => {
      const isFree = from >= end && to > from;
      if (isFree) end = to;
      return isFree;
    });
  }

  /* ---- The view: which rows, in which order ---- */

  const START = { q: "", year: "", sort: "", dir: "asc", page: 1, size: 50, row: 0 };
  let state = { ...START };
  let view = null; // row numbers; null while all rows stand in their own order
  let run = 0;

  const viewSize = () => (view ? view.length : total);
  const indexAt = (place) => (view ? view[place] : place);

  async function choose(isCurrent) {
    const words = wordsOf(state.q);
    if (!words.length && !state.year && !state.sort) return null;
    if (!(await readAll(isCurrent, words.length > 0))) return undefined;
    const chosen = [];
    chunks.forEach((rows, number) => {
      rows.forEach((row, place) => {
        if (state.year && yearOf(row) !== state.year) return;
        if (words.length && !words.every((word) => texts[number][place].includes(word))) return;
        chosen.push(starts[number] + place);
      });
    });
    return state.sort ? sorted(chosen) : chosen;
  }

  function sorted(indexes) {
    const position = fields.findIndex((field) => field.name === state.sort);
    const field = fields[position];
    const direction = state.dir === "desc" ? -1 : 1;
    const keyed = indexes.map((index) => [sortKey(field, rowAt(index)[position]), index]);
    keyed.sort(([one, first], [other, second]) => {
      if (one === null || other === null) return (one === null) - (other === null) || first - second;
      return direction * compare(one, other) || first - second;
    });
    return keyed.map((pair) => pair[1]);
  }

  function sortKey(field, value) {
    if (value === null) return null;
    if (field.kind === "moment") return Date.parse(value) || value;
    if (field.kind === "number" || field.number) return Number.isNaN(Number(value)) ? value : new Digits(value);
    if (field.kind === "flag") return value ? 0 : 1;
    return value;
  }

  /* Two long numbers that are one as floating point are told apart by their digits. */
  class Digits {
    constructor(value) {
      this.number = Number(value);
      this.text = String(value);
    }
  }

  function compare(one, other) {
    if (one instanceof Digits && other instanceof Digits) {
      if (one.number !== other.number) return one.number < other.number ? -1 : 1;
      return collator.compare(one.text, other.text) * (one.number < 0 ? -1 : 1);
    }
    if (typeof one === "number" && typeof other === "number") return one - other;
    return collator.compare(String(one.text ?? one), String(other.text ?? other));
  }

  /* ---- Drawing ---- */

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function marked(node, text, words) {
    let at = 0;
    for (const [from, to] of words.length ? hitsIn(text, words) : []) {
      node.append(text.slice(at, from), element("mark", "", text.slice(from, to)));
      at = to;
    }
    node.append(text.slice(at));
    return node;
  }

  /* A long text in the table begins shortly before what was searched for. */
  function excerpt(text, words) {
    let from = 0;
    if (words.length && text.length > 120) {
      const hit = hitsIn(text.slice(0, 100000), words)[0];
      if (hit && hit[0] > 80) from = text.indexOf(" ", hit[0] - 50) + 1 || hit[0] - 50;
      if (hit && from > hit[0]) from = hit[0];
    }
    const part = text.slice(from, from + EXCERPT);
    return (from ? "… " : "") + part + (from + EXCERPT < text.length ? "…" : "");
  }

  function timeOf(text, value, words) {
    const time = marked(element("time"), text, words);
    time.dateTime = value;
    return time;
  }

  function linkOf(path, className) {
    const link = element("a", className);
    link.href = linkTo(path);
    return link;
  }

  function pictureOf(path, alt) {
    const picture = element("img");
    picture.loading = "lazy";
    picture.decoding = "async";
    picture.alt = alt;
    picture.src = linkTo(path);
    return picture;
  }

  function content(field, value, words, title) {
    const text = shown(field, value);
    if (value === null) return "";
    if (field.kind === "moment" || field.kind === "date") return timeOf(text, value, words);
    if (field.kind === "file" && linkTo(value)) {
      const isPicture = PICTURES.includes(ending(value));
      const link = linkOf(value, isPicture ? "thumb" : "");
      if (isPicture) link.append(pictureOf(value, title || value));
      else marked(link, text, words);
      return link;
    }
    if (field.kind === "longtext" || field.kind === "json") return marked(element("span", "clip"), excerpt(text, words), words);
    return marked(document.createDocumentFragment(), text, words);
  }

  function classOf(field, position, value) {
    const isName = field.kind === "id" && value !== null && !OPAQUE.test(shown(field, value));
    return `t-${isName ? "name" : field.kind}${hidden.includes(position) ? " machine" : ""}`;
  }

  function drawRow(place, words) {
    const index = indexAt(place);
    const row = rowAt(index);
    const line = element("tr");
    const title = shown(fields[opener], row[opener]);
    for (const position of columns) {
      const field = fields[position];
      const cell = element(position === opener ? "th" : "td", classOf(field, position, row[position]));
      if (position === opener) {
        cell.scope = "row";
        const button = element("button");
        button.type = "button";
        button.dataset.place = place;
        button.append(title.trim() ? content(field, row[position], words, "") : WORDS.details);
        cell.append(button);
      } else {
        cell.append(content(field, row[position], words, title));
      }
      line.append(cell);
    }
    return line;
  }

  async function draw(isCurrent) {
    const count = viewSize();
    const pages = Math.max(1, Math.ceil(count / state.size));
    state.page = Math.min(Math.max(1, state.page), pages);
    const from = (state.page - 1) * state.size;
    const to = Math.min(count, from + state.size);
    if (!view) for (let number = chunkOf(from); number <= chunkOf(to - 1); number += 1) await load(number);
    if (!isCurrent()) return false;
    const words = wordsOf(state.q);
    const lines = document.createDocumentFragment();
    for (let place = from; place < to; place += 1) lines.append(drawRow(place, words));
    body.replaceChildren(lines);
    drawStatus(from, to, count);
    drawPager(pages);
    drawHeads();
    return true;
  }

  function drawStatus(from, to, count) {
    const isPart = view && count !== total;
    status.textContent = !count
      ? WORDS.nothing(state.q.trim(), state.year)
      : isPart
        ? WORDS.found(say(from + 1), say(to), say(count), say(total))
        : WORDS.rows(say(from + 1), say(to), say(count));
  }

  function drawPager(pages) {
    find("pager").hidden = pages === 1;
    find("page").value = state.page;
    find("pages").textContent = WORDS.pages(say(pages));
    for (const button of find("pager").querySelectorAll("button")) {
      button.disabled = state.page === (["first", "previous"].includes(button.dataset.go) ? 1 : pages);
    }
  }

  function drawHeads() {
    columns.forEach((position, place) => {
      const head = table.tHead.rows[0].cells[place];
      const isSorted = fields[position].name === state.sort;
      if (isSorted) head.setAttribute("aria-sort", state.dir === "asc" ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
      head.querySelector(".arrow").textContent = isSorted ? (state.dir === "asc" ? "▲" : "▼") : "";
    });
  }

  /* ---- A row's own view ---- */

  const detail = find("detail");
  let open = 0;

  async function showRow(place) {
    open = place;
    try {
      await load(chunkOf(indexAt(place)));
    } catch (error) {
      detail.close();
      status.textContent = WORDS.missing(error.message);
      return;
    }
    state.row = indexAt(place) + 1;
    const row = rowAt(indexAt(place));
    const title = shown(fields[opener], row[opener]).trim();
    find("detail-place").textContent = WORDS.place(say(place + 1), say(viewSize()));
    find("detail-title").textContent = excerpt(title, []) || WORDS.details;
    const list = find("detail-fields");
    list.replaceChildren();
    const values = fields.map((field, position) => {
      const value = element("dd", classOf(field, position, row[position]).split(" ")[0]);
      value.append(...fullContent(field, row[position], title));
      list.append(element("dt", "", field.label), value);
      return value;
    });
    find("detail-previous").disabled = place === 0;
    find("detail-next").disabled = place === viewSize() - 1;
    if (!detail.open) detail.showModal();
    detail.scrollTop = 0;
    find("detail-title").focus();
    replaceHash();
    relate(row, values);
  }

  function fullContent(field, value, title) {
    if (value === null || value === "") return [WORDS.empty];
    const words = wordsOf(state.q);
    const text = shown(field, value);
    if (field.kind === "file") return fileContent(value, title, words);
    if (field.kind === "bytes") return [`${text}. ${WORDS.inJson}`];
    if (field.kind === "id" && text !== value) return [text, " ", element("span", "muted", `(${value})`)];
    if (field.kind === "moment" || field.kind === "date") return [timeOf(text, value, words)];
    return [marked(document.createDocumentFragment(), field.kind === "json" ? indented(text) : text, words)];
  }

  function fileContent(path, title, words) {
    if (!linkTo(path)) return [path, element("p", "muted small", WORDS.program)];
    const link = marked(linkOf(path), path, words);
    if (!PICTURES.includes(ending(path))) return [link];
    const frame = linkOf(path, "picture");
    frame.append(pictureOf(path, title || path));
    return [frame, link];
  }

  /* ---- What belongs to a row: read when its view opens, found by the foreign keys of the archive's tables ---- */

  let related = 0;

  async function relate(row, values) {
    related += 1;
    const mine = related;
    const isCurrent = () => detail.open && mine === related;
    const line = find("detail-status");
    find("detail-related").replaceChildren();
    line.textContent = WORDS.relating;
    const missing = new Set();
    for (const step of [...linksOf(row, values), ...sectionsOf(row)]) {
      try {
        await step(isCurrent);
      } catch (error) {
        missing.add(WORDS.missing(error.message)); // what can be read is shown all the same
      }
      if (!isCurrent()) return;
    }
    line.textContent = [...missing].join(" ");
  }

  function linksOf(row, values) {
    return own.references.map(({ column, table: to, to: key }) => async (isCurrent) => {
      const target = stores.get(to);
      const [index] = await findRows(target, key, row[column], 1);
      if (index === undefined || !isCurrent()) return;
      const link = rowLink(target, index, target.isPerson ? WORDS.you : titleOf(target, rowAt(index, target)));
      values[column].className = "";
      values[column].replaceChildren(link, " ", element("span", "muted t-id", `(${row[column]})`));
    });
  }

  /* The person's own row has none: all of the archive belongs to it. */
  function sectionsOf(row) {
    if (own.isPerson) return [];
    return [...stores.values()].flatMap((store) => {
      const references = store.references.filter((each) => each.table === own.name);
      return references.map((reference) => async (isCurrent) => {
        const found = await findRows(store, reference.column, row[reference.to]);
        const title = references.length > 1 ? WORDS.by(store.title, store.fields[reference.column].label) : store.title;
        if (!found.length || !isCurrent()) return;
        const section = await sectionOf(store, reference, found, title);
        if (isCurrent()) find("detail-related").append(section);
      });
    });
  }

  /* The numbers of the rows that hold this value. Chunks are read in turn until there are enough. */
  async function findRows(store, column, value, enough = Infinity) {
    if (value === null) return [];
    const index = (store.indexes[column] ||= { read: 0, places: new Map() });
    const found = () => index.places.get(value) || [];
    while (index.read < store.starts.length && found().length < enough) {
      const number = index.read;
      await load(number, store);
      if (number === index.read) addToIndex(index, store, column);
    }
    return found();
  }

  function addToIndex(index, store, column) {
    store.chunks[index.read].forEach((row, place) => {
      const key = row[column]; // as it is: somebody called “1” is not the row 1
      const places = index.places.get(key);
      if (places) places.push(store.starts[index.read] + place);
      else index.places.set(key, [store.starts[index.read] + place]);
    });
    index.read += 1;
  }

  async function sectionOf(store, reference, found, title) {
    const section = element("section");
    const list = element("ul", "related");
    list.setAttribute("role", "list");
    for (const index of found.slice(0, MOST_RELATED)) list.append(await itemOf(store, index, reference));
    section.append(element("h3", "", WORDS.section(title, say(found.length))), list);
    const left = found.length - MOST_RELATED;
    if (left > 0) section.append(element("p", "muted small", WORDS.more(say(left))));
    return section;
  }

  async function itemOf(store, index, reference) {
    const row = rowAt(index, store);
    const told = toldBy(store, row, reference.column);
    const item = element("li");
    const picture = store.fields.findIndex((field, position) => field.kind === "file" && isPicturePath(row[position]));
    if (picture >= 0) item.append(thumbOf(row[picture]));
    const text = element("div");
    text.append(told.length ? rowLink(store, index, told[0].text) : await linkThrough(store, index, reference));
    for (const { field, text: part, value } of told.slice(1, MOST_PARTS)) {
      const isLong = field.kind === "longtext";
      const isTime = field.kind === "moment" || field.kind === "date";
      text.append(isTime ? timeOf(part, value, []) : element("span", isLong ? "clip" : "", part));
    }
    item.append(text);
    return item;
  }

  /* A row of ids alone ties two others together: what people want is the other one. */
  async function linkThrough(store, index, from) {
    const row = rowAt(index, store);
    for (const { column, table: to, to: key } of store.references) {
      if (column === from.column) continue;
      const target = stores.get(to);
      const [found] = await findRows(target, key, row[column], 1);
      if (found !== undefined) return rowLink(target, found, titleOf(target, rowAt(found, target)));
    }
    return rowLink(store, index, WORDS.details);
  }

  function toldBy(store, row, without) {
    return store.columns.flatMap((position) => {
      if (position === without) return [];
      const [field, value] = [store.fields[position], row[position]];
      const text = value === null ? "" : excerpt(shown(field, value).trim(), []);
      const isName = field.kind === "id" && !OPAQUE.test(text);
      return text && (isName || TOLD.includes(field.kind)) ? [{ field, text, value }] : [];
    });
  }

  const titleOf = (store, row) => toldBy(store, row)[0]?.text || WORDS.details;
  const isPicturePath = (path) => path !== null && linkTo(path) !== "" && PICTURES.includes(ending(path));

  function rowLink(store, index, text) {
    const link = element("a", "", text.length > LONGEST_LINK ? `${text.slice(0, LONGEST_LINK)}…` : text);
    link.href = `${encodeURIComponent(store.file)}.html#row=${index + 1}`;
    return link;
  }

  function thumbOf(path) {
    const thumb = element("span", "thumb");
    thumb.append(pictureOf(path, "")); // the words beside it say what it is
    return thumb;
  }

  detail.addEventListener("close", () => {
    state.row = 0;
    replaceHash();
    const button = body.querySelector(`button[data-place="${open}"]`);
    (button || table.parentElement).focus();
  });
  detail.addEventListener("click", (event) => {
    if (event.target === detail) detail.close(); // the backdrop
  });
  find("detail-close").addEventListener("click", () => detail.close());
  find("detail-previous").addEventListener("click", () => showRow(open - 1));
  find("detail-next").addEventListener("click", () => showRow(open + 1));
  body.addEventListener("click", (event) => {
    const line = event.target.closest("tr");
    if (!line || event.target.closest("a") || String(window.getSelection())) return;
    const button = line.querySelector("button[data-place]");
    if (button) showRow(Number(button.dataset.place));
  });

  /* ---- State: in the address, so that back, forward and reload keep it ---- */

  function toHash(of) {
    const kept = Object.keys(START).filter((key) => of[key] !== START[key] && (key !== "dir" || of.sort));
    return new URLSearchParams(kept.map((key) => [key, of[key]])).toString();
  }

  function rowNumber(text) {
    const number = Math.trunc(Number(text));
    return number >= 1 && number <= total ? number : 0;
  }

  function fromHash() {
    const given = new URLSearchParams(location.hash.slice(1));
    const year = given.get("year") || "";
    const size = Number(given.get("size"));
    return {
      q: given.get("q") || "",
      year: years.map(String).includes(year) ? year : "",
      sort: fields.some((field) => field.name === given.get("sort")) ? given.get("sort") : "",
      dir: given.get("dir") === "desc" ? "desc" : "asc",
      page: Math.max(1, Math.trunc(Number(given.get("page"))) || 1),
      size: SIZES.includes(size) ? size : START.size,
      row: rowNumber(given.get("row")),
    };
  }

  function keep(isTyping) {
    const hash = `#${toHash(state)}`;
    if (hash === (location.hash || "#")) return;
    if (isTyping) location.replace(hash);
    else location.hash = hash;
  }

  /* A row's own view is no step of its own for back and forward, and must not scroll the page behind it. */
  function replaceHash() {
    const hash = `#${toHash(state)}`;
    if (hash !== (location.hash || "#")) history.replaceState(history.state, "", hash);
  }

  function fillControls() {
    find("q").value = state.q;
    find("size").value = state.size;
    if (find("year")) find("year").value = state.year;
  }

  function placeOf(row) {
    return view ? view.indexOf(row - 1) : row - 1;
  }

  async function show(change, { isSameView = false, isTyping = false } = {}) {
    Object.assign(state, change);
    run += 1;
    const mine = run;
    const isCurrent = () => mine === run;
    try {
      if (!isSameView) {
        const chosen = await choose(isCurrent);
        if (!isCurrent()) return; // a newer search has replaced this one
        view = chosen;
      }
      const place = placeOf(state.row);
      if (place >= 0) state.page = Math.floor(place / state.size) + 1;
      if (!(await draw(isCurrent))) return;
      if (place >= 0) {
        await showRow(place);
        return;
      }
      state.row = 0;
      if (detail.open) detail.close();
      keep(isTyping);
    } catch (error) {
      status.textContent = WORDS.missing(error.message);
    }
  }

  /* ---- Controls ---- */

  columns.forEach((position, place) => {
    const field = fields[position];
    const button = element("button", "", field.label);
    const arrow = element("span", "arrow");
    button.type = "button";
    arrow.setAttribute("aria-hidden", "true");
    button.append(arrow);
    table.tHead.rows[0].cells[place].replaceChildren(button);
    button.addEventListener("click", () => {
      const isSorted = state.sort === field.name;
      if (isSorted && state.dir === "desc") show({ sort: "", dir: "asc", page: 1 });
      else show({ sort: field.name, dir: isSorted ? "desc" : "asc", page: 1 });
    });
  });

  for (const year of years) find("year").append(element("option", "", year));

  let typing;
  function search() {
    clearTimeout(typing);
    const query = find("q").value;
    if (query !== state.q) show({ q: query, page: 1 }, { isTyping: state.q !== "" && query !== "" });
  }
  find("q").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(search, 200);
  });
  find("tools").addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  find("year")?.addEventListener("change", (event) => show({ year: event.target.value, page: 1 }));
  find("size").addEventListener("change", (event) => {
    const first = (state.page - 1) * state.size;
    const size = Number(event.target.value);
    show({ size, page: Math.floor(first / size) + 1 }, { isSameView: true });
  });

  async function turn(page) {
    await show({ page }, { isSameView: true });
    table.parentElement.scrollIntoView({ block: "nearest" });
  }
  find("page").addEventListener("change", (event) => turn(Number.parseInt(event.target.value, 10) || 1));
  find("pager").addEventListener("click", (event) => {
    const pages = Math.ceil(viewSize() / state.size);
    const to = { first: 1, previous: state.page - 1, next: state.page + 1, last: pages }[event.target.dataset.go];
    if (to) turn(to);
  });

  window.addEventListener("hashchange", () => {
    const wanted = fromHash();
    if (toHash(wanted) === toHash(state)) return;
    state = wanted;
    fillControls();
    show({});
  });

  // On a narrow screen the navigation is one line that scrolls: begin at this page.
  const here = document.querySelector(".side-nav [aria-current]");
  here.closest("nav").scrollLeft = here.offsetLeft - here.closest("nav").offsetLeft - 16;
  for (const each of document.querySelectorAll(".js-only")) each.hidden = false;
  state = fromHash();
  fillControls();
  show({});
})();
