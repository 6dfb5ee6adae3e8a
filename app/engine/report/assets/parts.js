/* Where the parts of an archive lie. Each part was one ZIP file and is one folder; this page stands in one of them. */
"use strict";

VIEWER.parts = ({ archive, words }) => {
  const bases = new Map([[archive.part, ""]]); // part: where it lies, from this page; null when it is not there
  const looking = new Map();

  /* Resolves when the script has run, and also when there is none. */
  function run(path) {
    return new Promise((done) => {
      const script = document.createElement("script");
      const finish = () => {
        script.remove();
        done();
      };
      script.src = path;
      script.onload = finish;
      script.onerror = finish;
      document.head.append(script);
    });
  }

  /* Side by side; or with a folder round this one, the other or both, as “Extract all” of Windows makes. */
  function placesOf(part) {
    const folder = encodeURIComponent(archive.parts[part - 1]);
    return ["../", "../../"].flatMap((up) => [`${up}${folder}/`, `${up}${folder}/${folder}/`]);
  }

  async function look(part) {
    bases.set(part, null);
    for (const place of placesOf(part)) {
      await run(`${place}viewer/manifest.js`);
      const { part: found, parts: all } = window.ARCHIVE; // its own words, if it has any
      window.ARCHIVE = archive;
      if (found !== part || all?.[0] !== archive.parts[0]) continue;
      bases.set(part, place);
      break;
    }
    return bases.get(part);
  }

  /* Resolves to where a part lies; to null when it is not there. Looks once: chunks are many. */
  function find(part) {
    if (part === archive.part) return Promise.resolve("");
    if (!looking.has(part)) looking.set(part, look(part));
    return looking.get(part);
  }

  /* Resolves to those that are not there, in order. */
  async function findAbsent(numbers) {
    const parts = [...new Set(numbers)].sort((one, other) => one - other);
    const places = await Promise.all(parts.map(find));
    return parts.filter((_, position) => places[position] === null);
  }

  const baseOf = (part) => bases.get(part);
  const tellAbsent = (absent) => words.absent(absent, absent.map((part) => archive.parts[part - 1]));

  return { run, find, findAbsent, baseOf, tellAbsent };
};
