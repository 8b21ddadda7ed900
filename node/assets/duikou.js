// What browsers with scripts have beyond forms and links: suggestions while somebody types, buttons that
// copy. Everything works without.
(function () {
  "use strict";
  var PAUSE_MS = 150;

  function suggest(input) {
    var list = document.getElementById(input.getAttribute("list"));
    var timer = 0;
    var asked = "";
    function ask() {
      var text = input.value.trim();
      if (!text || text === asked) return;
      asked = text;
      fetch(input.dataset.suggest + "?q=" + encodeURIComponent(text), { headers: { accept: "application/json" } })
        .then(function (answer) { return answer.ok ? answer.json() : []; })
        .then(function (texts) {
          if (input.value.trim() !== text) return;
          list.textContent = "";
          texts.forEach(function (one) {
            var option = document.createElement("option");
            option.value = one;
            list.appendChild(option);
          });
        })
        .catch(function () { asked = ""; });
    }
    input.addEventListener("input", function () {
      clearTimeout(timer);
      timer = setTimeout(ask, PAUSE_MS);
    });
  }

  function copying(input) {
    var button = document.getElementById(input.dataset.copy);
    if (!button || !navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", function () {
      input.select();
      navigator.clipboard.writeText(input.value).then(function () { button.textContent = button.dataset.done; }, function () {});
    });
  }

  Array.prototype.forEach.call(document.querySelectorAll("input[data-suggest]"), suggest);
  Array.prototype.forEach.call(document.querySelectorAll("input[data-copy]"), copying);
})();
