/* What belongs to a row: read when its own view opens, found by the foreign keys of the archive's tables. */
"use strict";

VIEWER.related = ({ find, words, values, parts, rows, cells }) => {
  const { stores, own, load, rowAt, baseAt } = rows;
  const { element, excerpt, timeOf, pictureOf } = cells;
  const { say, shown, isPicture } = values;
  const LONGEST_LINK = 120;
  const MOST_RELATED = 50; // rows of one table, below the fields of a row that they belong to
  const MOST_VALUES = 4; // of each
  const TOLD = ["text", "longtext", "moment", "date"]; // kinds that tell people what a row is
  let run = 0;

  /* `nodes`: those that show the row's values. `isOpen`: whether the view still is. */
  async function relate(row, nodes, isOpen) {
    run += 1;
    const mine = run;
    const isCurrent = () => isOpen() && mine === run;
    const line = find("detail-status");
    find("detail-related").replaceChildren();
    line.textContent = words.relating;
    const missing = new Set();
    const absent = new Set();
    for (const step of [...linksOf(row, nodes, absent), ...sectionsOf(row, absent)]) {
      try {
        await step(isCurrent);
      } catch (error) {
        missing.add(words.trouble(error)); // what can be read is shown all the same
      }
      if (!isCurrent()) return;
    }
    if (absent.size) missing.add(parts.tellAbsent([...absent].sort((one, other) => one - other)));
    line.textContent = [...missing].join(" ");
  }

  function linksOf(row, nodes, absent) {
    return own.references.map(({ column, table: to, to: key }) => async (isCurrent) => {
      const target = stores.get(to);
      const [index] = await findRows(target, key, row[column], absent, 1);
      if (index === undefined || !isCurrent()) return;
      const link = rowLink(target, index, target.isPerson ? words.you : titleOf(target, rowAt(index, target)));
      nodes[column].className = "";
      nodes[column].replaceChildren(link, " ", element("span", "muted t-id", `(${row[column]})`));
    });
  }

  /* The person's own row has none: all of the archive belongs to it. */
  function sectionsOf(row, absent) {
    if (own.isPerson) return [];
    return [...stores.values()].flatMap((store) => {
      const references = store.references.filter((each) => each.table === own.name);
      return references.map((reference) => async (isCurrent) => {
        const found = await findRows(store, reference.column, row[reference.to], absent);
        const title = references.length > 1 ? words.by(store.title, store.fields[reference.column].label) : store.title;
        if (!found.length || !isCurrent()) return;
        const section = await sectionOf(store, reference, found, title);
        if (isCurrent()) find("detail-related").append(section);
      });
    });
  }

  /* The numbers of the rows that hold this value. Chunks are read in turn until there are enough; `absent` takes the
     parts that are not there and might have held more. */
  async function findRows(store, column, value, absent, enough = Infinity) {
    if (value === null) return [];
    const index = (store.indexes[column] ||= { read: 0, places: new Map(), absent: new Set() });
    const found = () => index.places.get(value) || [];
    while (index.read < store.starts.length && found().length < enough) {
      const number = index.read;
      const isHere = await load(number, store);
      if (number !== index.read) continue; // the view of another row has been here meanwhile
      if (isHere) addToIndex(index, store, column);
      else index.absent.add(store.chunkParts[number]);
      index.read += 1;
    }
    if (found().length < enough) for (const part of index.absent) absent.add(part);
    return found();
  }

  function addToIndex(index, store, column) {
    store.chunks[index.read].forEach((row, place) => {
      const key = row[column]; // as it is: somebody called “1” is not the row 1
      const places = index.places.get(key);
      if (places) places.push(store.starts[index.read] + place);
      else index.places.set(key, [store.starts[index.read] + place]);
    });
  }

  async function sectionOf(store, reference, found, title) {
    const section = element("section");
    const list = element("ul", "related");
    list.setAttribute("role", "list");
    for (const index of found.slice(0, MOST_RELATED)) list.append(await itemOf(store, index, reference));
    section.append(element("h3", "", words.section(title, say(found.length))), list);
    const left = found.length - MOST_RELATED;
    if (left > 0) section.append(element("p", "muted small", words.more(say(left))));
    return section;
  }

  async function itemOf(store, index, reference) {
    const row = rowAt(index, store);
    const told = toldBy(store, row, reference.column);
    const item = element("li");
    const picture = store.fields.findIndex((field, position) => field.kind === "file" && isPicture(row[position]));
    if (picture >= 0) item.append(thumbOf(row[picture], baseAt(index, store)));
    const text = element("div");
    text.append(told.length ? rowLink(store, index, told[0].text) : await linkThrough(store, index, reference));
    for (const { field, text: piece, value } of told.slice(1, MOST_VALUES)) {
      const isLong = field.kind === "longtext";
      const isTime = field.kind === "moment" || field.kind === "date";
      text.append(isTime ? timeOf(piece, value, []) : element("span", isLong ? "clip" : "", piece));
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
      const [found] = await findRows(target, key, row[column], new Set(), 1);
      if (found !== undefined) return rowLink(target, found, titleOf(target, rowAt(found, target)));
    }
    return rowLink(store, index, words.details);
  }

  function toldBy(store, row, without) {
    return store.columns.flatMap((position) => {
      if (position === without) return [];
      const [field, value] = [store.fields[position], row[position]];
      const text = value === null ? "" : excerpt(shown(field, value).trim(), []);
      const isName = field.kind === "id" && !values.isOpaque(text);
      return text && (isName || TOLD.includes(field.kind)) ? [{ field, text, value }] : [];
    });
  }

  const titleOf = (store, row) => toldBy(store, row)[0]?.text || words.details;

  function rowLink(store, index, text) {
    const link = element("a", "", text.length > LONGEST_LINK ? `${text.slice(0, LONGEST_LINK)}…` : text);
    link.href = `${encodeURIComponent(store.file)}.html#row=${index + 1}`;
    return link;
  }

  function thumbOf(path, base) {
    const thumb = element("span", "thumb");
    thumb.append(pictureOf(path, base, "")); // the words beside it say what it is
    return thumb;
  }

  return { relate };
};
