// One picture through a RunPod endpoint: submit, wait, and never leave a job running that nobody waits for.
import "server-only";
import { setTimeout as pause } from "node:timers/promises";
import { Problem, isRecord, problemOfJob } from "./problem";

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 30_000;
const FAILED_POLLS_MAX = 5;

export interface CaptionInput {
  data_url: string;
  prompt?: string;
}

export interface Caption {
  caption: string;
  seconds?: number;
}

/** Ends with a caption or throws a Problem. When the signal comes first, the job is cancelled. */
export async function describe(input: CaptionInput, signal: AbortSignal): Promise<Caption> {
  // The signal does not reach this request: broken off half-way, it might leave a job whose id nobody knows.
  const submitted = await call("run", { method: "POST", body: JSON.stringify({ input }) });
  if (typeof submitted.id !== "string") throw unexpectedAnswer();
  const id = encodeURIComponent(submitted.id);
  try {
    return captionOf(await finalState(id, signal));
  } catch (error) {
    if (signal.aborted) await call(`cancel/${id}`, { method: "POST" }).catch(() => undefined);
    throw error;
  }
}

async function finalState(id: string, signal: AbortSignal): Promise<Record<string, unknown>> {
  let failures = 0;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
    await pause(wait, undefined, { signal });
    try {
      const job = await call(`status/${id}`, { signal });
      if (job.status !== "IN_QUEUE" && job.status !== "IN_PROGRESS") return job;
      failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      // The job runs on while the platform stumbles, so some failed looks are nothing to give up for.
      if (!isPassing(error) || ++failures >= FAILED_POLLS_MAX) throw error;
    }
  }
}

function captionOf(job: Record<string, unknown>): Caption {
  if (job.status === "TIMED_OUT") throw timedOut();
  if (job.status === "CANCELLED") throw new Problem(502, "cancelled", "The job was cancelled. Try again.");
  if (job.status !== "COMPLETED") throw problemOfJob(job.error);
  if (!isRecord(job.output) || typeof job.output.caption !== "string") throw unexpectedAnswer();
  const seconds = job.output.processing_time;
  return { caption: job.output.caption, ...(typeof seconds === "number" && { seconds }) };
}

async function call(path: string, init: RequestInit): Promise<Record<string, unknown>> {
  const key = setting("RUNPOD_API_KEY");
  const base = process.env.RUNPOD_BASE_URL || "https://api.runpod.ai/v2";
  const url = `${base.replace(/\/+$/, "")}/${encodeURIComponent(setting("RUNPOD_ENDPOINT_ID"))}/${path}`;
  const limit = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      ...init,
      cache: "no-store",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      signal: init.signal ? AbortSignal.any([init.signal, limit]) : limit,
    });
    if (!response.ok) throw await refusal(response);
    const answer: unknown = await response.json();
    if (!isRecord(answer)) throw unexpectedAnswer();
    return answer;
  } catch (error) {
    if (error instanceof Problem) throw error;
    console.error(`${path.split("/")[0]}:`, error);
    throw new Problem(502, "platform_unreachable", "RunPod cannot be reached at the moment. Try again.");
  }
}

async function refusal(response: Response): Promise<Problem> {
  const { status } = response;
  console.error(`RunPod answered ${status}: ${(await response.text().catch(() => "")).slice(0, 300)}`);
  if (status === 401 || status === 403)
    return new Problem(502, "key_refused", "RunPod refuses this server's key: set RUNPOD_API_KEY to a valid one.");
  if (status === 404)
    return new Problem(502, "endpoint_not_found", "RunPod knows no such endpoint or job: check RUNPOD_ENDPOINT_ID.");
  if (status === 413) return tooLarge();
  if (status === 429) return new Problem(503, "rate_limited", "Too many pictures at once. Try again in a few seconds.");
  return status >= 500
    ? new Problem(502, "platform_error", "RunPod has a problem at the moment. Try again in a few seconds.")
    : new Problem(502, "platform_refused", "RunPod did not take the job.");
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Problem(500, "not_configured", `This server is not set up: ${name} is missing (see .env.example).`);
  return value;
}

function isPassing(error: unknown): boolean {
  return error instanceof Problem && ["platform_unreachable", "platform_error", "rate_limited"].includes(error.code);
}

function unexpectedAnswer(): Problem {
  return new Problem(502, "unexpected_answer", "The endpoint gave an answer that is no caption. Is it a Vignette endpoint?");
}

export function tooLarge(): Problem {
  return new Problem(413, "too_large", "The picture is too large: at most 7 MB can be sent.");
}

export function timedOut(): Problem {
  return new Problem(504, "too_slow", "No worker answered in time. The first one may still be starting: try again.");
}
