// What browsers with scripts have beyond forms and links: suggestions while somebody types, and pages
// that keep themselves up to date. Everything works without.
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

  // A part of a page that looks again by itself, while somebody sees it. What has the focus keeps it.
  var AGAIN_MS = 15000;

  function live(part) {
    var tag = "";
    function again() {
      if (document.hidden) return;
      fetch(part.dataset.live, { headers: tag ? { accept: "text/html", "if-none-match": tag } : { accept: "text/html" }, cache: "no-store" })
        .then(function (answer) {
          if (answer.status !== 200 || answer.redirected) return "";
          tag = answer.headers.get("etag") || "";
          return answer.text();
        })
        .then(function (html) {
          if (!html) return;
          var focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
          var made = new DOMParser().parseFromString(html, "text/html").body;
          part.textContent = "";
          while (made.firstChild) part.appendChild(document.adoptNode(made.firstChild));
          if (focused === null) return;
          Array.prototype.some.call(part.querySelectorAll("a[href]"), function (link) {
            if (link.getAttribute("href") !== focused) return false;
            link.focus();
            return true;
          });
        })
        .catch(function () {});
    }
    setInterval(again, AGAIN_MS);
    document.addEventListener("visibilitychange", again);
  }

  Array.prototype.forEach.call(document.querySelectorAll("input[data-suggest]"), suggest);
  Array.prototype.forEach.call(document.querySelectorAll("[data-live]"), live);
})();
