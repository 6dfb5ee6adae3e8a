/* Chooses the browser's own time zone in the sign-up form. Without JavaScript it stays at UTC.

   Some browsers say a zone by the name that CLDR once gave it and keeps for ever; IANA, and people, call it otherwise. */
(function () {
  'use strict';
  var field = document.querySelector('[data-detect-time-zone]');
  if (!field) return;
  var renamed = {
    'Africa/Asmera': 'Africa/Asmara', 'America/Godthab': 'America/Nuuk', 'Asia/Calcutta': 'Asia/Kolkata',
    'Asia/Katmandu': 'Asia/Kathmandu', 'Asia/Rangoon': 'Asia/Yangon', 'Asia/Saigon': 'Asia/Ho_Chi_Minh',
    'Atlantic/Faeroe': 'Atlantic/Faroe', 'Europe/Kiev': 'Europe/Kyiv', 'Pacific/Enderbury': 'Pacific/Kanton',
  };
  var said = Intl.DateTimeFormat().resolvedOptions().timeZone, zone = renamed[said] || said;
  if (Array.from(field.options).some(function (option) { return option.value === zone; })) field.value = zone;
})();
