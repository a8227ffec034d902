// The panel in the browser. It shows what the kernel says and never more: an answer is
// "saving" until the kernel, where submit has returned, says that it is saved.
const BUSY = {
  start: "Asking for the first rows…",
  saving: "Saving…",
  choosing: "Choosing what to ask next…",
  training: "Training on all labels…",
};
const PATIENCE = 5; // seconds without a word of the kernel
const BLINK = 0.25; // seconds in which a change is not worth a word

function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function button(text, key, action) {
  const parts = [make("span", {}, text)];
  if (key && key !== text) parts.push(make("kbd", { "aria-hidden": "true" }, key.toUpperCase()));
  const made = make("button", { type: "button" }, ...parts);
  if (key) made.setAttribute("aria-keyshortcuts", key.toUpperCase());
  made.addEventListener("click", (event) => {
    action();
    // A finger or a mouse is done with the button: Space must not press it again.
    if (event.detail > 0) made.closest(".skactive-labeling").focus({ preventScroll: true });
  });
  return made;
}

function digitOf(event) {
  if (/^[0-9]$/.test(event.key)) return event.key;
  // Keyboards on which digits need Shift.
  const code = /^Digit([0-9])$/.exec(event.code);
  return code && !event.shiftKey ? code[1] : null;
}

async function draw(item, model, place) {
  if (item.kind === "image") {
    const image = make("img", { src: item.source, alt: item.alt });
    image.classList.toggle("is-small", item.is_small);
    return place.replaceChildren(image);
  }
  if (item.kind === "text") {
    return place.replaceChildren(make("div", { class: "text" }, item.text));
  }
  if (item.kind === "table") {
    const rows = item.rows.map(([name, value]) =>
      make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, value)),
    );
    const whole = make("div", {}, make("table", {}, make("tbody", {}, ...rows)));
    if (item.note) whole.append(make("p", { class: "note" }, item.note));
    return place.replaceChildren(whole);
  }
  const inner = make("div");
  place.replaceChildren(inner);
  if (item.kind === "html") inner.innerHTML = item.html;
  if (item.kind === "widget") {
    try {
      const child = await model.widget_manager.get_model(item.model);
      const view = await model.widget_manager.create_view(child, {});
      inner.append(view.el);
    } catch (error) {
      inner.append(`This place cannot show a widget inside another one (${error}).`);
    }
  }
}

