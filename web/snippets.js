// The question that the page asks, as a program would send it: in each dialect, with curl, JavaScript and Python.
"use strict";

const photo = "https://example.com/photo.jpg";
const file = "photo.jpg";

// What each dialect sends for the options on the page: a body of JSON, or a form. What a dialect has no word for is left out.
const dialects = {
  vignette: ({ task, ...fields }) => ({ path: "/caption", body: { image_url: photo, ...(task === "caption" ? {} : { task }), ...fields } }),
  form: (fields) => ({ path: "/batch_embed_and_caption_multipart", file: "files[]", form: fields }),
  runpod: ({ task, ...fields }) => ({
    path: "/v2/local/runsync",
    body: { input: { image_url: photo, ...(task === "caption" ? {} : { task }), ...fields } },
  }),
  openai: ({ model, prompt, preset }) => ({
    path: "/v1/chat/completions",
    body: {
      ...(model && { model }),
      ...(preset && { preset }),
      messages: [{ role: "user", content: [...(prompt ? [{ type: "text", text: prompt }] : []), { type: "image_url", image_url: { url: photo } }] }],
    },
  }),
  anthropic: ({ model, prompt }) => ({
    path: "/v1/messages",
    body: {
      model: model ?? defaultModel(),
      max_tokens: 200,
      messages: [{ role: "user", content: [{ type: "image", source: { type: "url", url: photo } }, ...(prompt ? [{ type: "text", text: prompt }] : [])] }],
    },
  }),
  ollama: ({ model, prompt }) => ({
    path: "/api/generate",
    body: { ...(model && { model }), ...(prompt && { prompt }), images: [photo], stream: false },
  }),
  photoprism: ({ model, prompt }) => ({
    path: "/api/v1/vision/caption",
    body: { images: [photo], ...(model && { model }), ...(prompt && { prompt }) },
  }),
  immich: () => ({
    path: "/predict",
    file: "image",
    form: { entries: JSON.stringify({ clip: { visual: { modelName: "ViT-B-32__openai" } } }) },
  }),
};

const indented = (value, spaces) => JSON.stringify(value, null, 2).replaceAll("\n", `\n${" ".repeat(spaces)}`);
const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const quoted = (text) => JSON.stringify(text); // a text in JavaScript, and in Python

const withJson = {
  curl: (url, body, key) =>
    [`curl ${url}`, "-H 'Content-Type: application/json'", ...(key ? [`-H 'Authorization: Bearer ${key}'`] : []), `-d ${shellQuoted(indented(body, 0))}`].join(
      " \\\n  ",
    ),
  js: (url, body, key) =>
    `const response = await fetch(${quoted(url)}, {
  method: "POST",
  headers: { "Content-Type": "application/json"${key && `, Authorization: "Bearer ${key}"`} },
  body: JSON.stringify(${indented(body, 2)}),
});
console.log(JSON.stringify(await response.json(), null, 2));`,
  // Of JSON only false is no Python; the texts keep theirs.
  python: (url, body, key) =>
    `import requests

body = ${indented(body, 0).replace(/^( *"\w+"): false/gm, "$1: False")}
response = requests.post(${quoted(url)}, json=body${key && `, headers={"Authorization": "Bearer ${key}"}`})
print(response.json())`,
};

const withForm = {
  curl: (url, name, form, key) =>
    [
      `curl ${url}`,
      ...(key ? [`-H 'Authorization: Bearer ${key}'`] : []),
      `-F '${name}=@${file}'`,
      ...Object.entries(form).map(([field, value]) => `--form-string ${shellQuoted(`${field}=${value}`)}`),
    ].join(" \\\n  "),
  js: (url, name, form, key) =>
    `import { openAsBlob } from "node:fs";

const form = new FormData();
form.append("${name}", await openAsBlob("${file}"), "${file}");
${Object.entries(form)
  .map(([field, value]) => `form.append(${quoted(field)}, ${quoted(value)});\n`)
  .join("")}const response = await fetch(${quoted(url)}, { method: "POST", body: form${key && `, headers: { Authorization: "Bearer ${key}" }`} });
console.log(JSON.stringify(await response.json(), null, 2));`,
  python: (url, name, form, key) =>
    `import requests

files = {"${name}": open("${file}", "rb")}
data = ${indented(form, 0)}
response = requests.post(${quoted(url)}, files=files, data=data${key && `, headers={"Authorization": "Bearer ${key}"}`})
print(response.json())`,
};

function snippet(dialect, tool, fields, key) {
  const { path, body, file: name, form } = dialects[dialect](fields);
  const url = location.origin + path;
  return body ? withJson[tool](url, body, key) : withForm[tool](url, name, form, key);
}
