// The playground: one page, no libraries, nothing from anywhere else.
"use strict";

const $ = (id) => document.getElementById(id);
const pictures = []; // {name, url (data:), item (li), result}
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
    $("state").textContent = `${health.status === "ready" ? "Ready" : "Loading the model"}, on a ${health.gpu_available ? "GPU" : "CPU"}`;
    if (health.status !== "ready") setTimeout(lookAtServer, 1000);
    else listModels();
  } catch {
    $("state").textContent = "The server does not answer";
    setTimeout(lookAtServer, 2000);
  }
}

async function listModels() {
  const response = await fetch("/v1/models", { headers: headers() });
  if (!response.ok) return;
  const { data } = await response.json();
  for (const { id } of data) $("model").add(new Option(id, id));
}

// ---- what is asked

function input(picture) {
  const fields = { image: picture.url, task: $("task").value };
  for (const name of ["preset", "model", "prompt"]) if ($(name).value) fields[name] = $(name).value;
  return fields;
}

async function describeOne(picture, signal) {
  const started = performance.now();
  const response = await ask("/caption", { ...input(picture), stream: true }, signal);
  let text = "";
  for await (const { event, data } of events(response)) {
    if (event === "item" && data.text !== undefined) showText(picture, (text += data.text));
    if (event === "error") throw new Error(data.error.message);
    if (event === "result") picture.result = data;
  }
  showResult(picture, performance.now() - started);
  if ($("texts").value.trim()) await compare(picture, signal);
}

async function compare(picture, signal) {
  const texts = $("texts").value.split("\n").map((line) => line.trim()).filter(Boolean);
  const [seen, said] = await Promise.all([
    ask("/caption", { image: picture.url, task: "embed" }, signal).then((r) => r.json()),
    ask("/caption", { texts }, signal).then((r) => r.json()),
  ]);
  const near = said.results.map(({ embedding }, i) => ({
    text: texts[i],
    score: embedding ? embedding.reduce((sum, value, k) => sum + value * seen.embedding[k], 0) : 0,
  }));
  showNear(picture, near.sort((a, b) => b.score - a.score));
}

async function describeAll() {
  const waiting = pictures.filter((picture) => !picture.result);
  if (!waiting.length || running) return;
  running = new AbortController();
  const { signal } = running;
  let done = 0;
  busy(true);
  const next = async () => {
    for (let picture; (picture = waiting.shift()) && !signal.aborted; ) {
      try {
        await describeOne(picture, signal);
      } catch (error) {
        showProblem(picture, signal.aborted ? "stopped" : error.message);
      }
      $("progress").value = ++done;
    }
  };
  $("progress").max = waiting.length;
  $("progress").value = 0;
  await Promise.all([next(), next(), next(), next()]); // four at once
  running = null;
  busy(false);
}

// ---- what is shown

function busy(yes) {
  $("describe").disabled = yes || !pictures.length;
  $("stop").hidden = $("progress").hidden = !yes;
  $("downloads").hidden = !pictures.some((picture) => picture.result);
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function addPicture(name, url) {
  const item = element("li");
  const image = element("img");
  image.src = url;
  image.alt = name;
  const words = element("div");
  words.append(element("p", "name", name), element("p", "caption", "…"));
  item.append(image, words);
  $("results").prepend(item);
  pictures.push({ name, url, item });
  $("nothing").hidden = true;
  busy(false);
  showSnippet();
}

function showText(picture, text) {
  const caption = picture.item.querySelector(".caption");
  caption.textContent = text;
  caption.classList.remove("bad");
}

const stages = { fetch: "fetch", decode: "decode", preprocess: "decode", vision: "vision", prefill: "prefill", decode_steps: "steps", embed: "vision" };

function showResult(picture, took) {
  const { result } = picture;
  const { timings = {}, model_info: model } = result;
  showText(picture, result.caption ?? (result.embedding ? `a vector of ${result.dimensions} numbers` : "no caption"));
  picture.item.querySelector("img").alt = result.caption ?? picture.name;
  const bar = element("div", "bar");
  bar.setAttribute("aria-hidden", "true");
  for (const [stage, color] of Object.entries(stages)) {
    if (!timings[stage]) continue;
    const part = element("span");
    part.style.flex = timings[stage];
    part.style.background = `var(--${color})`;
    part.title = `${stage} ${timings[stage].toFixed(1)} ms`;
    bar.append(part);
  }
  const named = Object.keys(stages).filter((stage) => timings[stage] >= 0.1).map((stage) => `${stage} ${timings[stage].toFixed(1)}`);
  const facts = [`${took.toFixed(0)} ms`, ...named, model?.model, model?.dtype].filter(Boolean).join(" · ");
  const words = picture.item.querySelector("div");
  words.append(bar, element("p", "facts", facts));
  for (const { field, message } of result.warnings ?? []) words.append(element("p", "facts", `${field}: ${message}`));
}

function showNear(picture, near) {
  const list = element("div", "near");
  for (const { text, score } of near) list.append(element("span", "", score.toFixed(3)), element("span", "", text));
  picture.item.querySelector("div").append(list);
}

function showProblem(picture, message) {
  const caption = picture.item.querySelector(".caption");
  caption.textContent = message;
  caption.classList.add("bad");
}

// ---- files

const fileUrl = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });

