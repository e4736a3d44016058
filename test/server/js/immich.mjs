// What Immich's server sends to its machine learning, from its source: FormData of Node itself, the picture as a Blob
// without a name. One line of JSON for one of ours, as conformance/clients.py has it.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

async function formOf({ entries, imagePath, text }) {
  const form = new FormData();
  form.append("entries", JSON.stringify(entries));
  if (imagePath) form.append("image", new Blob([new Uint8Array(await readFile(imagePath))]));
  else form.append("text", text);
  return form;
}

const operations = {
  async ping() {
    const response = await fetch(new URL("/ping", process.env.BASE_URL));
    return [response.ok, await response.text()];
  },
  async predict(payload) {
    const address = new URL("/predict", process.env.BASE_URL);
    const response = await fetch(address, { method: "POST", body: await formOf(payload) });
    if (!response.ok) throw new Error(`failed with status ${response.status}: ${await response.text()}`);
    return response.json();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [operation, argument] = JSON.parse(line);
  let answer;
  try {
    answer = { value: await operations[operation](argument) };
  } catch (error) {
    answer = { failure: String(error) };
  }
  console.log(JSON.stringify(answer));
}
