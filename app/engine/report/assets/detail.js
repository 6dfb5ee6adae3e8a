/* A row's own view: a dialog with all of its fields, and the rows before and after. */
"use strict";

VIEWER.detail = ({ find, table, status, words, values, rows, search, cells, address, page, related }) => {
  const { own, load, chunkOf, rowAt, baseAt } = rows;
  const { element, marked, timeOf, linkOf, pictureOf } = cells;
  const { say, shown, linkTo, isPicture, altOf, indented } = values;
  const { state } = address;
  const LONGEST_TEXT = 1000000; // characters
  const dialog = find("detail");
  let open = 0;

  async function showRow(place) {
    open = place;
    const index = page.indexAt(place);
    try {
      await load(chunkOf(index));
    } catch (error) {
      dialog.close();
      status.textContent = words.trouble(error);
      return;
    }
    state.row = index + 1;
    const row = rowAt(index);
    const nodes = drawFields(row, baseAt(index));
    find("detail-place").textContent = words.place(say(place + 1), say(page.viewSize()));
    find("detail-title").textContent = cells.excerpt(page.titleOf(row).trim(), []) || words.details;
    find("detail-previous").disabled = place === 0;
    find("detail-next").disabled = place === page.viewSize() - 1;
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    find("detail-title").focus();
    address.replace();
    related.relate(row, nodes, () => dialog.open);
  }

  /* The nodes that show the values, in the order of the fields. */
  function drawFields(row, base) {
    const list = find("detail-fields");
    list.replaceChildren();
    return own.fields.map((field, position) => {
      const value = element("dd", `t-${cells.kindOf(field, row[position])}`);
      value.append(...fullContent(field, row[position], altOf(field, row) || page.titleOf(row).trim(), base));
      list.append(element("dt", "", field.label), value);
      return value;
    });
  }

  function fullContent(field, value, alt, base) {
    if (value === null || value === "") return [words.empty];
    const wanted = search.wordsOf(state.q);
    const text = shown(field, value);
    if (field.kind === "file") return fileContent(value, alt, wanted, base);
    if (field.kind === "bytes") return [`${text}. ${words.inJson}`];
    if (field.kind === "id" && text !== String(value)) return [text, " ", element("span", "muted", `(${value})`)];
    if (field.kind === "moment" || field.kind === "date") return [timeOf(text, value, wanted)];
    return textContent(field, text, wanted);
  }

  /* Much longer ones hold up a browser: 9 MB take it several seconds. */
  function textContent(field, text, wanted) {
    const piece = text.slice(0, LONGEST_TEXT);
    const content = marked(document.createDocumentFragment(), field.kind === "json" ? indented(piece) : piece, wanted);
    if (piece.length === text.length) return [content];
    return [element("p", "muted small", words.shortened(say(piece.length), say(text.length))), content];
  }

  function fileContent(path, alt, wanted, base) {
    if (!linkTo(path, base)) return [path, element("p", "muted small", words.program)];
    const link = marked(linkOf(path, base), path, wanted);
    if (!isPicture(path)) return [link];
    const frame = linkOf(path, base, "picture");
    frame.append(pictureOf(path, base, alt || path));
    return [frame, link];
  }

  function closeDetail() {
    if (dialog.open) dialog.close();
  }

  dialog.addEventListener("close", () => {
    state.row = 0;
    address.replace();
    const button = table.tBodies[0].querySelector(`button[data-place="${open}"]`);
    (button || table.parentElement).focus();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  });
  find("detail-close").addEventListener("click", () => dialog.close());
  find("detail-previous").addEventListener("click", () => showRow(open - 1));
  find("detail-next").addEventListener("click", () => showRow(open + 1));
  table.tBodies[0].addEventListener("click", (event) => {
    const line = event.target.closest("tr");
    if (!line || event.target.closest("a") || String(window.getSelection())) return;
    const button = line.querySelector("button[data-place]");
    if (button) showRow(Number(button.dataset.place));
  });

  return { showRow, closeDetail };
};
