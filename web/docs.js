// Shows /openapi.json: every route by the program whose language it speaks, with the schemas it names.
"use strict";

function element(tag, text, ...children) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function schemaOf(content) {
  const [type, { schema }] = Object.entries(content ?? {})[0] ?? ["", {}];
  return schema?.$ref ? schema.$ref.split("/").pop() : type;
}

function shown(name, document_) {
  const schema = document_.components.schemas[name];
  if (!schema) return element("p", name || "no body");
  const text = element("pre", JSON.stringify(schema, null, 2));
  text.tabIndex = 0; // scrolled with the keyboard
  text.setAttribute("role", "group");
  text.setAttribute("aria-label", `Schema ${name}`);
  return text;
}

function route(path, method, operation, document_) {
  const request = schemaOf(operation.requestBody?.content);
  const answer = schemaOf(operation.responses["200"].content);
  const summary = element("summary", "", element("span", method.toUpperCase()), " ", element("span", path));
  summary.children[0].className = "method";
  summary.children[1].className = "path";
  const details = element("details", "", summary, element("p", operation.summary));
  if (operation.security.length) details.append(element("p", "Needs a key where the server has keys: Authorization: Bearer KEY"));
  if (request) details.append(element("h4", "Request"), shown(request, document_));
  details.append(element("h4", "Answer"), shown(answer, document_));
  return details;
}

async function show() {
  const document_ = await (await fetch("/openapi.json")).json();
  const groups = new Map();
  for (const [path, methods] of Object.entries(document_.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [tag] = operation.tags;
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(route(path, method, operation, document_));
    }
  }
  for (const [tag, routes] of groups) document.getElementById("routes").append(element("h3", tag), ...routes);
}

show();
