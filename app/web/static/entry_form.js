/* Makes writing an entry pleasanter: chosen files are shown and can be taken back one by one, tags are suggested one
   after the other, and nobody leaves by accident what is not saved. Without JavaScript the form does all it must. */
(function () {
  'use strict';
  var form = document.querySelector('[data-entry-form]');
  if (!form) return;
  var language = document.documentElement.lang;

  /* What is not saved */
  var unsaved = 'unsaved' in form.dataset;
  form.addEventListener('input', function () { unsaved = true; });
  window.addEventListener('beforeunload', function (event) { if (unsaved) event.preventDefault(); });

  /* Tags: browsers complete a whole field, so each suggestion begins with the tags that stand there already. */
  var tags = form.querySelector('[list]'), list = tags.list;
  var known = Array.from(list.options, function (option) { return option.value; });
  tags.addEventListener('input', function () {
    var before = tags.value.slice(0, tags.value.lastIndexOf(',') + 1), given = before.split(',').map(function (tag) { return tag.trim(); });
    list.replaceChildren.apply(list, known.filter(function (tag) { return !given.includes(tag); }).map(function (tag) {
      var option = document.createElement('option');
      option.value = before ? before + ' ' + tag : tag;
      return option;
    }));
  });

  /* Pictures and files */
  var input = form.querySelector('[type=file]'), shown = form.querySelector('[data-chosen]');
  var pattern = form.querySelector('[data-chosen-file]'), tooMuch = form.querySelector('[data-too-much]');
  var pictures = /^image\/(png|jpeg|gif|webp)$/, chosen = [], most = Number(input.dataset.most), together = Number(input.dataset.mostTogether);

  function size(bytes) {
    var unit = bytes < 1024 * 1024 ? ['kilobyte', 1024] : ['megabyte', 1024 * 1024];
    return new Intl.NumberFormat(language, { style: 'unit', unit: unit[0], maximumFractionDigits: 1 }).format(bytes / unit[1]);
  }
  function draw(file, canvas) {   // not by an address of the picture: the page's policy has none but our own
    if (!pictures.test(file.type)) return;
    createImageBitmap(file).then(function (picture) {
      var side = Math.min(picture.width, picture.height), edge = canvas.width;
      canvas.getContext('2d').drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, edge, edge);
      canvas.hidden = false;
      picture.close();
    }, function () {});   // no picture after all
  }
  function describe(file, label) {   // what is no picture has an empty one: the server takes them in the order of the files
    label.hidden = !pictures.test(file.type);
    var earlier = Array.from(form.querySelectorAll('[data-earlier]')).find(function (each) { return each.dataset.earlier.normalize() === file.name.normalize(); });
    if (!earlier) return;
    label.querySelector('input').value = label.hidden ? '' : earlier.querySelector('[name=earlier_description]').value;
    earlier.remove();
  }
  function show(file) {
    var item = pattern.content.firstElementChild.cloneNode(true);
    item.querySelector('[data-name]').textContent = file.name;
    item.querySelectorAll('[data-name-too]').forEach(function (each) { each.textContent = ' ' + file.name; });
    item.querySelector('[data-size]').textContent = size(file.size);
    item.querySelector('[data-too-large]').hidden = file.size <= most;
    draw(file, item.querySelector('canvas'));
    describe(file, item.querySelector('[data-describe]'));
    item.querySelector('button').addEventListener('click', function () {
      chosen.splice(chosen.indexOf(file), 1);
      item.remove();
      keep();
      input.focus();
    });
    shown.append(item);
  }
  function sum() { return chosen.reduce(function (bytes, file) { return bytes + file.size; }, 0); }
  function keep() {
    var files = new DataTransfer();
    chosen.forEach(function (file) { files.items.add(file); });
    input.files = files.files;
    shown.hidden = !chosen.length;
    tooMuch.hidden = sum() < together;
  }
  input.addEventListener('change', function () {
    Array.from(input.files).forEach(function (file) {
      var twice = chosen.some(function (other) { return other.name === file.name && other.size === file.size && other.lastModified === file.lastModified; });
      if (!twice) { chosen.push(file); show(file); }
    });
    keep();
  });
  form.addEventListener('submit', function (event) {
    if (!tooMuch.hidden) {   // it would be refused, and with it the text
      event.preventDefault();
      tooMuch.focus();
    } else unsaved = false;
  });
})();
