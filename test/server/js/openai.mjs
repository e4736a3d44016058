// OpenAI's own npm client behind the line protocol of conformance/clients.py.
import { createInterface } from "node:readline";

import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.BASE_URL + "/v1", apiKey: "none", maxRetries: 0 });

async function joined(stream, pieceOf) {
  let text = "";
  for await (const event of stream) text += pieceOf(event) ?? "";
  return text;
}

const operations = {
  chat: (request) => client.chat.completions.create(request),
  chatStream: async (request) =>
    joined(await client.chat.completions.create({ ...request, stream: true }), (chunk) => chunk.choices[0]?.delta?.content),
  chatFinal: (request) => client.chat.completions.stream(request).finalContent(),
  responses: async (request) => (await client.responses.create(request)).output_text,
  responsesStream: async (request) =>
    joined(await client.responses.create({ ...request, stream: true }), (event) => (event.type === "response.output_text.delta" ? event.delta : "")),
  responsesFinal: async (request) => (await client.responses.stream(request).finalResponse()).output_text,
  embeddings: async (request) => (await client.embeddings.create(request)).data[0].embedding,
  models: async () => (await client.models.list()).data.map((model) => model.id),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [operation, argument] = JSON.parse(line);
  let answer;
  try {
    answer = { value: await operations[operation](argument) };
  } catch (error) {
    answer = { failure: `${error.constructor.name} ${error.status} ${error.code} ${error.param}` };
  }
  console.log(JSON.stringify(answer));
}
