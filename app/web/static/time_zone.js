/* Chooses the browser's own time zone in the sign-up form. Without JavaScript it stays at UTC. */
(function () {
  'use strict';
  var field = document.querySelector('[data-detect-time-zone]');
  if (!field) return;
  var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (Array.from(field.options).some(function (option) { return option.value === zone; })) field.value = zone;
})();
