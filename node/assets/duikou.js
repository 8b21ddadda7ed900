// What browsers with scripts have beyond forms and links: suggestions while somebody types, drafts that save themselves,
// a text as its readers see it, buttons that copy, how far an import has come, and parts of pages that keep themselves up
// to date. Everything works without.
(function () {
  "use strict";
  var PAUSE_MS = 150;
  var SAVE_AFTER_MS = 1500;
  var RETRY_AFTER_MS = 10000;
  var LONGEST_REST_MS = 120000;
  var PREVIEW_AFTER_MS = 400;

  // A piece of this site's own HTML in the place of what an element holds.
  function fill(element, html) {
    var made = new DOMParser().parseFromString(html, "text/html");
    while (element.firstChild) element.removeChild(element.firstChild);
    while (made.body.firstChild) element.appendChild(document.adoptNode(made.body.firstChild));
  }

  function suggest(input) {
    var list = document.getElementById(input.getAttribute("list"));
    var several = input.dataset.several;
    var timer = 0;
    var asked = "";
    // Of several in one line the last is being typed.
    function last() {
      return several ? Math.max(input.value.lastIndexOf(several), input.value.lastIndexOf(";")) + 1 : 0;
    }
    function ask() {
      var at = last();
      var before = input.value.slice(0, at);
      var text = input.value.slice(at).trim();
      if (!text || text === asked) return;
      asked = text;
      fetch(input.dataset.suggest + "?q=" + encodeURIComponent(text), { headers: { accept: "application/json" } })
        .then(function (answer) { return answer.ok ? answer.json() : []; })
        .then(function (texts) {
          if (input.value.slice(last()).trim() !== text) return;
          list.textContent = "";
          texts.forEach(function (one) {
            var option = document.createElement("option");
            option.value = before + one;
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

  function autosave(form) {
    var shown = document.getElementById("saved");
    var timer = 0;
    // What could not be saved stands in the form from the beginning; between two versions whoever writes decides.
    var dirty = "dirty" in form.dataset;
    var busy = false;
    var stopped = "decide" in form.dataset;
    // While the server wants to be left alone nothing is sent before its time.
    var rest = 0;
    // The button of a form that was sent while it was being saved: it is pressed again with what was saved.
    var waiting = null;
    function go() {
      if (!waiting) return;
      var button = waiting;
      waiting = null;
      button.click();
    }
    function say(text, bad) {
      shown.textContent = text;
      shown.className = bad ? "saved bad" : "saved";
    }
    function later(after) {
      clearTimeout(timer);
      if (!stopped) timer = setTimeout(save, Math.max(after, rest - Date.now()));
    }
    function said(all) {
      Object.keys(all).forEach(function (name) {
        var place = form.querySelector('[data-said="' + name + '"]');
        if (!place) return;
        fill(place, all[name]);
        var wrong = !!place.querySelector(".error");
        place.parentNode.classList.toggle("wrong", wrong);
        var field = document.getElementById(name);
        if (field && wrong) field.setAttribute("aria-invalid", "true");
        else if (field) field.removeAttribute("aria-invalid");
      });
    }
    function save() {
      if (busy || stopped || !dirty) return;
      busy = true;
      dirty = false;
      say(form.dataset.saving, false);
      var body = new URLSearchParams(new FormData(form));
      fetch(form.getAttribute("action"), { method: "POST", body: body, headers: { accept: "application/json" } })
        .then(function (answer) {
          if (answer.status === 401) throw new Error("signed out");
          // Too many at once, or a server that is just now not itself: it passes.
          if (answer.status === 429 || answer.status >= 500) {
            var wait = parseInt(answer.headers.get("retry-after"), 10);
            if (wait > 0) rest = Date.now() + Math.min(wait * 1000, LONGEST_REST_MS);
            throw new Error("later");
          }
          return answer.json().then(function (told) { return { ok: answer.ok, status: answer.status, told: told }; });
        })
        .then(function (answer) {
          busy = false;
          if (!answer.ok) {
            // Where somebody else was quicker, or there is no such draft, whoever writes decides; what is refused for what
            // it says is tried again when it says something else.
            stopped = answer.status === 409 || answer.status === 404;
            dirty = true;
            go();
            return say(answer.told.problem || answer.told.detail || form.dataset.retry, true);
          }
          form.elements.namedItem("etag").value = answer.told.etag;
          form.elements.namedItem("began").value = answer.told.began;
          each("[data-state]", function (badge) { badge.textContent = answer.told.state; });
          each("[data-waits]", function (notice) {
            if (!answer.told.waits) notice.firstElementChild.textContent = notice.dataset.waits;
          });
          if (form.getAttribute("action") !== answer.told.path) {
            form.setAttribute("action", answer.told.path);
            history.replaceState(null, "", answer.told.path);
            // What leads back to this page leads to the draft from now on.
            each('input[name="back"]', function (back) { back.value = answer.told.path; });
          }
          said(answer.told.said);
          if (waiting) return go();
          if (dirty) return later(SAVE_AFTER_MS);
          say(answer.told.saved, false);
        })
        .catch(function (error) {
          busy = false;
          dirty = true;
          var out = error.message === "signed out";
          stopped = out;
          say(out ? form.dataset.lost : form.dataset.retry, true);
          later(RETRY_AFTER_MS);
          go();
        });
    }
    form.addEventListener("input", function () {
      dirty = true;
      if (!stopped && !busy) say(form.dataset.unsaved, false);
      later(SAVE_AFTER_MS);
    });
    // In a line Enter saves and stays; with an input method it chooses a word.
    form.addEventListener("keydown", function (event) {
      var line = event.target.matches('input:not([type="submit"])');
      if (event.key !== "Enter" || !line || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      clearTimeout(timer);
      save();
    });
    form.addEventListener("change", function (event) {
      var more = event.target.closest("details");
      var count = more && more.querySelector("[data-count]");
      if (count) count.textContent = more.querySelectorAll("input:checked").length;
    });
    form.addEventListener("submit", function (event) {
      if (busy) {
        waiting = event.submitter || document.activeElement;
        return event.preventDefault();
      }
      dirty = false;
      stopped = true;
      clearTimeout(timer);
    });
    Array.prototype.forEach.call(form.querySelectorAll("[data-leave]"), function (link) {
      link.addEventListener("click", function () { dirty = false; });
    });
    window.addEventListener("beforeunload", function (event) {
      if (dirty) event.preventDefault();
    });
  }

  function preview(button) {
    var section = document.getElementById("preview");
    var place = document.getElementById("preview-body");
    var text = document.getElementById("body");
    var timer = 0;
    function show() {
      var body = new URLSearchParams({ body: text.value });
      return fetch(button.dataset.preview, { method: "POST", body: body, headers: { accept: "text/html" } })
        .then(function (answer) { if (!answer.ok) throw new Error(); return answer.text(); })
        .then(function (html) { section.hidden = false; fill(place, html); })
        .catch(function () { section.hidden = true; });
    }
    text.addEventListener("input", function () {
      if (section.hidden) return;
      clearTimeout(timer);
      timer = setTimeout(show, PREVIEW_AFTER_MS);
    });
    button.addEventListener("click", function (event) {
      event.preventDefault();
      show().then(function () { section.scrollIntoView({ block: "nearest" }); });
    });
  }

  function progress(area) {
    var SECOND_MS = 1000;
    var bar = area.querySelector("progress");
    function look() {
      fetch(area.dataset.progress, { headers: { accept: "application/json" } })
        .then(function (answer) { return answer.ok ? answer.json() : Promise.reject(); })
        .then(function (now) {
          if (!now.text) return location.reload();
          area.querySelector(".progress-text").textContent = now.text;
          if (now.total > 0) {
            bar.max = now.total;
            bar.value = now.done;
          }
          setTimeout(look, SECOND_MS);
        })
        .catch(function () { setTimeout(look, 5 * SECOND_MS); });
    }
    setTimeout(look, SECOND_MS);
  }

  // A part of a page that looks again by itself, while somebody sees it. What has the focus keeps it; where that is gone,
  // its heading has it, or the one that stands there now. Who is signed in no longer is told as of when they read.
  var AGAIN_MS = 15000;

  function live(part) {
    var tag = "";
    var fresh = new Date();
    function headings() {
      return Array.prototype.slice.call(part.querySelectorAll("h2"));
    }
    // What has the focus in there: where it leads, and which heading stands above it.
    function focused() {
      var element = document.activeElement;
      if (!part.contains(element)) return null;
      var above = headings().filter(function (heading) {
        return heading.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING || heading === element;
      });
      return { href: element.getAttribute("href"), id: above.length ? above[above.length - 1].id : "", at: above.length };
    }
    function refocus(before) {
      var links = Array.prototype.slice.call(part.querySelectorAll("a[href]"));
      var same = links.filter(function (link) { return link.getAttribute("href") === before.href; })[0];
      if (same) return same.focus();
      var now = headings();
      var own = now.filter(function (heading) { return before.id && heading.id === before.id; })[0];
      var heading = own || now[Math.min(Math.max(before.at - 1, 0), now.length - 1)] || document.querySelector("h1");
      heading.setAttribute("tabindex", "-1");
      heading.focus();
    }
    function out(is) {
      var place = document.getElementById(part.dataset.out);
      if (!is || place.firstChild) {
        if (!is) place.textContent = "";
        return;
      }
      var told = place.appendChild(document.createElement("p"));
      told.className = "notice warning";
      var form = { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "Asia/Shanghai" };
      var time = fresh.toLocaleString(document.documentElement.lang, form);
      told.textContent = place.dataset.told.replace("{time}", time) + " ";
      var link = told.appendChild(document.createElement("a"));
      link.href = place.dataset.path;
      link.textContent = place.dataset.name;
    }
    function again() {
      if (document.hidden) return;
      var headers = { accept: "text/html" };
      if (tag) headers["if-none-match"] = tag;
      fetch(part.dataset.live, { headers: headers, cache: "no-store", redirect: "manual" })
        .then(function (answer) {
          // Whoever is not signed in is led to where they sign in.
          if (answer.type === "opaqueredirect" || answer.status === 401) {
            out(true);
            return "";
          }
          if (answer.status !== 200 && answer.status !== 304) return "";
          out(false);
          fresh = new Date();
          if (answer.status === 304) return "";
          tag = answer.headers.get("etag") || "";
          return answer.text();
        })
        .then(function (html) {
          if (!html) return;
          var before = focused();
          fill(part, html);
          if (before) refocus(before);
        })
        .catch(function () {});
    }
    setInterval(again, AGAIN_MS);
    document.addEventListener("visibilitychange", again);
    // What could not be shown at once is asked for at once.
    if (part.querySelector("[data-follows]")) again();
  }

  // A page that has been open since says on paper the day of the paper.
  function printed(part) {
    var language = document.documentElement.lang === "en" ? "en-GB" : "zh-CN";
    var form = { timeZone: part.dataset.zone, year: "numeric", month: "long", day: "numeric" };
    window.addEventListener("beforeprint", function () {
      var day = new Intl.DateTimeFormat(language, form).format(new Date());
      part.textContent = part.dataset.printed.replace("{day}", day);
    });
  }

  // Whoever sent a form that was refused goes on where that is said: at the notice, or at the first field.
  function refused() {
    var nowhere = !document.activeElement || document.activeElement === document.body;
    if (!nowhere || location.hash) return;
    // What the page itself says has the focus, in browsers as well that look only at fields for that.
    var own = document.querySelector("[autofocus]");
    if (own) {
      // Those that do it themselves have done so by then.
      requestAnimationFrame(function () {
        if (document.activeElement === document.body) own.focus();
      });
      return;
    }
    var notice = document.querySelector('main [role="alert"]');
    if (notice) notice.setAttribute("tabindex", "-1");
    var wrong = "main form:not([data-autosave]) .wrong ";
    var place = notice || document.querySelector(wrong + "input," + wrong + "select," + wrong + "textarea");
    if (place) place.focus();
  }

  function each(selector, act) {
    Array.prototype.forEach.call(document.querySelectorAll(selector), act);
  }

  each("input[data-suggest]", suggest);
  each("input[data-copy]", copying);
  each("form[data-autosave]", autosave);
  each("button[data-preview]", preview);
  each("[data-progress]", progress);
  each("[data-live]", live);
  each("[data-printed]", printed);
  refused();
})();
