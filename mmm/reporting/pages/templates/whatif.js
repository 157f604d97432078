"use strict";
// The what-if of the report: sliders over posterior draws of the planner's response curves. No library, no network.
(function () {
  var source = document.getElementById("what-if-data");
  var root = document.getElementById("what-if-widget");
  if (!source || !root) { return; }
  var data = JSON.parse(source.textContent);
  var channels = data.channels, n = data.draws, k = data.points, count = channels.length;

  function floats(text) {
    var raw = atob(text), bytes = new Uint8Array(raw.length);
    for (var i = 0; i < raw.length; i++) { bytes[i] = raw.charCodeAt(i); }
    var view = new DataView(bytes.buffer), out = new Float64Array(raw.length / 4);
    for (var j = 0; j < out.length; j++) { out[j] = view.getFloat32(4 * j, true); }
    return out;
  }
  var values = floats(data.values), slopes = floats(data.slopes), reference = floats(data.reference);

  // State: money by channel, locks, whether the total is held.
  var spend = channels.map(function (c) { return c.planned; });
  var locked = channels.map(function () { return false; });
  var won = channels.map(function () { return new Float64Array(n); });
  var todayTotal = channels.reduce(function (sum, c) { return sum + c.today; }, 0);

  // Cubic Hermite interpolation on levels top * (i / (k - 1))^2; the same as mmm.reporting.content.what_if.outcome_draws.
  function evaluate(c) {
    var top = channels[c].top, x = Math.min(Math.max(spend[c], 0), top);
    var i = Math.min(Math.floor(Math.sqrt(x / top) * (k - 1)), k - 2);
    var low = top * Math.pow(i / (k - 1), 2), high = top * Math.pow((i + 1) / (k - 1), 2);
    var width = high - low, t = (x - low) / width, t2 = t * t, t3 = t2 * t;
    var h0 = 2 * t3 - 3 * t2 + 1, h1 = (t3 - 2 * t2 + t) * width, h2 = 3 * t2 - 2 * t3, h3 = (t3 - t2) * width;
    var out = won[c], start = c * n * k + i;
    for (var d = 0; d < n; d++, start += k) {
      out[d] = h0 * values[start] + h1 * slopes[start] + h2 * values[start + 1] + h3 * slopes[start + 1];
    }
  }

  function total() { return spend.reduce(function (sum, v) { return sum + v; }, 0); }

  function quantile(sorted, q) {
    var at = q * (sorted.length - 1), low = Math.floor(at), high = Math.min(low + 1, sorted.length - 1);
    return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
  }

  function summary(draws) {
    var sorted = Float64Array.from(draws).sort(), sum = 0;
    for (var i = 0; i < sorted.length; i++) { sum += sorted[i]; }
    return { mean: sum / sorted.length, lower: quantile(sorted, 0.05), upper: quantile(sorted, 0.95), sorted: sorted };
  }

  function outcome() {
    var draws = new Float64Array(n);
    for (var c = 0; c < count; c++) { for (var d = 0; d < n; d++) { draws[d] += won[c][d]; } }
    return draws;
  }

  // Numbers as in the rest of the report.
  function grouped(text) { return text.replace(/\B(?=(\d{3})+(?!\d))/g, data.separators[0]); }
  function plain(value, decimals) {
    if (value !== 0 && decimals > 7) {
      var power = Math.floor(Math.log10(Math.abs(value)));
      if (power + decimals < 0) { return "0"; }
      return Math.abs(value).toExponential(power + decimals).replace("e-", "e\u2212").replace("e+", "e")
        .replace(".", data.separators[1]);
    }
    var parts = Math.abs(value).toFixed(decimals).split(".");
    return grouped(parts[0]) + (parts[1] ? data.separators[1] + parts[1] : "");
  }
  var texts = data.texts;
  function say(name, values) {
    return texts[name].replace(/\{(\w+)\}/g, function (place, key) { return values && key in values ? values[key] : place; });
  }
  function percent(value) { return plain(value, 0) + data.percent; }
  function patternOf(value, patterns) {
    for (var i = 0; i < patterns.length - 1; i++) {
      if (Math.abs(value) >= patterns[i][0] * 0.9995 && Math.abs(value) >= 9995) { return patterns[i]; }
    }
    return patterns[patterns.length - 1];
  }
  // As many digits as the report writes: those that the interval leaves meaning to; see mmm/digits.py.
  function decimalsOf(several, divisor, cents) {
    var sizes = several.map(function (v) { return v / divisor; });
    var top = Math.max.apply(null, sizes.map(Math.abs));
    var width = Math.max.apply(null, sizes) - Math.min.apply(null, sizes);
    var whole = sizes.every(function (v) { return v === Math.round(v); });
    var least = divisor === 1 ? (cents && top < 100 && !whole ? data.cents : 0)
      : divisor === 1e3 ? 0 : top < 10 ? 2 : top < 100 ? 1 : 0;
    if (width > 1e-9 * top) { return Math.max(least, Math.ceil(Math.log10(3 / width) - 1e-9)); }
    if (divisor !== 1 || top === 0 || top === Math.round(top)) { return least; }
    return Math.max(least, 1 - Math.floor(Math.log10(top)));
  }
  function marked(value, text, sign) {
    return (!/[1-9]/.test(text) ? "" : value < 0 ? "\u2212" : sign ? "+" : "") + text;
  }
  function largest(several) { return Math.max.apply(null, several.map(Math.abs)); }
  function amount(value, several, patterns, cents, sign) {
    var p = patternOf(largest(several), patterns);
    return marked(value, p[1] + plain(value / p[0], decimalsOf(several, p[0], cents)), sign) + p[2];
  }
  function money(value, sign) { return amount(value, [value], data.money_patterns, true, sign); }
  function ends(s) { return [s.mean, s.lower, s.upper]; }
  function result(s, sign) { return amount(s.mean, ends(s), data.outcome_patterns, data.money, sign); }
  // Both ends in one unit, as everywhere in the report.
  function range(s) {
    var p = patternOf(largest(ends(s)), data.outcome_patterns), decimals = decimalsOf(ends(s), p[0], data.money);
    var each = p[1] && p[0] === 1e3 ? p[2] : "";
    function end(v) { return marked(v, p[1] + plain(v / p[0], decimals) + each, false); }
    return say("interval", { ends: say("span", { first: end(s.lower), last: end(s.upper) }) + (each ? "" : p[2]) });
  }
  function against(value) { return say("against", { change: money(value, true) }); }
  function chance(p) {
    return p > 0.99 ? say("above", { share: percent(99) }) : p < 0.01 ? say("below", { share: percent(1) }) : percent(100 * p);
  }

  function element(tag, attributes, text) {
    var node = document.createElement(tag);
    Object.keys(attributes || {}).forEach(function (name) { node.setAttribute(name, attributes[name]); });
    if (text !== undefined) { node.textContent = text; }
    return node;
  }
  function add(parent, tag, attributes, text) { return parent.appendChild(element(tag, attributes, text)); }

  // The page.
  root.className = "whatif";
  add(root, "h3", { id: "what-if-heading" }, say("heading"));
  add(root, "p", {}, say("intro"));
  var board = add(root, "div", { "class": "board" });
  var tiles = {};
  function tile(key, label) {
    var box = add(board, "div", { "class": "tile" });
    add(box, "div", { "class": "label" }, label);
    tiles[key] = { value: add(box, "output", { "class": "value" }), note: add(box, "div", { "class": "note" }) };
    tiles[key].value.id = "what-if-" + key;
  }
  tile("won", say("won"));
  tile("gain", say("gain"));
  tile("chance", say("chance"));
  tile("spend", say("spend"));
  var svgNS = "http://www.w3.org/2000/svg";
  var strip = document.createElementNS(svgNS, "svg");
  strip.setAttribute("class", "strip");
  strip.setAttribute("role", "img");
  root.appendChild(strip);

  var buttons = add(root, "div", { "class": "buttons" });
  function button(id, label, action) {
    var node = add(buttons, "button", { type: "button", id: id }, label);
    node.addEventListener("click", action);
    return node;
  }
  button("what-if-recommended", say("recommended_plan"), function () { load("planned"); });
  button("what-if-today", say("todays_plan"), function () { load("today"); });
  button("what-if-reset", say("reset"), function () {
    locked.fill(false);
    hold.checked = false;
    load("planned");
    try { history.replaceState(null, "", location.pathname + location.search + "#what-if"); } catch (e) { location.hash = "what-if"; }
  });
  var holdLabel = add(buttons, "label", { "class": "hold" });
  var hold = add(holdLabel, "input", { type: "checkbox", id: "what-if-hold" });
  holdLabel.appendChild(document.createTextNode(" " + say("hold")));

  var key = add(root, "p", { "class": "note marks" });
  add(key, "span", { "class": "tick now" });
  key.appendChild(document.createTextNode(" " + say("today") + " "));
  add(key, "span", { "class": "tick best" });
  key.appendChild(document.createTextNode(" " + say("recommended")));
  var list = add(root, "div", { "class": "sliders", role: "group", "aria-labelledby": "what-if-heading" });
  var most = channels.reduce(function (sum, c) { return sum + c.top; }, 0);
  var rows = [];
  function row(key, label, top, colour, marks) {
    var box = add(list, "div", { "class": "slider" + (colour ? "" : " all") });
    var name = add(box, "label", { "for": "what-if-slider-" + key });
    if (colour) { add(name, "span", { "class": "swatch", style: "background:var(--" + colour + ")", "aria-hidden": "true" }); }
    name.appendChild(document.createTextNode(label));
    var track = add(box, "span", { "class": "track" });
    (marks || []).forEach(function (m) {
      var place = "left:calc(8px + (100% - 16px) * " + Math.min(m[1] / top, 1).toFixed(4) + ")";
      add(track, "span", { "class": "tick " + m[0], style: place, "aria-hidden": "true" });
    });
    var input = add(track, "input", { type: "range", id: "what-if-slider-" + key, min: "0", max: "1000", step: "1" });
    var text = add(box, "output", { "class": "amount", "for": "what-if-slider-" + key });
    var note = add(box, "span", { "class": "note" });
    return { box: box, input: input, text: text, note: note, top: top };
  }
  channels.forEach(function (c, i) {
    var r = row(String(i), c.label, c.top, c.colour, [["now", c.today], ["best", c.planned]]);
    var lock = add(r.box, "button", { type: "button", "class": "lock", "aria-pressed": "false", "aria-label": say("lock_channel", { name: c.label }) }, say("lock"));
    lock.addEventListener("click", function () { locked[i] = !locked[i]; show(true); });
    r.lock = lock;
    r.input.addEventListener("input", function () { move(i, r.input.value / 1000 * c.top); });
    rows.push(r);
  });
  var all = row("total", say("total"), most, "");
  all.input.addEventListener("input", function () { scaleTo(all.input.value / 1000 * most, -1); show(true); });

  var share = add(root, "div", { "class": "buttons" });
  var csv = add(share, "button", { type: "button", id: "what-if-csv" }, say("csv"));
  var link = add(share, "button", { type: "button", id: "what-if-link" }, say("link"));
  var said = add(share, "span", { role: "status", "class": "note" });

  // Moves the channels that are not locked, except one, so that the sum becomes the wanted one where limits allow.
  function scaleTo(wanted, except) {
    for (var round = 0; round < 20; round++) {
      var gap = wanted - total();
      if (Math.abs(gap) < 0.5) { return; }
      var free = [], weight = 0;
      for (var c = 0; c < count; c++) {
        if (locked[c] || c === except) { continue; }
        if (gap > 0 ? spend[c] < channels[c].top : spend[c] > 0) { free.push(c); weight += spend[c]; }
      }
      if (!free.length) { return; }
      free.forEach(function (c) {
        var part = weight > 0 ? spend[c] / weight : 1 / free.length;
        spend[c] = Math.min(Math.max(spend[c] + gap * part, 0), channels[c].top);
        evaluate(c);
      });
    }
  }

  function move(i, value) {
    var before = total();
    spend[i] = value;
    if (hold.checked) {
      scaleTo(before, i);
      // What the others cannot take up stays here.
      spend[i] = Math.min(Math.max(spend[i] + before - total(), 0), channels[i].top);
    }
    evaluate(i);
    show(true);
  }

  function load(which) {
    channels.forEach(function (c, i) { if (!locked[i]) { spend[i] = c[which]; evaluate(i); } });
    show(true);
  }

  function drawStrip(s) {
    while (strip.firstChild) { strip.removeChild(strip.firstChild); }
    var wide = Math.max(root.clientWidth, 300);
    strip.setAttribute("viewBox", "0 0 " + wide + " 56");
    var low = Math.min(s.sorted[0], 0), high = Math.max(s.sorted[n - 1], 0), pad = (high - low) * 0.04 || 1;
    low -= pad; high += pad;
    function x(v) { return 8 + (wide - 16) * (v - low) / (high - low); }
    function shape(tag, attributes, text) {
      var node = document.createElementNS(svgNS, tag);
      Object.keys(attributes).forEach(function (a) { node.setAttribute(a, attributes[a]); });
      if (text) { node.textContent = text; }
      strip.appendChild(node);
    }
    for (var d = 0; d < n; d++) {
      var v = s.sorted[d];
      shape("line", { x1: x(v), x2: x(v), y1: 14, y2: 30, style: "stroke:var(--" + (v > 0 ? "accent" : "bad") + ");stroke-width:1.5;opacity:.35" });
    }
    shape("line", { x1: x(s.lower), x2: x(s.upper), y1: 38, y2: 38, style: "stroke:var(--accent);stroke-width:5" });
    shape("circle", { cx: x(s.mean), cy: 38, r: 6, style: "fill:var(--accent);stroke:var(--paper);stroke-width:1.5" });
    shape("line", { x1: x(0), x2: x(0), y1: 6, y2: 48, style: "stroke:var(--ink);stroke-width:1.5" });
    var left = x(0) > 0.7 * wide;
    shape("text", { x: x(0) + (left ? -6 : 6), y: 11, style: "fill:var(--soft);font-size:13px", "text-anchor": left ? "end" : "start" }, say("todays_plan"));
    strip.setAttribute("aria-label", say("strip", { change: result(s, true), range: range(s) }));
  }

  // The report's own figures stand for the two plans that it tells of; other plans move with the nearer of them.
  function near(name) { return channels.every(function (c, i) { return Math.abs(spend[i] - c[name]) <= 1e-6 * Math.max(c.top, 1e-300); }); }
  function away(from) { return channels.reduce(function (sum, c, i) { return sum + Math.abs(spend[i] - c[from]); }, 0); }
  function moved(s, kind, raw) {
    var here = away("planned"), there = away("today"), w = here + there > 0 ? there / (here + there) : 1;
    ["mean", "lower", "upper"].forEach(function (end, i) {
      s[end] += w * (data.reported.planned[kind][i] - raw.planned[kind][i])
        + (1 - w) * (data.reported.today[kind][i] - raw.today[kind][i]);
    });
    return s;
  }
  function rawOf(name) {
    var kept = spend.slice();
    channels.forEach(function (c, i) { spend[i] = c[name]; evaluate(i); });
    var draws = outcome(), gain = draws.map(function (v, d) { return v - reference[d]; });
    if (name === "today") { gain.fill(0); }
    channels.forEach(function (c, i) { spend[i] = kept[i]; evaluate(i); });
    return { won: ends(summary(draws)), gain: ends(summary(gain)) };
  }
  var raw = { planned: rawOf("planned"), today: rawOf("today") };

  function show(keep) {
    var draws = outcome(), sum = total(), more = sum - todayTotal;
    var changed = Math.abs(more) > 0.001 * todayTotal, net = changed && data.margin !== null;
    var gain = new Float64Array(n), better = 0;
    for (var d = 0; d < n; d++) {
      gain[d] = draws[d] - reference[d];
      if ((net ? data.margin * gain[d] - more : gain[d]) > 0) { better++; }
    }
    var same = channels.every(function (c, i) { return Math.abs(spend[i] - c.today) < 1; });
    if (same) { gain.fill(0); }
    var w = summary(draws), g = summary(gain);
    root.setAttribute("data-mean", w.mean);
    root.setAttribute("data-gain", g.mean);
    root.setAttribute("data-chance", better / n);
    moved(w, "won", raw);
    if (!same) { moved(g, "gain", raw); }
    var likely = near("planned") ? data.reported.planned.chance[0] : better / n;
    tiles.won.value.textContent = result(w);
    tiles.won.note.textContent = range(w);
    tiles.gain.value.textContent = result(g, true);
    tiles.gain.note.textContent = range(g);
    tiles.chance.value.textContent = same ? say("same") : chance(likely);
    tiles.chance.note.textContent = net ? say(more > 0 ? "net_more" : "net_less") : "";
    tiles.spend.value.textContent = money(sum);
    tiles.spend.note.textContent = changed ? against(more) : say("as_today");
    rows.forEach(function (r, i) {
      var c = channels[i], change = spend[i] - c.today;
      r.input.value = String(Math.round(1000 * spend[i] / c.top));
      r.input.disabled = locked[i];
      r.lock.setAttribute("aria-pressed", String(locked[i]));
      r.lock.textContent = locked[i] ? say("locked") : say("lock");
      r.text.textContent = money(spend[i]);
      var beyond = c.seen > 0 && spend[i] > 1.005 * c.seen;
      r.note.textContent = Math.abs(change) < 0.005 * Math.max(c.today, 1) ? say("as_today") : against(change);
      if (beyond) { r.note.textContent += "; " + say("beyond"); }
      r.box.classList.toggle("beyond", beyond);
      r.input.setAttribute("aria-valuetext", money(spend[i]) + ", " + r.note.textContent);
    });
    all.input.value = String(Math.round(1000 * sum / most));
    all.text.textContent = money(sum);
    all.note.textContent = changed ? against(more) : say("as_today");
    all.input.setAttribute("aria-valuetext", money(sum));
    drawStrip(g);
    said.textContent = "";
    if (keep) { remember(); }
  }

  // The plan in the address: amounts in base 36, then the locks.
  function code() {
    return "#what-if=" + spend.map(function (v) { return Math.round(v).toString(36); }).join(".") +
      "~" + locked.map(function (l) { return l ? "1" : "0"; }).join("");
  }
  function remember() {
    try { history.replaceState(null, "", code()); } catch (e) { said.textContent = ""; }
  }
  function restore() {
    var match = /^#what-if=([0-9a-z.]+)~([01]+)$/.exec(location.hash);
    if (!match) { return false; }
    var amounts = match[1].split(".");
    if (amounts.length !== count || match[2].length !== count) { return false; }
    for (var c = 0; c < count; c++) {
      var value = parseInt(amounts[c], 36);
      if (!isFinite(value)) { return false; }
      spend[c] = Math.min(Math.max(value, 0), channels[c].top);
      locked[c] = match[2][c] === "1";
      evaluate(c);
    }
    return true;
  }

  link.addEventListener("click", function () {
    remember();
    var address = location.href.split("#")[0] + code();
    function done() { said.textContent = say("copied"); }
    function shown() { said.textContent = say("address"); }
    if (navigator.clipboard && navigator.clipboard.writeText) { navigator.clipboard.writeText(address).then(done, shown); } else { shown(); }
  });
  csv.addEventListener("click", function () {
    function safe(text) {
      var guarded = /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
      return /[",\r\n]/.test(guarded) ? '"' + guarded.replace(/"/g, '""') + '"' : guarded;
    }
    var lines = ["channel,spend_today,spend_chosen,change"];
    channels.forEach(function (c, i) {
      lines.push([safe(c.name), c.today.toFixed(2), spend[i].toFixed(2), (spend[i] - c.today).toFixed(2)].join(","));
    });
    var blob = new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" });
    var anchor = element("a", { download: "plan.csv", href: URL.createObjectURL(blob) });
    anchor.click();
    setTimeout(function () { URL.revokeObjectURL(anchor.href); }, 1000);
    said.textContent = say("saved");
  });

  for (var c = 0; c < count; c++) { evaluate(c); }
  var restored = restore();
  show(false);
  if (restored) { document.getElementById("what-if").scrollIntoView(); }
  window.addEventListener("resize", function () { show(false); });
  window.addEventListener("hashchange", function () { if (restore()) { show(false); } });
})();
