/* The rows: chunks are read when a page, a search or a row's own view needs them, and stay.

   A chunk is a script that calls ARCHIVE_CHUNK(table, number, rows), in this part of the archive or in another. */
"use strict";

VIEWER.rows = ({ archive, parts, table }) => {
  const stores = new Map(archive.tables.map((each) => [each.name, { ...each, chunks: [], coming: [], indexes: [] }]));
  const own = stores.get(table.dataset.table);

  window.ARCHIVE_CHUNK = (of, number, rows) => {
    const store = stores.get(of);
    if (store?.coming[number] && isWhole(rows, number, store)) store.chunks[number] = rows;
  };

  /* A damaged file may be a script all the same. */
  function isWhole(rows, number, { starts, rows: total, fields }) {
    const count = (starts[number + 1] ?? total) - starts[number];
    return Array.isArray(rows) && rows.length === count && rows.every((row) => row?.length === fields.length);
  }

  /* Resolves to false where the part that holds the chunk is not there; rejects where only the chunk is missing. */
  async function load(number, store = own) {
    if (store.chunks[number]) return true;
    const base = await parts.find(store.chunkParts[number]);
    if (base === null) return false;
    store.coming[number] ||= read(`${base}viewer/${store.file}.${String(number).padStart(4, "0")}.js`, number, store);
    await store.coming[number];
    return true;
  }

  async function read(path, number, store) {
    await parts.run(path);
    store.coming[number] = undefined;
    if (!store.chunks[number]) throw Object.assign(new Error(path), { file: path });
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

  /* Where the files of a row lie: in its own part, which is found once the row is read. */
  const baseAt = (index, store = own) => parts.baseOf(store.chunkParts[chunkOf(index, store)]);

  /* The numbers of the rows in all parts but these. */
  function listHere(absent) {
    return own.starts.flatMap((start, number) => {
      const end = own.starts[number + 1] ?? own.rows;
      return absent.includes(own.chunkParts[number]) ? [] : Array.from({ length: end - start }, (_, place) => start + place);
    });
  }

  return { stores, own, load, chunkOf, rowAt, baseAt, listHere };
};
