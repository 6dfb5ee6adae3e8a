/* Values as nodes of the page. Every value is written with textContent: nothing of the archive is parsed as HTML.

   `wanted`: the words that were searched for, to be marked. `base`: where the part lies that holds the row's files. */
"use strict";

VIEWER.cells = ({ values, search }) => {
  const { shown, linkTo, isPicture } = values;
  const EXCERPT = 400;

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function marked(node, text, wanted) {
    let at = 0;
    for (const [from, to] of wanted.length ? search.hitsIn(text, wanted) : []) {
      node.append(text.slice(at, from), element("mark", "", text.slice(from, to)));
      at = to;
    }
    node.append(text.slice(at));
    return node;
  }

  /* A long text in the table begins shortly before what was searched for. */
  function excerpt(text, wanted) {
    let from = 0;
    if (wanted.length && text.length > 120) {
      const hit = search.hitsIn(text.slice(0, 100000), wanted)[0];
      if (hit && hit[0] > 80) from = text.indexOf(" ", hit[0] - 50) + 1 || hit[0] - 50;
      if (hit && from > hit[0]) from = hit[0];
    }
    const piece = text.slice(from, from + EXCERPT);
    return (from ? "… " : "") + piece + (from + EXCERPT < text.length ? "…" : "");
  }

  function timeOf(text, value, wanted) {
    const time = marked(element("time"), text, wanted);
    time.dateTime = value;
    return time;
  }

  function linkOf(path, base, className) {
    const link = element("a", className);
    link.href = linkTo(path, base);
    return link;
  }

  function pictureOf(path, base, alt) {
    const picture = element("img");
    picture.loading = "lazy";
    picture.decoding = "async";
    picture.alt = alt;
    picture.src = linkTo(path, base);
    return picture;
  }

  function content(field, value, wanted, alt, base) {
    const text = shown(field, value);
    if (value === null) return "";
    if (field.kind === "moment" || field.kind === "date") return timeOf(text, value, wanted);
    if (field.kind === "file" && linkTo(value, base)) {
      const link = linkOf(value, base, isPicture(value) ? "thumb" : "");
      if (isPicture(value)) link.append(pictureOf(value, base, alt || value));
      else marked(link, text, wanted);
      return link;
    }
    if (field.kind === "longtext" || field.kind === "json") return marked(element("span", "clip"), excerpt(text, wanted), wanted);
    return marked(document.createDocumentFragment(), text, wanted);
  }

  function kindOf(field, value) {
    return field.kind === "id" && value !== null && !values.isOpaque(shown(field, value)) ? "name" : field.kind;
  }

  return { element, marked, excerpt, timeOf, linkOf, pictureOf, content, kindOf };
};