async function addFiles(files) {
  for (const file of files) addPicture(file.name || "pasted picture", await fileUrl(file));
}

function download(name, text, type) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

// A cell that begins like a formula would be run by a spreadsheet.
const cell = (value) => `"${String(value ?? "").replace(/^([=+\-@])/, "'$1").replaceAll('"', '""')}"`;

function csv() {
  const rows = pictures.filter((p) => p.result).map((p) => [p.name, p.result.caption, p.result.processing_time, p.result.model_info?.model]);
  return [["file", "caption", "seconds", "model"], ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
}

const jsonl = () => pictures.filter((p) => p.result).map((p) => JSON.stringify({ file: p.name, ...p.result })).join("\n");

// ---- the same from a program

function request() {
  const { image, ...fields } = input({ url: "https://example.com/photo.jpg" });
  if (fields.task === "caption") delete fields.task;
  if ($("dialect").value === "runpod") return { path: "/v2/local/runsync", body: { input: { image_url: image, ...fields } } };
  if ($("dialect").value === "vignette") return { path: "/caption", body: { image_url: image, ...fields } };
  const content = [{ type: "text", text: fields.prompt ?? "Describe the picture." }, { type: "image_url", image_url: { url: image } }];
  return { path: "/v1/chat/completions", body: { model: fields.model ?? "", messages: [{ role: "user", content }] } };
}

function showSnippet() {
  const { path, body } = request();
  const url = location.origin + path;
  const text = JSON.stringify(body, null, 2);
  const key = $("key").value ? "KEY" : "";
  const written = {
    curl: () => `curl ${url} \\\n  -H 'Content-Type: application/json' \\\n${key && `  -H 'Authorization: Bearer ${key}' \\\n`}  -d '${text.replaceAll("'", "'\\''")}'`,
    js: () => `const response = await fetch("${url}", {\n  method: "POST",\n  headers: { "Content-Type": "application/json"${key && `, Authorization: "Bearer ${key}"`} },\n  body: JSON.stringify(${text.replaceAll("\n", "\n  ")}),\n});\nconsole.log(await response.json());`,
    python: () => `import requests\n\nbody = ${text.replaceAll(": true", ": True").replaceAll(": false", ": False")}\nresponse = requests.post("${url}", json=body${key && `, headers={"Authorization": "Bearer ${key}"}`})\nprint(response.json())`,
  };
  $("snippet").textContent = written[$("tool").value]();
}

// ---- what people do

$("files").onchange = $("camera").onchange = (event) => addFiles(event.target.files);
$("describe").onclick = describeAll;
$("stop").onclick = () => running?.abort();
$("csv").onclick = () => download("captions.csv", csv(), "text/csv");
$("jsonl").onclick = () => download("captions.jsonl", jsonl(), "application/x-ndjson");
$("copy").onclick = async () => {
  await navigator.clipboard.writeText($("snippet").textContent);
  $("copy").textContent = "Copied";
  setTimeout(() => ($("copy").textContent = "Copy"), 1500);
};
for (const id of ["task", "preset", "model", "prompt", "key", "dialect", "tool"]) $(id).oninput = showSnippet;
$("key").onchange = () => sessionStorage.setItem("key", $("key").value);
$("options").onsubmit = (event) => event.preventDefault();
addEventListener("paste", (event) => addFiles([...event.clipboardData.files]));
addEventListener("keydown", (event) => (event.ctrlKey || event.metaKey) && event.key === "Enter" && describeAll());
for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") addFiles(event.dataTransfer.files);
  });
}

$("key").value = sessionStorage.getItem("key") ?? "";
showSnippet();
lookAtServer();
