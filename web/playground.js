// The playground: one page, no libraries, nothing from anywhere else. What strangers wrote is only ever set as text.
"use strict";

const $ = (id) => document.getElementById(id);
const pictures = []; // {name, file, item (li), asked, result}
let running = null; // an AbortController while pictures are described

// ---- the server

function headers() {
  const all = { "Content-Type": "application/json" };
  if ($("key").value) all.Authorization = `Bearer ${$("key").value}`;
  return all;
}

async function ask(path, body, signal) {
  const response = await fetch(path, { method: "POST", headers: headers(), body: JSON.stringify(body), signal });
  if (response.ok) return response;
  if (response.status === 401) $("with-key").hidden = false;
  throw new Error(await problem(response));
}

async function problem(response) {
  const text = await response.text();
  try {
    const { error } = JSON.parse(text);
    return error.message ?? error;
  } catch {
    return `${response.status}: ${text.slice(0, 200)}`;
  }
}

// Server-sent events of one answer, as {event, data}.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    let end;
    while ((end = rest.indexOf("\n\n")) >= 0) {
      const lines = rest.slice(0, end).split("\n");
      rest = rest.slice(end + 2);
      const part = (name) => lines.find((line) => line.startsWith(name))?.slice(name.length).trim() ?? "";
      yield { event: part("event:"), data: JSON.parse(part("data:")) };
    }
  }
}

async function lookAtServer() {
  try {
    const health = await (await fetch("/health")).json();
    $("state").textContent = health.status === "ready" ? `Ready, on a ${health.gpu_available ? "GPU" : "CPU"}` : "Loading the model…";
    if (health.status !== "ready") setTimeout(lookAtServer, 1000);
    else listModels();
  } catch {
    $("state").textContent = "The server does not answer";
    setTimeout(lookAtServer, 2000);
  }
}

async function listModels() {
  const response = await fetch("/v1/models", { headers: headers() });
  if (response.status === 401) $("with-key").hidden = false;
  if (!response.ok) return;
  const { data } = await response.json();
  $("model").length = 1; // the default
  for (const { id } of data) $("model").add(new Option(id, id));
  showSnippet();
}

const defaultModel = () => $("model").options[1]?.value ?? "default"; // for clients that must name one

// ---- what is asked

function chosen() {
  const fields = { task: $("task").value };
  for (const name of ["preset", "model", "prompt"]) if ($(name).value) fields[name] = $(name).value;
  return fields;
}

const textsToCompare = () => $("texts").value.split("\n").map((line) => line.trim()).filter(Boolean);
const asked = () => JSON.stringify([chosen(), textsToCompare()]);

async function describeOne(picture, signal) {
  const started = performance.now();
  const image = await dataUrl(picture.file);
  const fields = { image, ...chosen(), stream: true };
  if (fields.task !== "embed") fields.logprobs = true;
  const response = await ask("/caption", fields, signal);
  let text = "";
  let result = null;
  for await (const { event, data } of events(response)) {
    if (event === "item" && data.text !== undefined) showText(picture, (text += data.text));
    if (event === "error") throw new Error(data.error.message);
    if (event === "result") result = data;
  }
  if (!result) throw new Error("the answer broke off");
  picture.result = result;
  showResult(picture, performance.now() - started);
  if (textsToCompare().length) await compare(picture, image, signal);
}

async function compare(picture, image, signal) {
  const texts = textsToCompare();
  const [seen, said] = await Promise.all([
    ask("/caption", { image, task: "embed" }, signal).then((r) => r.json()),
    ask("/caption", { texts }, signal).then((r) => r.json()),
  ]);
  const near = said.results.map(({ embedding }, i) => ({
    text: texts[i],
    score: embedding ? embedding.reduce((sum, value, k) => sum + value * seen.embedding[k], 0) : 0,
  }));
  showNear(picture, near.sort((a, b) => b.score - a.score));
}

// Those that were not yet asked what is asked now; if there are none, all again.
async function describeAll() {
  if (running || !pictures.length) return;
  const changed = pictures.filter((picture) => picture.asked !== asked());
  const waiting = changed.length ? changed : [...pictures];
  const count = waiting.length;
  running = new AbortController();
  const { signal } = running;
  let done = 0;
  let failed = 0;
  const tell = () => {
    $("progress").value = done;
    $("tally").textContent = `${done} of ${count} done${failed ? `, ${failed} failed` : ""}`;
  };
  $("progress").max = count;
  busy(true);
  for (const picture of waiting) showWaiting(picture);
  tell();
  const next = async () => {
    for (let picture; (picture = waiting.shift()); ) {
      try {
        signal.throwIfAborted();
        picture.asked = asked();
        await describeOne(picture, signal);
      } catch (error) {
        picture.asked = null;
        ++failed;
        showProblem(picture, signal.aborted ? "stopped" : error.message);
      }
      ++done;
      tell();
    }
  };
  await Promise.all([next(), next(), next(), next()]); // four at once
  running = null;
  busy(false);
}

