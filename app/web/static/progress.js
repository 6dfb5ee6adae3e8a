/* Follows one archive. The server decides how often to ask, and draws every new state itself. */
(function () {
  'use strict';
  var box = document.querySelector('[data-poll]');
  if (!box) return;
  var bar = box.querySelector('progress'), live = box.querySelector('[data-live]');
  var percent = box.querySelector('[data-percent]'), detail = box.querySelector('[data-detail]');
  var stages = box.querySelectorAll('[data-stage]');
  var timer, failures = 0, spoken = 0, title = document.title, said = percent.textContent;

  function say(text) { live.textContent = text; }
  function next(seconds) {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, seconds * 1000);
  }
  function mark(stage, number, current) {
    stage.classList.toggle('done', number < current);
    if (number === current) stage.setAttribute('aria-current', 'step');
    else stage.removeAttribute('aria-current');
  }
  function show(answer) {
    stages.forEach(function (stage, number) { mark(stage, number, answer.stage); });
    bar.value = answer.percent;
    percent.textContent = answer.percent_text;
    detail.textContent = answer.detail_text;
    document.title = title.startsWith(said) ? answer.percent_text + title.slice(said.length) : answer.percent_text + ' – ' + title;
    if (Math.floor(answer.percent / 25) > Math.floor(spoken / 25)) {   // at 25, 50 and 75 only
      spoken = answer.percent;
      say(answer.percent_text + '. ' + answer.detail_text);
    }
  }
  async function ask() {
    try {
      var response = await fetch(box.dataset.poll, { headers: { Accept: 'application/json' }, cache: 'no-store' });
      if (response.status === 401 || response.status === 404) return location.reload();   // signed out, or gone: the server says so
      if (!response.ok) throw new Error(response.status);
      var answer = await response.json();
      failures = 0;
      if (answer.state !== box.dataset.state) return location.reload();   // the server draws every state
      show(answer);
      next(answer.poll_after);
    } catch (_) {
      failures += 1;
      if (failures === 3) { say(box.dataset.offline); detail.textContent = box.dataset.offline; }
      next(Math.min(60, 5 * Math.pow(2, failures)));
    }
  }
  document.addEventListener('visibilitychange', function () { if (document.hidden) clearTimeout(timer); else ask(); });
  next(0.25);   // a small archive may be ready by then
})();
