/* Hands over what a mailed link has behind its #, which browsers send to nobody. Without this the code is pasted. */
(function () {
  'use strict';
  var field = document.querySelector('[data-mailed-code] input:not([type="hidden"])');
  function hand() {
    var code = location.hash.slice(1);
    if (!field || !code) return;
    history.replaceState(null, '', location.pathname);
    field.value = code;
    field.form.submit();
  }
  window.addEventListener('hashchange', hand);   // another link, opened where this page stands already
  hand();
})();