// ---- what is shown

function busy(yes) {
  if (!yes && $("stop") === document.activeElement) setTimeout(() => $("describe").focus()); // not lost with the button
  $("describe").disabled = yes || !pictures.length;
  $("stop").hidden = $("progress").hidden = !yes;
  $("clear").disabled = yes;
  $("downloads").hidden = !pictures.length;
  $("csv").disabled = $("jsonl").disabled = !pictures.some((picture) => picture.result);
  $("nothing").hidden = pictures.length > 0;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function addFiles(files) {
  for (const file of files) {
    const name = file.name || "pasted picture";
    const image = element("img", "thumb");
    image.alt = name;
    image.onload = () => URL.revokeObjectURL(image.src);
    image.onerror = () => image.replaceWith(element("div", "thumb", "no preview")); // HEIC, RAW, or no picture
    image.src = URL.createObjectURL(file);
    const picture = { name, file, item: element("li"), result: null };
    const words = element("div", "words-of");
    words.append(element("p", "name", name), element("p", "caption waiting", "not described yet"), element("div", "more"));
    picture.item.append(image, words);
    $("results").prepend(picture.item);
    pictures.push(picture);
  }
  if (!running) busy(false);
}

const partOf = (picture, name) => picture.item.querySelector(`.${name}`);

function showText(picture, text, state = "") {
  const caption = partOf(picture, "caption");
  caption.textContent = text;
  caption.className = `caption ${state}`;
}

function showWaiting(picture) {
  picture.result = null;
  partOf(picture, "more").replaceChildren();
  showText(picture, "waiting…", "waiting");
}

const showProblem = (picture, message) => showText(picture, message, "bad");

// In the order in which they happen: what the result calls it, in words, its colour.
const stages = [
  ["queue", "waiting", "queue"],
  ["fetch", "reading", "fetch"],
  ["decode", "decoding", "decode"],
  ["preprocess", "preparing", "decode"],
  ["vision", "seeing", "vision"],
  ["embed", "vector", "vision"],
  ["prefill", "prompt", "prefill"],
  ["decode_steps", "writing", "steps"],
];

function timingBar(timings) {
  const bar = element("div", "bar");
  bar.setAttribute("aria-hidden", "true"); // the legend says the same
  const legend = element("ul", "legend");
  for (const [stage, name, color] of stages) {
    const time = timings[stage] ?? 0;
    if (time < 0.05) continue;
    const part = element("span");
    part.style.flex = time;
    part.style.background = `var(--${color})`;
    bar.append(part);
    const dot = element("i");
    dot.style.background = `var(--${color})`;
    const entry = element("li", "", `${name} ${time.toFixed(1)} ms`);
    entry.prepend(dot);
    legend.append(entry);
  }
  return [bar, legend];
}

// Tokens to words: a word begins where a token begins with a space; its probability is that of all its tokens.
function wordsOf(logprobs) {
  const words = [];
  for (const { text, logprob } of logprobs) {
    if (!words.length || /^\s/.test(text)) words.push({ text: "", logprob: 0 });
    words.at(-1).text += text;
    words.at(-1).logprob += logprob;
  }
  return words.filter((word) => word.text.trim()).map(({ text, logprob }) => ({ text, sure: Math.exp(logprob) }));
}

const percent = (part) => (part >= 0.9995 ? "100 %" : `${(part * 100).toFixed(1)} %`);

function shade(target, { text, sure }) {
  target.style.background = `rgba(var(--doubt), ${((1 - sure) * 0.4).toFixed(3)})`;
  target.title = `${text.trim()}: ${percent(sure)}`;
}

// The caption's own words are shaded where they are the tokens' words; a preset may have cut or changed the text.
function showWords(picture, words) {
  const caption = partOf(picture, "caption");
  if (words.map(({ text }) => text).join("").trim() === caption.textContent) {
    caption.replaceChildren();
    words.forEach((word, i) => {
      const shown = element("span", "", word.text.trim());
      shade(shown, word);
      caption.append(i ? word.text.match(/^\s*/)[0] : "", shown, word.text.match(/\s*$/)[0]);
    });
  }
  const least = words.reduce((a, b) => (b.sure < a.sure ? b : a));
  const details = element("details");
  const list = element("ul", "words");
  for (const word of words) {
    const entry = element("li", "", `${word.text.trim()} ${percent(word.sure)}`);
    shade(entry, word);
    list.append(entry);
  }
  const worst = least.sure < 0.9995 ? `, least sure of “${least.text.trim()}”: ${percent(least.sure)}` : ": sure of each";
  details.append(element("summary", "", `Probability by word${worst}`), list);
  partOf(picture, "more").append(details);
}

function showResult(picture, took) {
  const { result } = picture;
  const found = isBoxes(result.json) ? result.json : null;
  const things = found && (found.map(({ label }) => label).join(", ") || "nothing found");
  showText(picture, things ?? result.caption ?? (result.embedding ? `a vector of ${result.dimensions} numbers` : "no caption"));
  if (result.caption) partOf(picture, "thumb").alt = result.caption;
  const more = partOf(picture, "more");
  more.replaceChildren();
  if (found?.length) more.append(boxesOver(picture.file, found));
  if (!result.cached) more.append(...timingBar(result.timings ?? {}));
  const model = result.model_info ?? {};
  const facts = [`${took.toFixed(0)} ms in all`, result.cached && "from memory", model.model, model.dtype, model.device];
  more.append(element("p", "facts", facts.filter(Boolean).join(" · ")));
  for (const { field, message } of result.warnings ?? []) more.append(element("p", "facts", `${field}: ${message}`));
  const words = wordsOf(result.logprobs ?? []);
  if (words.length) showWords(picture, words);
}

function showNear(picture, near) {
  const list = element("div", "near");
  for (const { text, score } of near) list.append(element("span", "", score.toFixed(3)), element("span", "", text));
  partOf(picture, "more").append(list);
}

function showSnippet() {
  $("snippet").textContent = snippet($("dialect").value, $("tool").value, chosen(), $("key").value ? "KEY" : "");
}

// ---- files

const dataUrl = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });

function download(name, text, type) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

// A cell that begins like a formula would be run by a spreadsheet.
const cell = (value) => `"${String(value ?? "").replace(/^([=+\-@\t\r])/, "'$1").replaceAll('"', '""')}"`;

function csv() {
  const rows = pictures.filter((p) => p.result).map((p) => [p.name, p.result.caption, p.result.processing_time, p.result.model_info?.model]);
  return [["file", "caption", "seconds", "model"], ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
}

const jsonl = () => pictures.filter((p) => p.result).map((p) => JSON.stringify({ file: p.name, ...p.result })).join("\n");

function clear() {
  pictures.length = 0;
  $("results").replaceChildren();
  $("tally").textContent = "";
  busy(false);
  $("files").focus();
}

// ---- what people do

$("files").onchange = $("camera").onchange = ({ target }) => {
  addFiles([...target.files]);
  target.value = ""; // the same file may be chosen again
};
$("describe").onclick = describeAll;
$("stop").onclick = () => running?.abort();
$("clear").onclick = clear;
$("csv").onclick = () => download("captions.csv", csv(), "text/csv");
$("jsonl").onclick = () => download("captions.jsonl", jsonl(), "application/x-ndjson");
$("copy").onclick = async () => {
  try {
    await navigator.clipboard.writeText($("snippet").textContent);
    $("copy").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren($("snippet")); // without TLS the browser gives no clipboard: Ctrl+C copies
    $("copy").textContent = "Selected";
  }
  setTimeout(() => ($("copy").textContent = "Copy"), 1500);
};
for (const id of ["task", "preset", "model", "prompt", "key", "dialect", "tool"]) $(id).oninput = showSnippet;
$("key").onchange = () => {
  sessionStorage.setItem("key", $("key").value);
  listModels();
};
$("options").onsubmit = (event) => event.preventDefault();
addEventListener("paste", (event) => addFiles([...event.clipboardData.files]));
addEventListener("keydown", (event) => (event.ctrlKey || event.metaKey) && event.key === "Enter" && describeAll());
for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") addFiles([...event.dataTransfer.files]);
  });
}

$("key").value = sessionStorage.getItem("key") ?? "";
$("with-key").hidden = !$("key").value;
showSnippet();
lookAtServer();