function render({ model, el }) {
  let asked = null; // what was sent last
  let sent = null; // when something was sent that the kernel has not taken up yet
  let since = performance.now(); // when the present phase began
  const stage = () => model.get("stage");
  const isBusy = () => sent !== null || stage().phase in BUSY;
  const may = (what) => !isBusy() && stage().may.includes(what);

  function send(what, more = {}) {
    if (what !== "start" && !may(what)) return;
    asked = what;
    sent = performance.now();
    try {
      model.send({ do: what, turn: stage().turn, ...more });
    } catch (error) {
      console.warn(error); // told to the person below, as the kernel stays silent
    }
    if (what !== "start") update();
  }

  const counts = make("p", { class: "counts" });
  const bar = make("progress", { "aria-label": "Rows answered" });
  const place = make("div", { class: "item" });
  const status = make("span");
  const seconds = make("span", { "aria-hidden": "true" });
  const line = make("p", { class: "status" }, make("span", { role: "status" }, status), seconds);
  const error = make("p", { class: "error", role: "alert", hidden: "" });
  const classes = model
    .get("classes")
    .map(({ name, key }, k) => button(name, key, () => send("label", { class: k })));
  const isShort = model.get("classes").every(({ name }) => name.length < 4);
  const grid = make("div", { class: isShort ? "buttons is-short" : "buttons", role: "group", "aria-label": "Classes" }, ...classes);
  const undo = button("Undo", "u", () => send("undo"));
  const skip = button("Skip", "s", () => send("skip"));
  const retry = button("Try again", "", () => send("retry"));
  const tools = make("div", { class: "tools" }, undo, skip, retry);
  const hint = make(
    "p",
    { class: "hint" },
    make("span", { class: "off" }, "To use the keys, click here first."),
    make("span", { class: "on" }, "Keys are on: digits give a class, U undoes, S skips."),
  );
  const picture = make("div");
  const words = make("p");
  const curve = make("div", { class: "curve" }, picture, words);
  // Jupyter would otherwise take digits for headings and DD for deleting the cell.
  const root = make(
    "div",
    { class: "skactive-labeling", tabindex: "-1", role: "group", "aria-label": "Labelling", "data-lm-suppress-shortcuts": "true" },
    counts, bar, place, line, error, grid, tools, hint, curve,
  );

  function setText(element, text) {
    if (element.textContent !== text) element.textContent = text; // else it is read out anew
  }

  function tick() {
    const silent = sent === null ? 0 : (performance.now() - sent) / 1000;
    const busy = (performance.now() - (sent ?? since)) / 1000;
    const phase = stage().phase in BUSY ? stage().phase : "saving";
    const isBrief = phase === "saving" && busy < BLINK;
    line.classList.toggle("is-busy", isBusy() && !isBrief);
    if (silent > PATIENCE) {
      setText(
        status,
        "The kernel has not answered: it is busy or gone. " +
          (asked === "start" ? "" : "Your last answer is not known to be saved. ") +
          "If the kernel is gone, run the cell again; what was saved stays.",
      );
      setText(seconds, ` (${Math.round(silent)} s)`);
    } else if (isBusy()) {
      const said = phase === "saving" ? "" : stage().saved; // that is of the row before
      setText(status, isBrief ? "" : [said, BUSY[phase]].filter(Boolean).join(" "));
      if (isBrief) setTimeout(tick, 1000 * BLINK);
      setText(seconds, busy > 2 ? ` ${Math.round(busy)} s` : "");
    } else {
      setText(status, [stage().saved, stage().message].filter(Boolean).join(" "));
      setText(seconds, "");
    }
  }

  function update() {
    const { labeled, skipped, left, total, place: at, batch } = stage().progress;
    const parts = [[labeled, "labelled"], [skipped, "skipped"], [left, "left"]];
    counts.replaceChildren(
      ...parts.map(([n, what]) => make("span", {}, make("strong", {}, String(n)), ` ${what}`)),
    );
    if (at) counts.append(make("span", {}, "now ", make("strong", {}, `${at} of ${batch}`), " of this round"));
    bar.max = total || 1;
    bar.value = labeled + skipped;
    error.hidden = !stage().error;
    setText(error, stage().error);
    place.classList.toggle("is-busy", isBusy());
    root.setAttribute("aria-busy", String(isBusy()));
    // Not `disabled`: that would take the focus away, and the keys with it.
    for (const made of classes) made.setAttribute("aria-disabled", String(!may("label")));
    undo.setAttribute("aria-disabled", String(!may("undo")));
    skip.setAttribute("aria-disabled", String(!may("skip")));
    retry.hidden = !stage().may.includes("retry");
    tick();
  }

  async function showItem() {
    const item = model.get("item");
    place.hidden = !item.kind;
    await draw(item, model, place);
    place.scrollTop = 0;
    place.classList.toggle("is-tall", place.scrollHeight > place.clientHeight);
  }

  function showCurve() {
    const { svg, text } = model.get("curve");
    picture.innerHTML = svg;
    words.textContent = text;
  }

  function onStage() {
    sent = null;
    since = performance.now();
    update();
  }

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const digit = digitOf(event);
    const k = digit === null ? -1 : model.get("classes").findIndex(({ key }) => key === digit);
    const key = event.key.toLowerCase();
    if (k >= 0) send("label", { class: k });
    else if (key === "u") send("undo");
    else if (key === "s") send("skip");
    else return;
    root.focus({ preventScroll: true });
    event.preventDefault();
    event.stopPropagation();
  });

  el.append(root);
  showItem();
  showCurve();
  update();
  model.on("change:item", showItem);
  model.on("change:curve", showCurve);
  model.on("change:stage", onStage);
  const clock = setInterval(tick, 500);
  send("start");
  return () => {
    clearInterval(clock);
    model.off("change:item", showItem);
    model.off("change:curve", showCurve);
    model.off("change:stage", onStage);
  };
}

export default { render };
