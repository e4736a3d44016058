// The npm client behind the line protocol of clients.py.
import { createInterface } from "node:readline";

console.log = console.error; // the SDK prints while it waits; stdout is ours
const { default: runpodSdk } = await import("runpod-sdk");
const { API_KEY, ENDPOINT, BASE_URL } = process.env;
const endpoint = runpodSdk(API_KEY, { baseUrl: BASE_URL }).endpoint(ENDPOINT);

async function outputs(jobId) {
  const all = [];
  for await (const item of endpoint.stream(jobId)) all.push(item.output);
  return all;
}

const operations = {
  run: (request) => endpoint.run(request),
  runsync: (request) => endpoint.runSync(request, 60000),
  status: (jobId) => endpoint.status(jobId),
  raw: (jobId) => endpoint.status(jobId),
  output: async (jobId) => (await endpoint.statusSync(jobId, 60000)).output,
  stream: outputs,
  cancel: (jobId) => endpoint.cancel(jobId),
  health: () => endpoint.health(),
  purge: () => endpoint.purgeQueue(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [operation, argument] = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await operations[operation](argument)) ?? null };
  } catch (failure) {
    answer = { failure: String(failure) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
