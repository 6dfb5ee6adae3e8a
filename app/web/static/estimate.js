/* Says how large an archive will be while somebody chooses. The words are the server's; without this, a button asks. */
(function () {
  'use strict';
  var form = document.querySelector('[data-estimate]');
  if (!form) return;
  var box = form.querySelector('[data-estimated]'), update = form.querySelector('[data-update]');
  var warning = box.querySelector('[data-warning]');
  var timer, asked = 0;

  function offer(isNeeded) { if (update) update.hidden = update.disabled = !isNeeded; }   // beside a request it stays: Enter presses it
  function query() {
    var chosen = new URLSearchParams(new FormData(form));
    chosen.delete('csrf_token');   // addresses stand in logs
    return chosen.toString();
  }
  function show(answer) {
    box.hidden = false;
    box.querySelector('[data-text]').textContent = answer.text;
    box.querySelector('[data-rows]').textContent = answer.rows_text;
    warning.hidden = !answer.warning;
    warning.querySelector('span').textContent = answer.warning;
  }
  async function ask() {
    var turn = ++asked;
    try {
      var response = await fetch(form.dataset.estimate + '?' + query(), { headers: { Accept: 'application/json' }, cache: 'no-store' });
      if (!response.ok) throw new Error(response.status);
      var answer = await response.json();
      if (turn === asked) show(answer);   // an older answer may come later
    } catch (_) { offer(true); }
  }
  form.addEventListener('change', function () { clearTimeout(timer); timer = setTimeout(ask, 300); });
  offer(false);
})();
